"""The town with known truth: a frozen generative model on which detectors are compared."""

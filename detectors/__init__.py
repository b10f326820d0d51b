"""How danger is seen: features, rule floors, the person model, area surveillance, explanation.

This room knows the schemas only. It reads no clock and draws no lots: what it says depends on what
it is given. A detector is one file, one line in `detectors.registry`, and passes one suite.
"""

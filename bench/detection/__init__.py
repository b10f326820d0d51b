"""Comparisons of detection: how much is found, how soon, at which price, beside the best peers."""

"""Measurements: how fast, how flat and how small, each beside what a peer needs for the same."""

"""Other ways of doing what the worker does, measured on the same broker with the same records.

Rules: every peer does the whole job (`bench.peers.job`) in a process of its own, and none is timed
by itself: the clock stops when the broker has its offsets, and its changelog is read and added up.
"""

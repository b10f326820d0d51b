"""The revisions, each a step of one transaction; their names begin with their number."""

"""Alembic's place: `env.py` runs the revisions in `versions/`, which are applied in order."""

"""Alembic steps of the paper store, oldest first; packaged, so that an installed wheel migrates."""

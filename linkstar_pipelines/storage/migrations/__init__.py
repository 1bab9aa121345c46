"""Versioned changes of the `ops` schema, run by Alembic at start. One file per change, never edited later."""

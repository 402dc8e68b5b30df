"""CORD-19 in, clean documents out: one file per concern."""

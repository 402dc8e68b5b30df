"""Detects a corpus's format and opens it."""

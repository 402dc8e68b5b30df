"""Reads CORD-19 releases, from whichever archive or directory they come in."""

"""Submits, releases, watches and ends steps."""

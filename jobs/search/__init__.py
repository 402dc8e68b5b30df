"""Searches an indexed corpus: by words, by meaning, or by both. Needs neither tensorflow nor torch."""

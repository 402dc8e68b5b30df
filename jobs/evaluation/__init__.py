"""Judges models: measures of ranking, paired tests, and the files that judgements come in. Pure."""

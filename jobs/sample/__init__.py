"""The built-in sample corpus: made-up papers in CORD-19's format."""

"""A trained model as others can load it."""

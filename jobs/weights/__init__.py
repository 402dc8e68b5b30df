"""A model's variables outside of this project: under which names, in which files, and whether all are there."""

"""What each step's state is, why, and what can be done about it."""

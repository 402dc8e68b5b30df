"""Runs an exported model without tensorflow and torch: plainly in numpy, and compiled."""

"""Decides which documents are fit to train on."""

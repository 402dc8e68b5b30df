"""Runs an exported model with numpy alone: no tensorflow, no torch."""

"""Reads a bucket with few requests: each listing once, and each object that never changes once per machine."""

"""Limits the size of a document: a larger one is quarantined unread."""

from __future__ import annotations

MAX_DOCUMENT_BYTES = 32 << 20
"""Limit for one parse file, or one document of the user's own; the largest in CORD-19 are a few MB.

A single emoji makes Python hold four bytes a character, and a step holds several copies: 30 MB of text with one
took 560 MiB (``signatures``, the most of the data steps), 58 MB took 1,024 MiB of the 2 GiB that a worker has.
"""

"""How much one document may ask of the machine: what exceeds this is quarantined unread."""

from __future__ import annotations

MAX_DOCUMENT_BYTES = 64 << 20
"""Of one parse file, or of one document of one's own; the largest in CORD-19 are a few MB."""

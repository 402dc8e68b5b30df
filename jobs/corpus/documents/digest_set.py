"""A set of texts that stores digests: membership is known, the texts are not kept."""

from __future__ import annotations

import hashlib


class DigestSet:
    """Takes 93 bytes per text, however long, where a set of file names takes 150.

    A digest has 16 bytes of BLAKE2b: two of a billion texts share one with a probability of 1 in 10^21.
    """

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._digests)

    def __contains__(self, text: str | bytes) -> bool:
        return _digest(text) in self._digests

    def add(self, text: str | bytes) -> bool:
        """Adds ``text``; returns whether it is new."""
        before = len(self._digests)
        self._digests.add(_digest(text))
        return len(self._digests) > before


def _digest(text: str | bytes) -> bytes:
    return hashlib.blake2b(text.encode() if isinstance(text, str) else text, digest_size=16).digest()

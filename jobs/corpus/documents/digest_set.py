"""What has been seen before, of millions of texts."""

from __future__ import annotations

import hashlib

_KEY = 16
_EMPTY = bytes(_KEY)


class Seen:
    """A set of texts that cannot tell them, in 24 to 48 bytes each however long they are: Python's own takes 90 to 150.

    A text is its 16 bytes of BLAKE2b: that any two of a billion share theirs has a chance of 1 in 10^21.
    """

    def __init__(self) -> None:
        self._slots = bytearray(_KEY << 10)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, text: str) -> bool:
        key = _key(text.encode())
        return self._at(key) is None

    def add(self, text: str | bytes) -> bool:
        """Whether it is new."""
        key = _key(text.encode() if isinstance(text, str) else text)
        at = self._at(key)
        if at is None:
            return False
        self._slots[at : at + _KEY] = key
        self._count += 1
        if 3 * _KEY * self._count > 2 * len(self._slots):
            self._grow()
        return True

    def _at(self, key: bytes) -> int | None:
        """Where ``key`` is to be put, in bytes: the next free slot from its own on; None where it is there already."""
        slots, size = self._slots, len(self._slots)
        at = _KEY * int.from_bytes(key[:8], "little") % size
        while (found := slots[at : at + _KEY]) != _EMPTY:
            if found == key:
                return None
            at = (at + _KEY) % size
        return at

    def _grow(self) -> None:
        full, self._slots = self._slots, bytearray(2 * len(self._slots))
        for start in range(0, len(full), _KEY):
            if (key := bytes(full[start : start + _KEY])) != _EMPTY:
                at = self._at(key)
                assert at is not None, "each is there once"
                self._slots[at : at + _KEY] = key


def _key(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_KEY).digest()

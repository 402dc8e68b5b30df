"""How much an archive may ask of the machine: what exceeds this is refused."""

from __future__ import annotations

from jobs.errors import ConfigurationError

MAX_EXPANSION = 100
"""Times that an archive may grow: CORD-19 packs its JSON to a quarter, a zip bomb to a thousandth."""
EXPANSION_SLACK = 256 << 20
"""Bytes that even the smallest archive may grow to."""


class Budget:
    """The bytes that one archive may unpack to, nested archives included."""

    def __init__(self, source: str, packed: int) -> None:
        self._source = source
        self._packed = packed
        self._left = EXPANSION_SLACK + MAX_EXPANSION * packed

    def spend(self, count: int) -> None:
        """Raises ``ConfigurationError`` when there is no more."""
        self._left -= count
        if self._left < 0:
            limit = EXPANSION_SLACK + MAX_EXPANSION * self._packed
            raise ConfigurationError(
                self._source,
                f"its {self._packed:,} bytes unpack to more than {limit:,}, as only a zip bomb would",
                "check where it comes from, or unpack it and give the directory",
            )

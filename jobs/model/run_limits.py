"""What a training run may take, in hours and in dollars, over all of its processes. Pure.

The hours come with the checkpoints: they hold through kills, retries and submissions, and when its Job is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

_HOUR = 3600


@dataclass(frozen=True)
class RunLimits:
    """The limits of one run. Without any it goes on to its end."""

    section: str = "schedule"
    """The section of the recipe that has the fields, for messages."""
    max_hours: float | None = None
    max_dollars: float | None = None
    dollars_per_hour: float | None = None
    """Price of the container's hour. Without it ``max_dollars`` limits nothing."""

    def reached(self, seconds: float) -> tuple[str, str] | None:
        """The field of the first limit that a run of ``seconds`` has reached, and how; None while it may go on."""
        hours = seconds / _HOUR
        if self.max_hours is not None and hours >= self.max_hours:
            return self._of("max_hours", f"{self.max_hours:g} is reached: it has trained for {hours:.4g} h")
        if self.max_dollars is None or self.dollars_per_hour is None:
            return None
        dollars = hours * self.dollars_per_hour
        if dollars < self.max_dollars:
            return None
        cost = f"it has cost ${dollars:,.2f}, {hours:.4g} h at ${self.dollars_per_hour:,.2f}"
        return self._of("max_dollars", f"{self.max_dollars:g} is reached: {cost}")

    def _of(self, field: str, how: str) -> tuple[str, str]:
        name = f"{self.section}.{field}"
        return name, f"{name} {how}"

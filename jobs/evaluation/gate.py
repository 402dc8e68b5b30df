"""Gates: a measure that must reach a value, as ``tuned.mrr>=0.3``. Pure; commands that judge and publish share them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from jobs.errors import ConfigurationError, CovidCtlError

_FORM = re.compile(r"([a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*)>=(-?(?:\d+(?:\.\d*)?|\.\d+))")
EXAMPLE = "tuned.mrr>=0.3"


class MissedGateError(CovidCtlError):
    """A measure is below what was asked for."""

    cli_exit_code = 1


@dataclass(frozen=True)
class Gate:
    """One measure, by its dotted name, and the least that it must be."""

    measure: str
    least: float

    @classmethod
    def parse(cls, text: str, example: str = EXAMPLE) -> Gate:
        """Raises ``ConfigurationError`` for text of another form."""
        found = _FORM.fullmatch(text.replace(" ", ""))
        if not found:
            raise ConfigurationError(f"--gate {text}", "not of the form MEASURE>=VALUE", f"--gate '{example}'")
        return cls(found[1], float(found[2]))

    def check(self, measures: Mapping[str, float], of: str) -> None:
        """Raises ``MissedGateError`` when the measure of ``of`` is too low or not a number, ``ConfigurationError``
        where there is no such measure."""
        if self.measure not in measures:
            near = get_close_matches(self.measure, measures, 3, 0.4) or sorted(measures)[:6]
            near.sort(key=lambda measure: not measure.startswith("tuned."))  # what a gate is there to judge
            reason = f"it has no measure {self.measure}; it has {', '.join(near)}, for example"
            raise ConfigurationError(of, reason, f"--gate '{near[0] if near else EXAMPLE}>={self.least:g}'")
        value = measures[self.measure]
        if not value >= self.least:
            raise MissedGateError(of, f"{self.measure} is {value:.3f}, below {self.least:g}")


def check_gates(gates: Iterable[Gate], measures: Mapping[str, float], of: str) -> None:
    """Raises what ``Gate.check`` raises, for the first gate that is missed."""
    for gate in gates:
        gate.check(measures, of)


def flattened(measures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number in nested mappings, by its dotted name; truth values and lists are no measures."""
    for name, value in measures.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{name}", float(value)

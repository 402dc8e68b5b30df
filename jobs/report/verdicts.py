"""What a report's numbers mean: each with a threshold, and whether it is met. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """One number and what is expected of it."""

    subject: str
    value: float
    limit: float
    at_most: bool
    """Whether the limit is the largest value that is expected, not the smallest."""
    is_share: bool
    advice: str
    """Where to look if it is missed."""

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    @property
    def shown(self) -> str:
        return self._number(self.value)

    @property
    def expected(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self._number(self.limit)}"

    def _number(self, value: float) -> str:
        if self.is_share:
            return f"{100 * value:.3g}%"
        return f"{value:,.0f}" if value == int(value) else f"{value:.2f}"


def verdicts(report: Mapping[str, Any]) -> list[Verdict]:
    """Those that the report has numbers for. The limits are what CORD-19 and its published vocabularies keep well."""
    documents, pieces, repeats = report["documents"], report["pieces"], report["repeats"]
    residual, full = report["residual_markers"], report["full_texts"]
    examples, longest = report["lengths"]["pieces_per_example"], report["settings"]["preprocess"]["max_seq_length"]
    before, after = (sum(residual[key].values()) for key in ("before", "after"))
    positions = sum(examples["counts"]) * longest
    found = [
        _least("documents kept", documents["kept"], documents["read"], 0.5, "see why documents were dropped"),
        _most("documents quarantined", documents["quarantined"], documents["read"], 0.01, "see the quarantined rows"),
        Verdict(
            "held-out documents", documents["held_out"], 200, False, False,
            "raise corpus.validation_share: so few cannot resolve a small difference between two models",
        ),
        _most("near-duplicates", report["near_duplicates"]["dropped"], documents["read"], 0.1, "see the pairs"),
        _most("unknown pieces", pieces["unknown"], pieces["all"], 0.005, "see the unknown words; learn or extend a "
              "vocabulary"),
        Verdict(
            "pieces per word", pieces["all"] / max(pieces["words"], 1), 1.6, True, False,
            "learn or extend a vocabulary: this one cuts many words of the corpus into pieces",
        ),
        _most("repeated sentences", repeats["repeated"], repeats["sentences"], 0.05, "see the most repeated ones"),
        _most("boilerplate that remains", after, before, 0.05, "see what remains; report its form"),
        _most("padding", positions - examples["total"], positions, 0.3, "lower examples.max_seq_length"),
    ]  # fmt: skip
    if full:
        found.append(
            _least("full texts found", full["found"], full["promised"], 0.95, "is the corpus's directory complete?")
        )
    return found


def _most(subject: str, part: int, whole: int, limit: float, advice: str) -> Verdict:
    return Verdict(subject, part / max(whole, 1), limit, True, True, advice)


def _least(subject: str, part: int, whole: int, limit: float, advice: str) -> Verdict:
    return Verdict(subject, part / whole if whole else 1.0, limit, False, True, advice)

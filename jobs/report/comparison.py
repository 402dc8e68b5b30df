"""Two reports of one kind, number by number. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jobs.report.histogram import Histogram
from jobs.report.overview import funnel_steps
from jobs.report.verdicts import verdicts

Report = Mapping[str, Any]
Form = Literal["count", "share", "figure"]


@dataclass(frozen=True)
class Row:
    """One number of both reports; None where a report has no such number."""

    name: str
    ours: float | None
    theirs: float | None
    form: Form

    @property
    def differs(self) -> bool:
        return self.ours != self.theirs

    def cells(self) -> tuple[str, str, str, str]:
        """Name, both numbers and the difference, ours less theirs: of shares in percentage points."""
        return self.name, self._shown(self.ours), self._shown(self.theirs), self._difference()

    def _shown(self, value: float | None) -> str:
        if value is None:
            return "-"
        return {"count": f"{value:,.0f}", "share": f"{100 * value:.3g}%", "figure": f"{value:.3f}"}[self.form]

    def _difference(self) -> str:
        if self.ours is None or self.theirs is None or not self.differs:
            return ""
        change = self.ours - self.theirs
        return {"count": f"{change:+,.0f}", "share": f"{100 * change:+.2g} points", "figure": f"{change:+.3f}"}[
            self.form
        ]


@dataclass(frozen=True)
class Section:
    title: str
    rows: list[Row]


@dataclass(frozen=True)
class Comparison:
    """What ``ours`` and ``theirs``, the names of two steps, have in numbers."""

    ours: str
    theirs: str
    sections: list[Section]
    settings: list[tuple[str, str, str]]
    """Settings and inputs that differ, with both values as JSON has them; absent ones are ``-``."""

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.ours,
            "against": self.theirs,
            "numbers": {
                section.title: {row.name: {"ours": row.ours, "theirs": row.theirs} for row in section.rows}
                for section in self.sections
            },
            "differing_settings": {name: {"ours": ours, "theirs": theirs} for name, ours, theirs in self.settings},
        }


def compared(ours: Report, theirs: Report) -> Comparison:
    """Two results of ``jobs.steps.reporting.contents``, or two of ``jobs.steps.evaluate``.

    Raises ``ValueError`` for one of each.
    """
    if ("measures" in ours) != ("measures" in theirs):
        raise ValueError("one is of an evaluation, the other of preprocessing")
    numbers_of = _evaluation if "measures" in ours else _preprocessing
    left, right = numbers_of(ours), numbers_of(theirs)
    sections = [
        Section(title, list(_rows(left.get(title, {}), right.get(title, {}))))
        for title in dict.fromkeys([*left, *right])
    ]
    return Comparison(ours["step"], theirs["step"], sections, list(_differing(_made_from(ours), _made_from(theirs))))


Numbers = dict[str, tuple[float, Form]]


def _rows(left: Numbers, right: Numbers) -> Iterator[Row]:
    for name in dict.fromkeys([*left, *right]):
        value, form = left.get(name) or right[name]
        yield Row(name, value if name in left else None, right[name][0] if name in right else None, form)


def _preprocessing(report: Report) -> dict[str, Numbers]:
    lengths = {name: Histogram.from_json(data).mean for name, data in report["lengths"].items()}
    return {
        "From the release to the training set": _counts(funnel_steps(report)),
        "Documents dropped": _counts(report["documents"]["dropped"]),
        "Full text": _counts(report["parses"]),
        "What verdicts rest on": {
            found.subject: (found.value, "share" if found.is_share else "figure") for found in verdicts(report)
        },
        "Paragraphs changed": _shares(report["paragraphs"]["changed"], report["paragraphs"]["read"]),
        "Sentences taken out": _shares(report["sentences"]["by_rule"], report["sentences"]["read"]),
        "Mean lengths": {name.replace("_", " "): (mean, "figure") for name, mean in lengths.items()},
        "Examples and pieces": _counts(
            {
                "training examples": report["examples"]["train"],
                "held-out examples": report["examples"]["validation"],
                "pieces": report["pieces"]["all"],
                "vocabulary": report["vocabulary_size"],
            }
        ),
        "Languages": _counts(report["languages"]),
        "Years": _counts(report["years"]),
    }


def _evaluation(report: Report) -> dict[str, Numbers]:
    return {
        "Measures": {name: (value, "figure") for name, value in report["measures"].items()},
        "Judged on": _counts({"held-out papers": report["retrieval"]["queries"]}),
    }


def _counts(counts: Mapping[str, int]) -> Numbers:
    return {name or "not given": (count, "count") for name, count in counts.items()}


def _shares(counts: Mapping[str, int], whole: int) -> Numbers:
    return {name: (count / max(whole, 1), "share") for name, count in counts.items()}


def _made_from(report: Report) -> dict[str, object]:
    """Inputs, settings and versions by dotted names."""
    found: dict[str, object] = {}
    for part in ("inputs", "settings", "versions", "lineage", "files"):
        for name, value in report.get(part, {}).items():
            nested = value.items() if isinstance(value, Mapping) else [("", value)]
            found |= {".".join(filter(None, (part, name, key))): setting for key, setting in nested}
    return found


def _differing(ours: Mapping[str, object], theirs: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys([*ours, *theirs]):
        if ours.get(name) != theirs.get(name):
            yield name, _written(ours.get(name)), _written(theirs.get(name))


def _written(value: object) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

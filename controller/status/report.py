"""Finds the report that a step left, and brings its page here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass as record

from controller.kinds.registry import KINDS
from controller.ledger.events import Ledger
from controller.ledger.label import label_of
from controller.planning.existing import newest_with_report, reported_kinds
from controller.planning.of_recipe import step_or_newest
from jobs.artifact import Artifact
from jobs.errors import ConfigurationError, PreflightError
from jobs.json_text import from_json
from jobs.layout import REPORT, REPORT_PAGE
from jobs.spec import Kind
from jobs.store import Store
from jobs.validation import RECORD, parsed


@record(frozen=True, config=RECORD)
class _Summary:
    """What of a report this version shows itself."""

    summary: list[str]


@dataclass(frozen=True)
class FoundReport:
    artifact: Artifact
    label: str
    """What people call the step; empty if nobody gave it a label."""
    contents: dict[str, Any]

    @property
    def step(self) -> str:
        return self.artifact.name

    @property
    def page(self) -> str:
        """Where the page lies: a path, or gs://..."""
        return f"{self.artifact.store.location.rstrip('/')}/{self.artifact.path(REPORT_PAGE)}"


def find_report(store: Store, name: str | None) -> FoundReport:
    """The report of the step ``name``, or of the newest complete step of the kind ``name``, by default ``preprocess``.

    Raises ``ConfigurationError`` for a step that has none, ``InputNotCompleteError`` for one that is not complete,
    ``PreflightError`` when there is no such step at all.
    """
    kinds = [kind for kind in reported_kinds() if name in (None, kind)][:1]
    if kinds:
        name = newest_with_report(store, kinds)
    if name is None:
        raise PreflightError(
            store.location, f"no {kinds[0]} step is complete there", f"covid-ctl submit {KINDS[kinds[0]].command} ..."
        )
    artifact = Artifact.open(store, name)
    if not KINDS[artifact.spec.kind].leaves_report:
        raise ConfigurationError(name, f"{artifact.spec.kind} leaves no report, preprocess does", "covid-ctl report")
    written = artifact.require().find(REPORT)
    if written is None:
        reason = "it was made by a version of covid-ctl that left no report"
        raise ConfigurationError(name, reason, "covid-ctl submit preprocess")
    contents = artifact.read(written)
    try:
        parsed(_Summary, contents)
    except ValueError as error:
        raise store.damaged(artifact.path(REPORT), str(error)) from error
    return FoundReport(artifact, label_of(Ledger(store).events(name)), from_json(contents))


def second_report(store: Store, word: str, kind: Kind) -> tuple[str, str]:
    """What ``find_report`` takes for a report of ``kind``, and what to tell of the choice. ``word`` may be a recipe."""
    return (word, "") if word in reported_kinds() else step_or_newest(store, "--against", word, [kind])


def page_of(report: FoundReport) -> bytes:
    """Raises ``StoreError`` when the page is gone."""
    return report.artifact.read(report.artifact.require().output(REPORT_PAGE))


def save_page(page: bytes, target: str) -> str:
    """Writes the page to a file, and returns its name. Raises ``ConfigurationError`` when that cannot be written."""
    try:
        Path(target).expanduser().write_bytes(page)
    except OSError as error:
        raise ConfigurationError(target, f"cannot be written ({error.strerror})", "give another --html FILE") from error
    return target

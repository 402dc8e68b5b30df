"""Finds the report that preprocessing left, and brings its page here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.planning.inputs import newest_preprocessing
from jobs.artifact import Artifact
from jobs.errors import ConfigurationError, PreflightError
from jobs.spec import Kind
from jobs.store import Store

CONTENTS, PAGE = "report.json", "report.html"


@dataclass(frozen=True)
class FoundReport:
    artifact: Artifact
    contents: dict[str, Any]

    @property
    def step(self) -> str:
        return self.artifact.name

    @property
    def page(self) -> str:
        """Where the page lies: a path, or gs://..."""
        return f"{self.artifact.store.location.rstrip('/')}/{self.artifact.path(PAGE)}"


def find_report(store: Store, name: str | None) -> FoundReport:
    """The report of the step ``name``, or of the newest complete preprocess step.

    Raises ``ConfigurationError`` for a step that has none, ``InputNotCompleteError`` for one that is not complete,
    ``PreflightError`` when there is no such step at all.
    """
    name = name or newest_preprocessing(store)
    if name is None:
        raise PreflightError(store.location, "no preprocess step is complete there", "covid-ctl submit preprocess")
    artifact = Artifact.open(store, name)
    if artifact.spec.kind != Kind.PREPROCESS:
        raise ConfigurationError(name, f"{artifact.spec.kind} leaves no report, preprocess does", "covid-ctl report")
    if not any(output.path == CONTENTS for output in artifact.require().outputs):
        reason = "it was made by a version of covid-ctl that left no report"
        raise ConfigurationError(name, reason, "covid-ctl submit preprocess")
    contents = store.find_json(artifact.path(CONTENTS))
    summary = contents.get("summary") if isinstance(contents, dict) else None
    if not (isinstance(summary, list) and all(isinstance(line, str) for line in summary)):
        store.damaged(artifact.path(CONTENTS), "not what preprocess writes")
    return FoundReport(artifact, contents)


def save_page(report: FoundReport, target: str) -> None:
    """Copies the page to a file.

    Raises ``ConfigurationError`` when that cannot be written, ``StoreError`` when the page is gone.
    """
    store, path = report.artifact.store, report.artifact.path(PAGE)
    data = store.find(path)
    if data is None:
        store.damaged(path, "preprocess wrote it, but it is gone")
    try:
        Path(target).expanduser().write_bytes(data)
    except OSError as error:
        raise ConfigurationError(target, f"cannot be written ({error.strerror})", "give another --html FILE") from error

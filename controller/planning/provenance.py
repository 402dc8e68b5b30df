"""Where steps come from: the corpus behind each, when a finished one was made and by whom."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.kinds.declaration import CORPUS
from controller.kinds.registry import KINDS
from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.lineage import steps_read
from controller.planning.plan import Step
from jobs.artifact import Artifact
from jobs.sample.sample import SAMPLE
from jobs.store import Store

_UNKNOWN = "a corpus of fingerprint"


@dataclass(frozen=True)
class Provenance:
    corpus: str
    """Where it lay; what is known where nobody noted it."""
    is_located: bool
    """Whether that is a place, which ``--corpus`` takes."""
    at: float
    """When it was finished; of one under way, when it was submitted. In seconds since the epoch."""
    by: str
    """``ann on laptop``; empty where nobody noted it."""

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.at).astimezone().strftime("%Y-%m-%d %H:%M")
        made = f"made of {corpus_text(self.corpus)}, {when}" if self.corpus else f"made {when}"
        return f"{made} by {self.by}" if self.by else made


def is_made_up(fingerprint: str) -> bool:
    """Whether it is the fingerprint of a built-in sample corpus, of any version."""
    return fingerprint.startswith(f"{SAMPLE}-")


def corpus_text(location: str) -> str:
    """A corpus as people are told of it."""
    return "the built-in sample of made-up papers" if location == SAMPLE else location


class Origins:
    """Looks up where the steps of a bucket come from, and planned ones that are not there yet."""

    def __init__(self, store: Store, planned: Iterable[Step] = ()) -> None:
        self._store = store
        self._planned = {step.name: step for step in planned}

    def of(self, name: str, at: float) -> Provenance:
        """The provenance of a step that was finished, or submitted, at that time."""
        corpus, by = self.corpus(name), submitted_by(Ledger(self._store).events(name))
        return Provenance(corpus, not corpus.startswith(_UNKNOWN), at, by)

    def corpus(self, name: str) -> str:
        """Where the corpus lay that the step was made of, through whatever it reads; empty for a step of none."""
        step = self._planned.get(name)
        spec = step.spec if step else Artifact.open(self._store, name).spec
        if CORPUS in KINDS[spec.kind].inputs:
            told = [step.arguments] if step else _told(Ledger(self._store).events(name))
            return _location(told, spec.inputs[CORPUS.name])
        return next(filter(None, map(self.corpus, steps_read(spec))), "")


def submitted_by(events: Sequence[Event]) -> str:
    """Who submitted a step last, as far as it was noted."""
    return next((event.by for event in reversed(events) if event.type is EventType.SUBMITTED and event.by), "")


def _told(events: Sequence[Event]) -> list[tuple[str, ...]]:
    """What the containers were told at each submission, the last first; before that was noted, the commands."""
    submissions = [event for event in reversed(events) if event.type is EventType.SUBMITTED]
    return [event.arguments or _words(event.detail) for event in submissions]


def _location(told: Iterable[tuple[str, ...]], fingerprint: str) -> str:
    if is_made_up(fingerprint):
        return SAMPLE
    option = f"--{CORPUS.name}"
    for words in told:
        if option in words[:-1]:
            return words[words.index(option) + 1]
    return f"{_UNKNOWN} {fingerprint[:12]}"


def _words(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return ()

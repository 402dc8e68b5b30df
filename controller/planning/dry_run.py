"""What a submission would do: its steps, and how even their shards will be. Writes nothing to the bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controller.kinds.registry import KINDS
from controller.planning.provenance import Origins
from controller.planning.request import Request
from jobs.corpus.documents.balance import Spread


@dataclass(frozen=True)
class PlannedStep:
    name: str
    shards: int
    complete: bool
    corpus: str
    """Where the corpus lies, or lay, that it is made of."""
    label: str = ""


@dataclass(frozen=True)
class DryRun:
    steps: Sequence[PlannedStep]
    spread: Spread | None
    """How documents are spread over shards; None if no corpus is read, or it does not list its documents' sizes."""
    note: str
    """Why there is no ``spread``."""
    notes: Sequence[str] = ()
    """What was chosen for the user."""

    def to_json(self) -> dict[str, Any]:
        spread = self.spread and {**vars(self.spread), "unevenness": round(self.spread.unevenness, 4)}
        return {
            "steps": [vars(step) for step in self.steps],
            "spread": spread,
            "note": self.note,
            "notes": list(self.notes),
        }


def dry_run(request: Request) -> DryRun:
    """Raises what ``submit`` would raise before anything runs."""
    steps = request.labelled(request.steps_to_submit())
    corpus = Origins(request.store, steps).corpus
    planned = [
        PlannedStep(step.name, step.spec.shards, request.is_complete(step), corpus(step.name), step.label)
        for step in steps
    ]
    spread, note = None, ""
    for step in steps:
        # The step that fills the shards is the one that reads the corpus.
        if setting := KINDS[step.spec.kind].shard_setting:
            # All that reads corpora, which most submissions do not.
            from controller.planning.corpus_size import spread_of

            spread = spread_of(step.arguments[1], step.spec.settings[setting])
            note = "" if spread else "nothing lists its documents' sizes: ingest fills shards evenly as it reads"
    return DryRun(planned, spread, note, tuple(request.notes))

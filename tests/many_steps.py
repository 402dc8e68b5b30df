"""A bucket with any number of steps, made in memory by the real code and then put behind a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from obstore.store import MemoryStore

from controller.ledger.events import Event, EventType, Ledger
from controller.planning.plan import Step
from jobs.artifact import Artifact
from jobs.layout import REPORT, LogName
from jobs.patience import WORKING
from jobs.progress import Heartbeat
from jobs.recipe import load_recipe
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import planned

BEGAN = 1_700_000_000.0
SPACING = 600.0
"""Seconds between two submissions."""
SHARDS = 2


class MemoryBucket(Store):
    """A store without a server."""

    def __init__(self) -> None:
        self.location = "memory"
        self._patience = WORKING
        self._remote, self._directory, self._store = True, None, MemoryStore()

    def settle(self, paths: Iterable[str]) -> None:
        """Nothing outlives the process anyway."""

    @property
    def hasty(self) -> Store:
        return self

    def contents(self) -> Mapping[str, bytes]:
        return {info.path: self.get(info.path) for info in self.objects()}


def chains() -> Iterator[Step]:
    """All steps of recipe tiny up to an exported model, again and again under other names."""
    number = 0
    recipe = load_recipe("tiny")
    while True:
        yield from planned(Kind.EXPORT, recipe=recipe, salt=f"chain-{number}", shards=SHARDS)
        number += 1


def fill(store: Store, count: int, *, now: float, under_way: int = 2) -> list[Step]:
    """Submit ``count`` steps, of which all but the last ``under_way`` are complete."""
    steps = [step for step, _ in zip(chains(), range(count), strict=False)]
    for number, step in enumerate(steps):
        at = now - SPACING * (count - number)
        artifact, ledger = Artifact(store, step.spec), Ledger(store)
        artifact.submit()
        command = f"covid-ctl submit {step.spec.kind}"
        ledger.extend(
            step.name, 0, Event(EventType.SUBMITTED, at, command, by="ann on laptop", arguments=step.arguments)
        )
        ledger.extend(step.name, 1, Event(EventType.STARTED, at + 1))
        for shard in range(step.spec.shards):
            store.put(LogName(shard, 0).path(step.name), b'{"event": "shard.begun"}\n')
            Heartbeat(store, step.name, shard, unit="documents", clock=lambda: now - 1).beat(5, 10)
            if number < count - under_way:
                outputs = [artifact.write(f"documents/{shard:05d}.jsonl", b"{}\n")]
                if step.spec.kind is Kind.PREPROCESS and not shard:
                    outputs.append(artifact.write(REPORT, b'{"summary": ["Documents: 2"]}'))
                artifact.commit(shard, outputs, seconds=3.0)
        if number < count - under_way:
            assert artifact.finish()
            ledger.extend(step.name, 2, Event(EventType.SUCCEEDED, at + 60))
    return steps

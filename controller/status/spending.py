"""Adds up what a submitted step has taken in time and money, beside what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.bucket.cached_store import READERS
from controller.costs.estimate import compute_hours
from controller.kinds.registry import KINDS, pool_of
from controller.ledger.events import EventType, Ledger
from controller.profiles.pod_price import cores_of, pod_price
from controller.profiles.profile import Profile
from jobs.artifact import Artifact
from jobs.errors import CovidCtlError
from jobs.parallel import in_parallel
from jobs.progress import read_heartbeats
from jobs.ranges import HOUR, Range
from jobs.store import Store

_SAMPLED_RECORDS = 100
"""Shard records that are read of a step under way: each is a request to the bucket."""


@dataclass(frozen=True)
class Spending:
    hours: float
    """Total of its containers. Excludes the work that was lost when a container died."""
    dollars: float | None
    """None if no price is known."""
    expected_hours: Range | None
    """For training only: the texts of other steps are not read again."""
    expected_dollars: Range | None


def spending(store: Store, names: Sequence[str], profile: Profile) -> dict[str, Spending]:
    """Spending by step at the profile's prices, for the steps that can be read."""

    def of(name: str) -> Spending | None:
        try:
            return _of_step(Artifact.open(store, name), profile)
        except CovidCtlError:
            return None  # status says what is wrong with it

    return {name: spent for name, spent in zip(names, in_parallel(of, names, READERS), strict=True) if spent}


def _of_step(artifact: Artifact, profile: Profile) -> Spending:
    kind = artifact.spec.kind
    pool = pool_of(kind, profile)
    price = pod_price(pool, profile)
    hours = container_seconds(artifact) / HOUR
    flops = KINDS[kind].flops_of(artifact.spec)
    expected = compute_hours(flops, pool, cores_of(pool, profile)) if flops else None
    return Spending(
        hours=hours,
        dollars=hours * price.dollars_per_hour if price else None,
        expected_hours=expected,
        expected_dollars=expected * price.dollars_per_hour if expected and price else None,
    )


def container_seconds(artifact: Artifact) -> float:
    """What committed shards say they took (of many, those of a sample), and of those at work the time from the last
    start to their last word."""
    manifest = artifact.manifest()
    if manifest:
        return manifest.seconds
    done = artifact.shards_done()
    sample = done[:: len(done) // _SAMPLED_RECORDS + 1]
    taken = [record.seconds for shard in sample if (record := artifact.record(shard))]
    committed = sum(taken) / len(taken) * len(done) if taken else 0.0
    started = [event.at for event in Ledger(artifact.store).events(artifact.name) if event.type is EventType.STARTED]
    since = max(started, default=float("inf"))
    beats = read_heartbeats(artifact.store, artifact.name)
    at_work = (max(0.0, beat.at - since) for shard, beat in beats.items() if shard not in done)
    return committed + sum(at_work)

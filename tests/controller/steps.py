"""Steps for tests of what happens to them, planned as a command would, and a profile of a cluster to happen in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.kinds.declaration import FromFile, FromOutside, FromStep, OptionalFile
from controller.planning.plan import Order, Source, Step, plan
from controller.profiles.profile import LOCAL, Images, Profile
from jobs.artifact import Artifact, Manifest
from jobs.recipe import Recipe, load_recipe
from jobs.spec import Kind, Spec
from jobs.store import Store

COMMAND = "covid-ctl submit preprocess"
SAMPLE = Source("sample", "1")
CHECKPOINT = Source("/here", "f00d")


@dataclass(frozen=True)
class Given:
    """A plan's inputs, all known beforehand."""

    corpus: Source = SAMPLE
    checkpoint: Source = CHECKPOINT
    values: Mapping[str, str] = field(default_factory=dict)
    """What is taken in place of a step, by the input's name."""
    finished: Manifest | None = None
    """The pretraining that is extended."""

    def outside(self, need: FromOutside) -> Source | None:
        return {"corpus": self.corpus, "checkpoint": self.checkpoint}.get(need.name)

    def files(self, need: OptionalFile) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def spec(self, name: str) -> Spec:
        raise KeyError(name)

    def file(self, need: FromFile) -> str:
        return self.values[need.name]

    def instead(self, need: FromStep) -> str | None:
        return self.values.get(need.name)

    def extended(self, kind: Kind) -> Manifest | None:
        return self.finished if kind is Kind.PRETRAIN else None

    def known(self, spec: Spec) -> Spec:
        return spec


def planned(
    *targets: Kind,
    recipe: Recipe | None = None,
    given: Given | None = None,
    shards: int = 2,
    salt: str = "",
    command: str = COMMAND,
) -> list[Step]:
    """The steps that lead to the targets, or to ``preprocess``."""
    order = Order(command=lambda _: command, salt=lambda _: salt, shards=shards)
    return plan(targets or [Kind.PREPROCESS], recipe or load_recipe("tiny"), given or Given(), order)


def steps(shards: int = 2) -> list[Step]:
    """Ingest, signatures, vocabulary, preprocess: each waits for those before it."""
    return planned(shards=shards)


def profile(bucket: str, **fields: Any) -> Profile:
    images = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1", tags_allowed=True)
    return Profile(name="test", bucket=bucket, images=images, namespace="default", **fields)


def local_profile(bucket: str) -> Profile:
    return profile(bucket).model_copy(update={"name": LOCAL})


def complete(store: Store, step: Step) -> None:
    """As its containers would."""
    artifact = Artifact(store, step.spec)
    artifact.submit()
    for shard in range(step.spec.shards):
        artifact.commit(shard, [])
    assert artifact.finish()

"""Small steps for tests of what happens to them, and a profile of a cluster to happen in."""

from __future__ import annotations

from controller.planning.plan import Corpus, Step, plan_preprocess
from controller.profiles.profile import Images, Profile
from jobs.artifact import Artifact
from jobs.recipe import load_recipe
from jobs.store import Store

COMMAND = "covid-ctl submit preprocess"


def steps(shards: int = 2) -> list[Step]:
    """Ingest, signatures, vocabulary, preprocess: each waits for those before it."""
    return plan_preprocess(load_recipe("tiny"), Corpus("sample", "1"), None, shards=shards, salt="", command=COMMAND)


def profile(bucket: str, **fields: object) -> Profile:
    images = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1", tags_allowed=True)
    return Profile(name="test", bucket=bucket, images=images, namespace="default", **fields)  # type: ignore[arg-type]


def complete(store: Store, step: Step) -> None:
    """As its containers would."""
    artifact = Artifact(store, step.spec)
    artifact.submit()
    for shard in range(step.spec.shards):
        artifact.commit(shard, [])
    assert artifact.finish()

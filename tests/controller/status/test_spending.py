"""What steps have taken and cost so far, by what the bucket says."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.cli.live import COST_SECONDS, Costs
from controller.cli.tables import as_lines, status_table
from controller.ledger.events import Event, EventType, Ledger
from controller.profiles.pool import Pool
from controller.profiles.profile import Images, Profile
from controller.status.derive import State
from controller.status.spending import spending
from controller.status.step_status import observe
from jobs.artifact import Artifact
from jobs.progress import Heartbeat
from jobs.recipe import load_recipe
from jobs.spec import Kind, Spec
from jobs.store import Store

PROFILE = Profile(
    name="gke",
    bucket="gs://papers",
    zone="us-central1-a",
    images=Images(worker="w", trainer="t", exporter="e"),
    workers=Pool(cpu="1", memory="2Gi", dollars_per_hour=0.5),
    trainer=Pool(cpu="90", memory="300Gi", tpu="v3-8"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def submitted(store: Store, spec: Spec, *, started: float) -> Artifact:
    artifact = Artifact(store, spec)
    artifact.submit()
    Ledger(store).append(spec.name, Event(EventType.STARTED, started))
    return artifact


def test_committed_shards_count_with_their_seconds_and_those_at_work_until_their_last_word(store: Store) -> None:
    artifact = submitted(store, Spec(Kind.PREPROCESS, settings={}, shards=3), started=1000.0)
    artifact.commit(0, [], seconds=3600.0)
    Heartbeat(store, artifact.name, 1, unit="documents", clock=lambda: 2800.0).beat(1, 10)
    spent = spending(store, [artifact.name], PROFILE)[artifact.name]
    assert spent.hours == 1.5
    assert spent.dollars == 0.75
    assert spent.expected_hours is None


def test_many_shards_are_told_from_a_sample(store: Store) -> None:
    artifact = submitted(store, Spec(Kind.PREPROCESS, settings={}, shards=251), started=1000.0)
    for shard in range(250):
        artifact.commit(shard, [], seconds=36.0)
    assert spending(store, [artifact.name], PROFILE)[artifact.name].hours == pytest.approx(2.5)


def test_a_complete_step_has_what_its_manifest_says(store: Store) -> None:
    artifact = submitted(store, Spec(Kind.PREPROCESS, settings={}, shards=1), started=1000.0)
    artifact.commit(0, [], seconds=7200.0)
    artifact.finish()
    assert spending(store, [artifact.name], PROFILE)[artifact.name].dollars == 1.0


def test_training_is_set_beside_what_was_to_be_expected(store: Store) -> None:
    recipe = load_recipe("bio")
    settings = {
        "architecture": recipe.architecture.model_dump(),
        "schedule": recipe.schedule.model_dump(),
        "max_seq_length": 128,
        "max_predictions_per_seq": 20,
        "vocabulary_size": recipe.vocabulary.size,
    }
    artifact = submitted(store, Spec(Kind.PRETRAIN, recipe="bio", settings=settings), started=0.0)
    Heartbeat(store, artifact.name, 0, unit="steps", clock=lambda: 36_000.0).beat(1, 10)
    spent = spending(store, [artifact.name], PROFILE)[artifact.name]
    assert spent.dollars == 80.0
    assert spent.expected_hours
    assert spent.expected_dollars
    assert (round(spent.expected_hours.low), round(spent.expected_hours.high)) == (40, 54)
    assert spent.expected_dollars.low == pytest.approx(spent.expected_hours.low * 8)
    shown = as_lines(
        status_table([observe(store, artifact.name, now=36_000.0)], {artifact.name: spent}, now=36_000.0, wide=True)
    )
    assert "$80.00 in 10 h (expected $321 to 429 in 40 to 54 h)" in shown
    unbegun = replace(spent, hours=0.0, dollars=0.0)
    shown = as_lines(
        status_table([observe(store, artifact.name, now=36_000.0)], {artifact.name: unbegun}, now=36_000.0, wide=True)
    )
    assert "  expected $321 to 429 in 40 to 54 h" in shown
    assert "$0" not in shown


def test_a_damaged_step_hides_no_other(store: Store) -> None:
    artifact = submitted(store, Spec(Kind.PREPROCESS, settings={}, shards=1), started=0.0)
    store.put("ingest-00000000/spec.json", b"{")
    assert list(spending(store, ["ingest-00000000", artifact.name], PROFILE)) == [artifact.name]


def test_a_watch_reads_costs_now_and_then_and_when_the_state_is_another(store: Store) -> None:
    artifact = submitted(store, Spec(Kind.PREPROCESS, settings={}, shards=3), started=1000.0)
    costs = Costs(PROFILE, store)

    def hours(state: State, now: float) -> float:
        step = replace(observe(store, artifact.name, now=now), state=state)
        return costs.of([step], now)[artifact.name].hours

    assert hours(State.WAITING, 1000.0) == 0.0
    artifact.commit(0, [], seconds=3600.0)
    assert hours(State.WAITING, 1001.0) == 0.0
    assert hours(State.RUNNING, 1002.0) == 1.0
    artifact.commit(1, [], seconds=3600.0)
    assert hours(State.RUNNING, 1003.0) == 1.0
    assert hours(State.RUNNING, 1002.0 + COST_SECONDS) == 2.0

"""The metrics of steps, as Prometheus would read them."""

from dataclasses import replace

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from controller.status.derive import State
from controller.status.metrics import step_metrics
from controller.status.spending import Spending
from controller.status.step_status import StepProgress, StepState

RUNS = StepState(
    name="pretrain-bio-1a2b3c4d",
    kind="pretrain",
    recipe="bio",
    state=State.RUNNING,
    reason="",
    progress=StepProgress(0, 1, done=300, total=1000, unit="steps", rate=2.5, loss=1.75, eta_seconds=280.0),
    submitted_at=0.0,
    command="",
    active=1,
    preempted=2,
    last_heartbeat_at=1.7e9,
)
DONE = replace(RUNS, name="pretrain-bio-5e6f7a8b", state=State.COMPLETE, progress=StepProgress(1, 1))
ODD = replace(RUNS, name='a"b\\c\nd', kind="ingest", state=State.FAILED)


def read(steps: list[StepState], spent: dict[str, Spending]) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels, which are kind, recipe and step, or kind and state."""

    class Found(Collector):
        def collect(self) -> list[Metric]:
            return list(step_metrics(steps, spent))

    registry = CollectorRegistry()
    registry.register(Found())
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_states_progress_and_costs() -> None:
    spent = {RUNS.name: Spending(3.0, 24.0, None, None), DONE.name: Spending(1.0, 8.0, None, None)}
    found = read([RUNS, DONE, ODD], spent | {ODD.name: Spending(0.5, None, None, None)})
    of = ("pretrain", "bio", RUNS.name)
    assert found["covid_ctl_steps", "pretrain", "running"] == 1
    assert found["covid_ctl_steps", "pretrain", "complete"] == 1
    assert (found["covid_ctl_steps", "pretrain", "failed"], found["covid_ctl_steps", "ingest", "failed"]) == (0, 1)
    assert found["covid_ctl_step_units_done", *of] / found["covid_ctl_step_units", *of] == 0.3
    assert (found["covid_ctl_step_loss", *of], found["covid_ctl_step_eta_seconds", *of]) == (1.75, 280.0)
    assert (found["covid_ctl_step_preemptions", *of], found["covid_ctl_step_heartbeat_timestamp_seconds", *of]) == (
        2,
        1.7e9,
    )
    assert (found["covid_ctl_hours", "pretrain"], found["covid_ctl_hours", "ingest"]) == (4.0, 0.5)
    assert (found["covid_ctl_dollars", "pretrain"], ("covid_ctl_dollars", "ingest") in found) == (32.0, False)
    assert found["covid_ctl_step_dollars", *of] == 24.0


def test_only_steps_that_go_on_have_series_of_their_own() -> None:
    found = read([RUNS, DONE, ODD], {DONE.name: Spending(1.0, 8.0, None, None)})
    assert {key[-1] for key in found if key[0].startswith("covid_ctl_step_")} == {RUNS.name}
    assert not [key for key in read([], {}) if key[0].startswith("covid_ctl_")]


def test_odd_names_are_escaped() -> None:
    odd = replace(ODD, state=State.PENDING)
    assert ("covid_ctl_step_shards", "ingest", "bio", odd.name) in read([odd], {})

"""Steps as metrics for Prometheus: how many are in each state, how far the unfinished are, what all have cost. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily

from controller.status.derive import State
from controller.status.spending import Spending
from controller.status.step_status import StepState

STEP = ("step", "kind", "recipe")
"""The labels of a metric of one step. Only steps that go on have any, so that their number stays small."""


def step_metrics(steps: Sequence[StepState], spent: Mapping[str, Spending]) -> Iterator[GaugeMetricFamily]:
    """``spent`` is by step, for those about which anything is known."""
    yield _by_state(steps)
    going_on = [step for step in steps if step.state.goes_on]
    yield from _progress(going_on)
    yield from _costs(steps, going_on, spent)


def _by_state(steps: Sequence[StepState]) -> GaugeMetricFamily:
    """A state without a step is 0: an alert must not depend on a series that comes and goes."""
    found = GaugeMetricFamily("covid_ctl_steps", "Steps of the bucket by kind and state.", labels=("kind", "state"))
    counts = Counter((step.kind, step.state) for step in steps)
    for kind in sorted({step.kind for step in steps}):
        for state in State:
            found.add_metric((kind, state), counts[kind, state])
    return found


def _progress(steps: Sequence[StepState]) -> Iterator[GaugeMetricFamily]:
    values: dict[str, tuple[str, Callable[[StepState], float | None]]] = {
        "shards": ("Shards of a step.", lambda step: step.progress.shards),
        "shards_done": ("Shards that are committed.", lambda step: step.progress.shards_done),
        "units": ("Work of the shards that have begun: documents, or steps.", lambda step: step.progress.total),
        "units_done": ("How much of that is done.", lambda step: step.progress.done),
        "units_per_second": ("Speed of the shards at work.", lambda step: step.progress.rate),
        "loss": ("Training loss.", lambda step: step.progress.loss),
        "eta_seconds": ("Time that is left, as far as is known.", lambda step: step.progress.eta_seconds),
        "pods": ("Pods of the step's Job.", lambda step: step.active),
        "retries": ("Pods that failed and were started again.", lambda step: step.retries),
        "preemptions": ("Pods that were taken away.", lambda step: step.preempted),
        "heartbeat_timestamp_seconds": ("When a worker last wrote.", lambda step: step.last_heartbeat_at),
    }
    for name, (words, value_of) in values.items():
        family = GaugeMetricFamily(f"covid_ctl_step_{name}", words, labels=STEP)
        for step in steps:
            value = value_of(step)
            if value is not None:
                family.add_metric((step.name, step.kind, step.recipe), float(value))
        yield family


def _costs(
    steps: Sequence[StepState], going_on: Sequence[StepState], spent: Mapping[str, Spending]
) -> Iterator[GaugeMetricFamily]:
    hours: defaultdict[str, float] = defaultdict(float)
    dollars: defaultdict[str, float] = defaultdict(float)
    for step in steps:
        if found := spent.get(step.name):
            hours[step.kind] += found.hours
            if found.dollars is not None:
                dollars[step.kind] += found.dollars
    for unit, words, by_kind in (("hours", "Hours of containers", hours), ("dollars", "Dollars", dollars)):
        basis = "" if unit == "hours" else ", by the profile's prices; no series where none is known"
        family = GaugeMetricFamily(f"covid_ctl_{unit}", f"{words} of all steps{basis}.", labels=("kind",))
        for kind in sorted(by_kind):
            family.add_metric((kind,), by_kind[kind])
        yield family
        family = GaugeMetricFamily(f"covid_ctl_step_{unit}", f"{words} of a step so far{basis}.", labels=STEP)
        for step in going_on:
            value = getattr(spent.get(step.name), unit, None)
            if value is not None:
                family.add_metric((step.name, step.kind, step.recipe), value)
        yield family

"""What steps will take in time and money, before they are submitted: ranges, from counted work. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controller.costs.pod_price import cores_of, pod_price
from controller.profiles.pools import pool_of
from controller.profiles.profile import Pool, Profile
from jobs.flops import PEAK_FLOPS, UTILISATION, example_flops, run_flops, slice_hours
from jobs.prices import tpu_prices
from jobs.ranges import HOUR, Range, dollars_text, time_text, total
from jobs.recipe import Architecture, Recipe, Schedule
from jobs.spec import Kind, Spec

CORE_FLOPS = Range(15e9, 70e9)
"""Per second and CPU core, of training as a whole. Measured in November 2026 on two cores: the recipe ``tiny`` at 65e9
when they were idle, BERT-base (24 steps of 32 examples) at 33e9 when others kept them busy too."""

CORE_SECONDS_PER_MB = {
    Kind.INGEST: Range(0.1, 0.3),
    Kind.SIGNATURES: Range(0.1, 0.3),
    Kind.VOCABULARY: Range(0.1, 0.5),
    Kind.PREPROCESS: Range(0.27, 0.8),
}
"""Of text. The low ends are what shard records said in November 2026 of 607 papers of CORD-19 (10.6 MB of text, a
dupe factor of 5, one shard); a cloud's vCPU is about half such a core, and a bucket farther away than a disk."""

WORTH_TELLING = 0.1
"""Hours on a TPU below which nobody asks for one."""

START_SECONDS = Range(5, 90)
"""Of a pod: mostly its image, which a node that has it need not fetch."""
LOCAL_START_SECONDS = Range(1, 5)

MODEL_SECONDS = Range(60, 900)
"""Reading or writing a gigabyte, and on export comparing logits on CPU: base and large."""


@dataclass(frozen=True)
class StepEstimate:
    kind: str
    pods: int
    """At the same time."""
    on: str
    """What one pod has."""
    hours: Range | None
    """From start to end, all shards; None when not known."""
    dollars: Range | None
    basis: str
    """What the time follows from, or why it is not known."""
    price: str
    """Of a pod's hour; empty where none is known."""


@dataclass(frozen=True)
class Estimate:
    steps: tuple[StepEstimate, ...]
    notes: tuple[str, ...] = ()

    @property
    def hours(self) -> Range | None:
        """One step after the other; None when one is not known."""
        return total(step.hours for step in self.steps)

    @property
    def dollars(self) -> Range | None:
        return total(step.dollars for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        whole = {"hours": self.hours and asdict(self.hours), "dollars": self.dollars and asdict(self.dollars)}
        return {"steps": [asdict(step) for step in self.steps], "total": whole, "notes": list(self.notes)}


def kinds_of(what: str, recipe: Recipe) -> list[Kind]:
    """The steps of ``preprocess``, ``pretrain``, ``export`` or ``all``, in their order."""
    learned = [Kind.VOCABULARY] if recipe.vocabulary.learn else []
    data_side = [Kind.INGEST, Kind.SIGNATURES, *learned, Kind.PREPROCESS]
    training = [*([Kind.CHECKPOINT] if recipe.initial_checkpoint else []), Kind.PRETRAIN]
    if what == "all":
        return [*data_side, *training, Kind.EXPORT]
    return {Kind.PREPROCESS: data_side, Kind.PRETRAIN: training}.get(Kind(what), [Kind(what)])


def estimate(
    kinds: Sequence[Kind], recipe: Recipe, profile: Profile, *, text: Range | None = None, shards: int = 1
) -> Estimate:
    """``kinds`` of steps for ``recipe``, on a corpus of ``text`` bytes in ``shards`` shards."""
    steps = [_step(kind, recipe, profile, text, shards) for kind in kinds]
    notes = []
    if Kind.PRETRAIN in kinds and not profile.trainer.tpu:
        notes = _on_slices(training_flops(recipe))
    if not profile.is_local:
        notes += _what_is_left_out(steps, profile)
    return Estimate(tuple(steps), tuple(notes))


def training_flops(recipe: Recipe) -> int:
    """Of the whole run, with the largest vocabulary that the recipe may learn."""
    choice = recipe.vocabulary
    example = example_flops(
        recipe.architecture,
        vocabulary=choice.size or choice.learn or 0,
        length=recipe.examples.max_seq_length,
        predictions=recipe.examples.max_predictions_per_seq,
    )
    return run_flops(example, recipe.schedule)


def training_flops_of(spec: Spec) -> int | None:
    """Of a pretrain step that was submitted; None where its settings do not tell."""
    try:
        settings = spec.settings
        example = example_flops(
            Architecture(**settings["architecture"]),
            vocabulary=settings["vocabulary_size"] or 0,
            length=settings["max_seq_length"],
            predictions=settings["max_predictions_per_seq"],
        )
        return run_flops(example, Schedule(**settings["schedule"]))
    except (KeyError, TypeError, ValueError):
        return None


def training_hours(flops: float, pool: Pool, cores: float) -> Range:
    """On a pod of ``pool``, which has so many cores."""
    on_slice = slice_hours(flops, pool.tpu)
    core_hours = flops / (cores * HOUR)
    return on_slice or Range(core_hours / CORE_FLOPS.high, core_hours / CORE_FLOPS.low)


def _step(kind: Kind, recipe: Recipe, profile: Profile, text: Range | None, shards: int) -> StepEstimate:
    pool = pool_of(kind, profile)
    cores = cores_of(pool, profile)
    shards = shards if kind in (Kind.SIGNATURES, Kind.PREPROCESS) else 1
    pods = min(shards, profile.parallelism)
    work: Range | None
    if kind == Kind.PRETRAIN:
        flops = training_flops(recipe)
        work, basis = training_hours(flops, pool, cores), f"{_scientific(flops)} FLOP, {_speed(pool, cores)}"
    elif kind in (Kind.CHECKPOINT, Kind.EXPORT):
        work, basis = MODEL_SECONDS * (1 / HOUR), "of base and of large models"
    elif text is None:
        work, basis = None, "nothing tells how much text the corpus holds"
    else:
        work, basis = text.times(CORE_SECONDS_PER_MB[kind]) * (1e-6 / HOUR), f"{_megabytes(text)} of text"
    if work:
        work += (LOCAL_START_SECONDS if profile.is_local else START_SECONDS) * (shards / HOUR)
    price = pod_price(pool, profile)
    return StepEstimate(
        kind=str(kind),
        pods=pods,
        on=_name_of(pool, profile, cores),
        hours=work and work * (1 / pods),
        dollars=work * price.dollars_per_hour if work and price else None,
        basis=basis,
        price=f"${price.dollars_per_hour:.3g}/h {price.terms}" if price else "",
    )


def _name_of(pool: Pool, profile: Profile, cores: float) -> str:
    spot = " Spot" if pool.spot else ""
    if pool.tpu:
        return f"{pool.tpu}{spot}"
    return f"this machine, {cores:g} cores" if profile.is_local else f"{pool.cpu} CPU, {pool.memory}{spot}"


def _speed(pool: Pool, cores: float) -> str:
    if peak := PEAK_FLOPS.get(pool.tpu):
        return f"{UTILISATION.low * 100:.0f} to {UTILISATION.high * 100:.0f} % of {peak / 1e12:.0f} TFLOP/s"
    return f"{CORE_FLOPS.low * cores / 1e9:.0f} to {CORE_FLOPS.high * cores / 1e9:.0f} GFLOP/s"


def _on_slices(flops: float) -> list[str]:
    """What the training would take on the TPUs that prices are known for."""
    notes = []
    for name in PEAK_FLOPS:
        hours = slice_hours(flops, name)
        if hours is None or hours.high < WORTH_TELLING:
            continue
        prices = [f"{dollars_text(hours * p.dollars_per_hour)} {p.terms}" for p in tpu_prices(name)]
        notes.append(f"pretrain on a {name}: {time_text(hours)}; {'; '.join(prices)}")
    return notes


def _what_is_left_out(steps: Sequence[StepEstimate], profile: Profile) -> list[str]:
    notes = ["not counted: waiting for nodes, work done again after a preemption, storage, network"]
    unpriced = [step.kind for step in steps if step.dollars is None and step.hours]
    if unpriced:
        where = f"its zone is {profile.zone}" if profile.zone else "it names no zone"
        pools = "workers, trainer or exporter"
        notes.append(
            f"no price is known for {', '.join(unpriced)} ({where}): "
            f"set dollars_per_hour of profile {profile.name}'s {pools}"
        )
    return notes


def _scientific(value: float) -> str:
    return f"{value:.1e}".replace("e+", "e")


def _megabytes(text: Range) -> str:
    low, high = (f"{value / 1e6:,.3g}" for value in (text.low, text.high))
    return f"{low} MB" if low == high else f"{low} to {high} MB"

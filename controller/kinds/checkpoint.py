"""``checkpoint``: the published weights that training starts from, fetched, checked and brought to one form."""

from __future__ import annotations

from controller.kinds.declaration import FixedWork, FromOutside, StepKind
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.ranges import Range
from jobs.recipe import Recipe
from jobs.spec import Kind

MODEL_WORK = FixedWork(Range(60, 900), "of base and of large models")
"""Reading or writing a gigabyte, and on export comparing logits on CPU."""

_NOTED = {
    "extended": "extended",
    "missing": "missing",
    "unused": "unused",
    "mismatched": "of another shape",
    "aside": "set aside",
    "padding": "without their padding rows",
}


def why_absent(recipe: Recipe) -> str:
    return "" if recipe.initial_checkpoint else "it trains from scratch"


def summary(manifest: Manifest) -> str:
    variables = manifest.counts["variables"]
    notes = "".join(f", {variables[name]:,} {words}" for name, words in _NOTED.items() if variables.get(name))
    random = " and ".join(manifest.facts.get("random", ()))
    warning = f"; it lacks {random}: random at the start" if random else ""
    return f"{variables['matched']:,} variables of {manifest.facts['checkpoint']}{notes}{warning}"


KIND = StepKind(
    Kind.CHECKPOINT,
    command=Kind.PRETRAIN,
    role=Role.EXPORTER,
    inputs=(FromOutside("checkpoint"),),
    why_absent=why_absent,
    work=lambda _: MODEL_WORK,
    summary=summary,
)

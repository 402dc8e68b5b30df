"""``tune``: a pretrained model becomes an embedder, by the titles and abstracts of its training documents."""

from __future__ import annotations

from controller.kinds.declaration import ComputeWork, FromStep, StepKind, Submission, TrainingBatch
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.flops import encoding_flops
from jobs.layout import CHECKPOINTS
from jobs.recipe import Recipe
from jobs.spec import Kind

PAIRS = 150_000
"""Papers with title and abstract that the estimate counts on: about as many as CORD-19's last release of mid-2020 has.
How many there are is known once documents are read."""


CHOOSING = "Use the embedder of this tune or control step."


def why_absent(recipe: Recipe) -> str:
    return "" if recipe.embedder else "it has no section embedder, which says how to tune"


def tuning_flops(recipe: Recipe) -> int:
    """Floating-point operations of all epochs over ``PAIRS``; the backward pass costs twice the forward pass."""
    settings = recipe.embedder
    assert settings, "a recipe without the section has no such step"
    lengths = (settings.title_length, settings.abstract_length)
    forward = sum(encoding_flops(recipe.architecture, length=length) for length in lengths)
    return round(3 * forward * PAIRS * settings.epochs)


def batch(recipe: Recipe) -> TrainingBatch | None:
    """Its pairs cannot be computed in parts."""
    settings = recipe.embedder
    return TrainingBatch("embedder", settings.train_batch_size, 1, follows_formula=False) if settings else None


def summary(manifest: Manifest) -> str:
    facts = manifest.facts
    scored = [scores for scores in facts["evaluations"] if scores["step"] <= facts["steps"]]
    if not scored:
        return f"{facts['steps']:,} steps, nothing held out to score them"
    pairs = manifest.counts["documents"]["kept"]
    return (
        f"{pairs:,} pairs, {facts['steps']:,} steps, title to abstract MRR {scored[0]['mrr']:.3f} -> "
        f"{scored[-1]['mrr']:.3f}"
    )


KIND = StepKind(
    Kind.TUNE,
    command=Kind.TUNE,
    role=Role.TRAINER,
    inputs=(
        FromStep("pretrain", Kind.PRETRAIN, chosen_by="run", choosing="Tune this pretrain step.", called="weights"),
    ),
    why_absent=why_absent,
    deadline_days=14,
    saves=CHECKPOINTS,
    work=lambda recipe: ComputeWork(tuning_flops(recipe)),
    batch=batch,
    summary=summary,
    published_as="embedder",
    submission=Submission(
        "Tune RECIPE's weights for search, by titles and abstracts.",
        "Tune trained weights for search.",
    ),
)

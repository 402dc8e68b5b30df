"""``control``: tuning without pretraining, from the weights that pretraining began with."""

from __future__ import annotations

from controller.kinds.declaration import ComputeWork, FromStep, StepKind, Submission
from controller.kinds.tune import batch, summary, tuning_flops
from controller.kinds.tune import why_absent as no_embedder
from controller.profiles.pool import Role
from jobs.layout import CHECKPOINTS
from jobs.recipe import Recipe
from jobs.spec import Kind


def why_absent(recipe: Recipe) -> str:
    if absent := no_embedder(recipe):
        return absent
    return "" if recipe.embedder and recipe.embedder.control else "its embedder.control is false"


KIND = StepKind(
    Kind.CONTROL,
    command=Kind.EVALUATE,
    role=Role.TRAINER,
    inputs=(
        FromStep(
            "examples",
            Kind.PREPROCESS,
            chosen_by="examples",
            choosing="Tune on the papers of this preprocess step.",
            called="examples",
            must_fit=False,
        ),
        FromStep("initial_checkpoint", Kind.CHECKPOINT, optional=True),
    ),
    why_absent=why_absent,
    deadline_days=14,
    saves=CHECKPOINTS,
    work=lambda recipe: ComputeWork(tuning_flops(recipe)),
    batch=batch,
    summary=summary,
    submission=Submission(
        "Tune RECIPE's initial checkpoint for search, without pretraining it: the control of `submit evaluate`.",
        "Tune for search without pretraining.",
    ),
)

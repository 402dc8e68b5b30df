"""``export``: a trained model becomes a Hugging Face model, once it proves to be the same model."""

from __future__ import annotations

from controller.kinds.checkpoint import MODEL_WORK
from controller.kinds.declaration import FromStep, StepKind, Submission
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.spec import Kind


def summary(manifest: Manifest) -> str:
    gate = manifest.facts["gate"]
    ids, logits = gate["tokenizer"]["ids"], gate["logits"]["mlm_max_difference"]
    return f"{ids:,} token ids agree with training, logits within {logits:.0e}"


KIND = StepKind(
    Kind.EXPORT,
    command=Kind.EXPORT,
    role=Role.EXPORTER,
    inputs=(
        FromStep("pretrain", Kind.PRETRAIN, chosen_by="run", choosing="Export this pretrain step.", called="weights"),
    ),
    work=lambda _: MODEL_WORK,
    summary=summary,
    published_as="model",
    submission=Submission(
        "Turn RECIPE's weights into a Hugging Face model.",
        "Turn trained weights into a Hugging Face model.",
    ),
)

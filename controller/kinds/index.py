"""``index``: the vectors of all documents in one file, which ``covid-ctl search`` searches."""

from __future__ import annotations

from controller.kinds.declaration import FixedWork, FromStep, StepKind, Submission
from controller.kinds.tune import why_absent
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.ranges import Range
from jobs.spec import Kind


def summary(manifest: Manifest) -> str:
    facts = manifest.facts
    return f"{facts['papers']:,} papers to search, by {facts['default_mode']} unless asked otherwise"


KIND = StepKind(
    Kind.INDEX,
    command=Kind.INDEX,
    role=Role.EXPORTER,
    inputs=(FromStep("vectors", Kind.EMBED), FromStep("evaluation", Kind.EVALUATE)),
    why_absent=why_absent,
    work=lambda _: FixedWork(Range(5, 120), "of a thousand and of a million papers"),
    summary=summary,
    submission=Submission(
        "Index the corpus with RECIPE's embedder, for `covid-ctl search`.",
        "Index a corpus for search.",
    ),
)

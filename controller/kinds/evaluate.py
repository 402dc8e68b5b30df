"""``evaluate``: judges an embedder and the model that it came from on held-out documents."""

from __future__ import annotations

from controller.kinds.declaration import FixedWork, FromOutside, FromStep, OptionalFile, StepKind, Submission
from controller.kinds.tune import CHOOSING, why_absent
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.evaluation.labelled import parse_labelled
from jobs.evaluation.trec import judged_topics, parse_qrels, parse_topics
from jobs.ranges import Range
from jobs.spec import Kind

SYSTEMS = ("bm25", "base", "pretrained", "control", "tuned")
"""In the order of the report's table."""
AGAINST = FromOutside(
    "against", option="against", optional=True, steps=(Kind.TUNE, Kind.PRETRAIN, Kind.CONTROL, Kind.CHECKPOINT)
)
"""The model that is compared with: a step, or a published model's directory."""


def summary(manifest: Manifest) -> str:
    systems = manifest.facts["retrieval"]
    found = ", ".join(f"{name} {systems[name]['mrr']:.3f}" for name in SYSTEMS if name in systems)
    better = [name for name in ("hybrid", "tuned") if systems[name]["beats_bm25"]]
    return f"title to abstract MRR: {found}; {' and '.join(better) or 'nothing'} beats BM25"


def check_judged(qrels: bytes, qrels_name: str, topics: bytes, topics_name: str) -> None:
    """Raises ``ConfigurationError`` for judgements of other topics."""
    judged_topics(parse_topics(topics, topics_name), parse_qrels(qrels, qrels_name), qrels_name)


KIND = StepKind(
    Kind.EVALUATE,
    command=Kind.EVALUATE,
    role=Role.EXPORTER,
    inputs=(
        FromStep("tune", Kind.TUNE, chosen_by="embedder", choosing=CHOOSING, called="embedder", also=(Kind.CONTROL,)),
        FromStep("control", Kind.CONTROL, optional=True, beside="tune"),
        AGAINST,
        OptionalFile("qrels", parse_qrels, needs="topics", fits=check_judged),
        OptionalFile("topics", parse_topics, needs="qrels"),
        OptionalFile("data", parse_labelled, several=True),
    ),
    why_absent=why_absent,
    work=lambda _: FixedWork(Range(60, 7200), "of a tiny and of a large model on some hundred held-out papers"),
    summary=summary,
    published_as="evaluation",
    submission=Submission(
        "Judge RECIPE's embedder on held-out papers, beside BM25.",
        "Judge a tuned model on held-out papers.",
    ),
    leaves_report=True,
    has_measures=True,
)

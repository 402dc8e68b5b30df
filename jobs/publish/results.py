"""The figures of an evaluation, as its step's manifest has them, under the names that gates and the Hub use. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.artifact import Manifest
from jobs.publish.facts import Evaluation, Result

OWN = ("pretrained", "tuned", "hybrid")
"""The systems that are of this model; the others are what it is compared with."""
WORDS, SEARCH, SIMILARITY = "fill-mask", "text-retrieval", "sentence-similarity"
_TASKS = {
    **dict.fromkeys(("nats_per_word", "nats_per_character", "perplexity", "masked_gain"), WORDS),
    **dict.fromkeys(("spearman", "auc", "random_pair_cosine"), SIMILARITY),
}


def evaluation_of(manifest: Manifest, lines: Sequence[str]) -> Evaluation:
    """``lines`` are the summary of the step's report; the measures are those of ``jobs.evaluation.record``."""
    measures: Mapping[str, float] = manifest.facts.get("measures") or {}
    tuned = (manifest.facts.get("retrieval") or {}).get("tuned", {}).get("beats_bm25")
    return Evaluation(
        step=manifest.name,
        lines=tuple(lines),
        results=tuple(_result(name, value) for name, value in sorted(measures.items())),
        beats_bm25=None if tuned is None else bool(tuned),
    )


def _result(name: str, value: float) -> Result:
    """``data.SET.SYSTEM.spearman``: the measure is the last part, the system the one before it."""
    *before, measure = name.split(".")
    return Result(name, _TASKS.get(measure, SEARCH), measure, float(value), ".".join(before))

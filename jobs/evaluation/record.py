"""The measures of an evaluation by name: what gates and model cards read. Pure.

Names, with SYSTEM one of bm25, base, pretrained, control, tuned, hybrid, as far as there is such a row:
    SYSTEM.mrr, SYSTEM.recall_at_1, SYSTEM.recall_at_10     title to abstract, on held-out documents
    SYSTEM.gain_over_bm25, _base, _control                  difference in that MRR; 0 where it is not resolved
    SYSTEM.random_pair_cosine                               mean cosine of random abstracts
    pretrained.nats_per_word, .nats_per_character, .perplexity, and the same of base     masked words
    pretrained.masked_gain                                  nats a word less than the base; 0 where it is not resolved
    judged.SYSTEM.ndcg_at_10, .p_at_5, .judged_at_10        each topic's judged documents alone
    full.SYSTEM...                                          the same of the whole corpus
    data.SET.SYSTEM.p_at_1, .recall_at_3, .mrr              answers among passages
    data.SET.SYSTEM.spearman, .auc                          similar pairs of texts

Names may be added, and keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.evaluation.relevance import WAYS

_MASKED = {"nats_per_word": "{}", "nats_per_character": "{}_per_character", "perplexity": "{}_perplexity"}


def measures_of(report: Mapping[str, Any]) -> dict[str, float]:
    """The measures in ``jobs.steps.evaluate``'s report."""
    found: dict[str, float] = {}
    for name, row in report["retrieval"]["systems"].items():
        for measure in ("mrr", "recall_at_1", "recall_at_10"):
            found[f"{name}.{measure}"] = row[measure]
        for other in ("bm25", "base", "control"):
            if difference := row.get(f"against_{other}"):
                found[f"{name}.gain_over_{other}"] = difference["mean"] if difference["resolved"] else 0.0
    for name, cosine in report["random_pair_cosine"].items():
        found[f"{name}.random_pair_cosine"] = cosine
    if masked := report["masked_words"]:
        for name, side in (("pretrained", "ours"), ("base", "theirs")):
            for measure, key in _MASKED.items():
                found[f"{name}.{measure}"] = masked[key.format(side)]
        found["pretrained.masked_gain"] = -masked["difference"]["mean"] if masked["resolved"] else 0.0
    for way in WAYS if report.get("topics") else ():
        found |= _rows(f"{way}.", report["topics"][way])
    for name, judged in report.get("labelled", {}).items():
        found |= _rows(f"data.{name}.", judged["systems"])
    return found


def _rows(prefix: str, systems: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{prefix}{name.replace(' ', '_')}.{measure}": value
        for name, row in systems.items()
        for measure, value in row.items()
        if isinstance(value, float)
    }

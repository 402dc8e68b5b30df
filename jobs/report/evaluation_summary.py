"""What an evaluation found, in sentences and figures that claim no more than the data do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = {
    "bm25": "BM25",
    "base": "base, mean pooled",
    "pretrained": "pretrained, mean pooled",
    "tuned": "tuned embedder",
    "hybrid": "BM25 + tuned (rank fusion)",
}


def evaluation_lines(report: Mapping[str, Any]) -> list[str]:
    """One line per question; of ``jobs.steps.evaluate``'s report."""
    masked, retrieval = report["masked_words"], report["retrieval"]
    difference = masked["difference"]
    lines = [
        f"Masked words: {masked['ours']:.3f} nats a word against {masked['theirs']:.3f} of the base "
        f"({masked['words']:,} words of {masked['documents']:,} held-out documents); "
        f"difference {difference['mean']:+.3f}, 95 % interval {_interval(difference)}: "
        f"{verdict(difference, lower=True)}",
        f"Title to abstract, {retrieval['queries']:,} held-out papers:",
    ]
    lines += ["  " + row for row in retrieval_rows(retrieval["systems"])]
    cosines = report["random_pair_cosine"]
    lines.append(
        "Mean cosine of random abstracts: " + ", ".join(f"{name} {value:.3f}" for name, value in cosines.items())
    )
    return lines


def retrieval_rows(systems: Mapping[str, Any]) -> list[str]:
    """A fixed-width table."""
    rows = [f"{'SYSTEM':<40}{'MRR':>6}{'R@1':>7}{'R@10':>7}  AGAINST BM25"]
    for name, row in systems.items():
        against = row.get("against_bm25")
        said = f"{against['mean']:+.3f} {_interval(against)}: {verdict(against)}" if against else ""
        rows.append(
            f"{NAMES[name]:<40}{row['mrr']:>6.3f}{row['recall_at_1']:>7.1%}{row['recall_at_10']:>7.1%}  {said}".rstrip()
        )
    return rows


def verdict(difference: Mapping[str, Any], *, lower: bool = False) -> str:
    """``better``, ``worse`` or ``not resolved``; with ``lower``, less is better."""
    resolved = difference.get("resolved")
    if resolved is None:
        resolved = difference["p_value"] < 0.05 and abs(difference["mean"]) >= difference["smallest_detectable"]
    if not resolved:
        return f"not resolved (p {difference['p_value']:.3f})"
    return "better" if (difference["mean"] < 0) == lower else "worse"


def _interval(difference: Mapping[str, Any]) -> str:
    return f"[{difference['interval']['low']:+.3f}, {difference['interval']['high']:+.3f}]"

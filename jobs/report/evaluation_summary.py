"""What an evaluation found, in sentences and figures that claim no more than the data do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = {
    "bm25": "BM25",
    "base": "base",
    "pretrained": "pretrained, mean pooled",
    "control": "control: tuned, not pretrained",
    "tuned": "tuned embedder",
    "hybrid": "BM25 + tuned (rank fusion)",
}
WAYS = {"judged": "each topic's judged papers alone", "full": "all papers"}
MEASURES = {
    "ndcg_at_10": "nDCG@10",
    "p_at_5": "P@5",
    "judged_at_10": "J@10",
    "p_at_1": "P@1",
    "recall_at_3": "R@3",
    "mrr": "MRR",
    "spearman": "Spearman",
    "auc": "AUC",
}


def evaluation_lines(report: Mapping[str, Any]) -> list[str]:
    """One line per question; of ``jobs.steps.evaluate``'s report."""
    retrieval = report["retrieval"]
    lines = [f"The base is {report['lineage']['base']}.", masked_line(report)]
    lines.append(f"Title to abstract, {retrieval['queries']:,} held-out papers:")
    lines += ["  " + row for row in retrieval_rows(retrieval["systems"])]
    if control := retrieval["systems"]["tuned"].get("against_control"):
        lines.append(
            f"  What pretraining adds to tuning: MRR {control['mean']:+.3f} {_interval(control)}: {verdict(control)}"
        )
    cosines = report["random_pair_cosine"]
    lines.append(
        "Mean cosine of random abstracts: " + ", ".join(f"{name} {value:.3f}" for name, value in cosines.items())
    )
    for title, systems in other_tables(report):
        lines.append(f"{title}:")
        lines += ["  " + row for row in measure_rows(systems)]
    return lines


def masked_line(report: Mapping[str, Any]) -> str:
    masked = report["masked_words"]
    if not masked:
        return f"Masked words: not compared, since {report['masked_words_absent']}."
    difference = masked["difference"]
    unit = "per word"
    ours, theirs = masked["ours"], masked["theirs"]
    if masked.get("vocabularies_differ"):
        unit, ours, theirs = "per character", masked["ours_per_character"], masked["theirs_per_character"]
    return (
        f"Masked words: {ours:.3f} nats {unit} against {theirs:.3f} for the base "
        f"({masked['words']:,} words of {masked['documents']:,} held-out documents); "
        f"difference {difference['mean']:+.3f} per word, 95% interval {_interval(difference)}: "
        f"{verdict(difference, lower=True)}"
    )


def other_tables(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Title and systems of each table that the user's own judgements and labelled sets give."""
    if topics := report.get("topics"):
        absent = f"the corpus lacks {topics['absent']:.1%} of the relevant papers"
        for way, words in WAYS.items():
            yield f"Judged topics, {topics['topics']:,}, {words} ({way}); {absent}", topics[way]
    for name, found in report.get("labelled", {}).items():
        size = f"{found['pairs']:,} pairs" if "pairs" in found else f"{found['questions']:,} questions"
        absent = f"; {found['absent']:.1%} not in the corpus" if found.get("absent") else ""
        yield f"Labelled set {name}, {size}{absent}", found["systems"]


def measure_rows(systems: Mapping[str, Any]) -> list[str]:
    """A fixed-width table of whichever measures there are."""
    measures = [name for name in MEASURES if any(name in row for row in systems.values())]
    width = _width(systems)
    rows = [f"{'SYSTEM':<{width}}" + "".join(f"{MEASURES[name]:>10}" for name in measures) + "  AGAINST BM25"]
    for name, row in systems.items():
        figures = "".join(f"{row[measure]:>10.3f}" for measure in measures)
        rows.append(f"{NAMES.get(name, name):<{width}}{figures}  {against_words(row)}".rstrip())
    return rows


def _width(systems: Mapping[str, Any]) -> int:
    return max(len(NAMES.get(name, name)) for name in systems)


def retrieval_rows(systems: Mapping[str, Any]) -> list[str]:
    """A fixed-width table."""
    width = _width(systems)
    rows = [f"{'SYSTEM':<{width}}{'MRR':>7}{'R@1':>7}{'R@10':>8}  AGAINST BM25"]
    for name, row in systems.items():
        rows.append(
            f"{NAMES[name]:<{width}}{row['mrr']:>7.3f}{row['recall_at_1']:>7.1%}{row['recall_at_10']:>8.1%}  "
            f"{against_words(row)}".rstrip()
        )
    return rows


def against_words(row: Mapping[str, Any]) -> str:
    """A row's difference to BM25 with its interval and verdict; empty where there is none."""
    against = row.get("against_bm25")
    return f"{against['mean']:+.3f} {_interval(against)}: {verdict(against)}" if against else ""


def verdict(difference: Mapping[str, Any], *, lower: bool = False) -> str:
    """``better``, ``worse`` or ``not resolved``; with ``lower``, less is better."""
    if not difference["p_value"] < 0.05 or abs(difference["mean"]) < difference["smallest_detectable"]:
        return f"not resolved (p {difference['p_value']:.3f})"
    return "better" if (difference["mean"] < 0) == lower else "worse"


def _interval(difference: Mapping[str, Any]) -> str:
    return f"[{difference['interval']['low']:+.3f}, {difference['interval']['high']:+.3f}]"

"""Summarises preprocessing in sentences that a paper can quote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.report.histogram import Histogram


def summary_lines(report: Mapping[str, Any]) -> list[str]:
    """One line per subject, of ``jobs.steps.reporting.contents``."""
    documents, sentences, pieces = report["documents"], report["sentences"], report["pieces"]
    settings, examples = report["settings"]["preprocess"], report["examples"]
    dropped = [(count, reason) for reason, count in documents["dropped"].items() if count]
    reasons = ", ".join(f"{reason} {count:,}" for count, reason in sorted(dropped, key=lambda d: (-d[0], d[1])))
    lengths = Histogram.from_json(report["lengths"]["pieces_per_example"])
    paragraphs = report["paragraphs"]
    ranked = sorted(paragraphs["changed"].items(), key=lambda item: (-item[1], item[0]))
    rules = ", ".join(f"{rule} {share(count, paragraphs['read'])}" for rule, count in ranked if count)
    return [
        f"Documents: {documents['kept']:,} of {documents['read']:,} kept, {documents['held_out']:,} of them held out; "
        f"{documents['quarantined']:,} quarantined" + (f"; dropped: {reasons}" if reasons else ""),
        *_full_texts(report["full_texts"]),
        *_tables(report["corpus"]),
        f"Selected: {_choice(report['settings'])}",
        f"Paragraphs: {paragraphs['read']:,}; changed by {rules or 'no rule'}",
        f"Sentences: {sentences['kept']:,} of {sentences['read']:,} kept; removed: {sentences['by_rule']['junk']:,} as "
        f"junk, {sentences['by_rule']['repeated']:,} as repeats within their document, "
        f"{sentences['by_rule']['fragment']:,} as fragments; {sentences['by_rule']['giant']:,} overlong ones were cut",
        f"Repeats: {share(report['repeats']['repeated'], report['repeats']['sentences'])} of training sentences "
        "also occur in an earlier document of their shard",
        f"Pieces: {pieces['all']:,} of a vocabulary of {report['vocabulary_size']:,}, "
        f"{share(pieces['unknown'], pieces['all'])} unknown",
        f"Examples: {examples['train']:,} for training (each text masked {settings['dupe_factor']} times), "
        f"{examples['validation']:,} held out; up to {settings['max_seq_length']} pieces long, "
        f"{share(padding(lengths, settings['max_seq_length']), lengths.values * settings['max_seq_length'])} padding",
    ]


def _full_texts(found: Mapping[str, int] | None) -> list[str]:
    if found is None:
        return []
    return [
        f"Full text: found for {found['found']:,} of {found['of']:,} ingested documents; the others have only an "
        f"abstract; metadata.csv promises {found['promised']:,}; {found['files_not_used']:,} parse files were not used"
    ]


def _tables(corpus: Mapping[str, Any]) -> list[str]:
    if not (unread := corpus.get("metadata_not_read")):
        return []
    return [f"Metadata: {corpus['metadata']} was read; not read, though named alike: {', '.join(unread)}"]


def _choice(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """The criteria for documents, and the shares that may be malformed and that are held out."""
    ingest, filters = settings["ingest"], settings["signatures"]
    said = {
        "language": " or ".join(filters["languages"]),
        "licence": " or ".join(filters["licenses"]),
        "source": " or ".join(filters["sources"]),
        "published from": filters.get("published_from"),
        "published until": filters.get("published_until"),
    }
    if said["language"]:
        said["language"] += f" or uncertain (score below {filters['language_score']})"
    return "; ".join(
        [
            *(f"{name} {value}" for name, value in said.items() if value),
            f"one of each group of near-duplicates (similarity {filters['near_duplicate_similarity']} or more)",
            f"at most {ingest['max_quarantined_share']:.1%} malformed",
            f"{ingest['validation_share']:.1%} to be held out",
        ]
    )


def padding(lengths: Histogram, longest: int) -> int:
    """Positions of all examples that hold no piece."""
    return lengths.values * longest - lengths.total


def share(part: int, whole: int) -> str:
    """``12.3%``, and where it is small two digits that say something: ``0.031%``."""
    if not part or not whole:
        return "0%"
    percent = 100 * part / whole
    if percent < 0.001:
        return "<0.001%"
    return f"{percent:.1f}%" if percent >= 1 else f"{percent:.2g}%"

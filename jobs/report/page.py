"""The report as one HTML page: no scripts, no requests, no clock; its text comes from papers and is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jobs.report.changes import marked
from jobs.report.chart import bars, columns
from jobs.report.document import document
from jobs.report.histogram import Histogram
from jobs.report.markup import Markup, element, join, table
from jobs.report.near_duplicates import near_duplicates
from jobs.report.overview import corpus_name, overview
from jobs.report.seen import seen_examples
from jobs.report.summary import padding, share

Report = Mapping[str, Any]
"""The result of ``jobs.steps.reporting.contents``."""


def page(report: Report) -> str:
    """The whole document. Pure."""
    return document(
        f"Preprocessing report: {report['step']}",
        header=[
            element("h1", f"Preprocessing report: {corpus_name(report['corpus'])}"),
            element("p", element("code", report["step"])),
        ],
        main=[
            *overview(report),
            element("h2", "In words"),
            element("ul", *(element("li", line) for line in report["summary"])),
            *_documents(report),
            *_vocabulary(report),
            *seen_examples(report["seen_examples"]),
            *_cleaning(report),
            *_residual_markers(report),
            *_lengths(report),
            *_origins(report),
            *_samples(report["samples"]),
            *_made_from(report),
        ],
        footer="Made only from the step's outputs: the same step always gives the same page.",
    )


def _documents(report: Report) -> list[Markup]:
    documents = report["documents"]
    fates = {"kept": documents["kept"], "quarantined": documents["quarantined"]}
    fates |= documents["dropped"]
    parts = [
        element("h2", "Documents"),
        bars(
            "What became of the documents",
            fates,
            documents["read"],
            name="fate",
            note=f"Of {documents['read']:,} documents; all but kept and quarantined are reasons for dropping one.",
        ),
        element(
            "p",
            "Malformed documents are listed in ",
            element("code", report["quarantine"]),
            "; documents that failed later, in the folder ",
            element("code", "quarantine"),
            " of the step in which they failed.",
        ),
    ]
    parts += _quarantined(report["quarantined"])
    parts += near_duplicates(report["near_duplicates"], report["papers"])
    if report["parses"]:
        whole = sum(report["parses"].values())
        parts.append(bars("Where the full text comes from", report["parses"], whole, name="parse"))
    return parts


def _quarantined(rows: Sequence[Mapping[str, str]]) -> list[Markup]:
    if not rows:
        return []
    cells = [(row["file"], row["position"] or "whole file", row["reason"]) for row in rows]
    return [
        element("h3", "The first quarantined documents"),
        element("div", table(("file", "where", "why"), cells), class_="names"),
    ]


def _vocabulary(report: Report) -> list[Markup]:
    pieces, words = report["pieces"], report["unknown_words"]
    said = (
        f"{pieces['all']:,} pieces of a vocabulary of {report['vocabulary_size']:,} entries, "
        f"{pieces['all'] / max(pieces['words'], 1):.2f} per word (punctuation marks count as words); "
        f"{pieces['unknown']:,} ({share(pieces['unknown'], pieces['all'])}) are not in it and become [UNK]."
    )
    parts = [element("h2", "Vocabulary"), element("p", said)]
    if words:
        parts.append(bars("The words that became [UNK]", words, sum(words.values()), name="word"))
    return parts


def _cleaning(report: Report) -> list[Markup]:
    paragraphs, sentences = report["paragraphs"], report["sentences"]
    return [
        element("h2", "Cleaning"),
        bars(
            "Paragraphs changed, by rule",
            paragraphs["changed"],
            paragraphs["read"],
            name="rule",
            note=f"Of {paragraphs['read']:,} paragraphs; several rules can change the same one. The parses marked "
            f"{paragraphs['ignored_spans']:,} citations or references that contradict their text; these were ignored.",
        ),
        bars(
            "Sentences removed, by rule",
            sentences["by_rule"],
            sentences["read"],
            name="rule",
            note=f"Of {sentences['read']:,} sentences; giant ones are cut into parts, not removed.",
        ),
    ]


def _residual_markers(report: Report) -> list[Markup]:
    residual, repeats = report["residual_markers"], report["repeats"]
    markers = [
        (marker, f"{before:,}", f"{residual['after'][marker]:,}") for marker, before in residual["before"].items()
    ]
    parts = [
        element("h2", "What remains"),
        element(
            "p",
            f"Words typical of notices and addresses, in one of sixteen documents ({residual['documents']:,} in all). "
            "Not all that remains is boilerplate: papers do write about peer review.",
        ),
        table(("words", "as released", "in the sentences"), markers),
        element(
            "p",
            f"Of {repeats['sentences']:,} training sentences {repeats['repeated']:,} "
            f"({share(repeats['repeated'], repeats['sentences'])}) also occur in an earlier document of their shard. "
            "The most frequent in any one shard:",
        ),
    ]
    if repeats["most"]:
        most = [(text, f"{count:,}") for count, text in repeats["most"]]
        parts.append(table(("most repeated, as pieces", "times"), most))
    return parts


def _lengths(report: Report) -> list[Markup]:
    longest = report["settings"]["preprocess"]["max_seq_length"]
    lengths = {name: Histogram.from_json(data) for name, data in report["lengths"].items()}
    examples = lengths["pieces_per_example"]
    empty = share(padding(examples, longest), examples.values * longest)
    return [
        element("h2", "Lengths"),
        columns("Pieces per sentence", lengths["pieces_per_sentence"], unit="pieces", of="sentences"),
        columns("Sentences per document", lengths["sentences_per_document"], unit="sentences", of="documents"),
        columns(
            "Pieces per training example",
            examples,
            unit="pieces",
            of="examples",
            note=f"{empty} of all positions are padding.",
            closed=True,
        ),
    ]


def _origins(report: Report) -> list[Markup]:
    named = (
        ("Languages", "languages", ""),
        ("Licences", "licenses", ""),
        ("Sources", "sources", "A paper may have several."),
    )
    whole = sum(report["languages"].values())  # each document has one
    return [
        element("h2", "Years, languages, licences, sources"),
        bars(
            "Years of publication",
            {year or "not given": count for year, count in report["years"].items()},
            sum(report["years"].values()),
            name="year",
            note="Of the documents kept.",
        ),
        element("p", f"Of {whole:,} documents, before any was left out by these criteria:"),
        *(bars(title, report[key], whole, name=key, note=note) for title, key, note in named),
    ]


def _samples(samples: Sequence[Mapping[str, Any]]) -> list[Markup]:
    if not samples:
        return []
    return [
        element("h2", "Paragraphs before and after"),
        element(
            "p",
            f"{len(samples)} chosen at random from those that cleaning changed: ",
            element("del", "removed"), ", ", element("ins", "inserted"), ".",
        ),
        *(
            element(
                "article",
                element("h3", sample["cord_uid"]),
                element("p", *marked(sample["before"], " ".join(sample["sentences"]))),
                element(
                    "details",
                    element("summary", "Its sentences"),
                    element("ol", *(element("li", sentence) for sentence in sample["sentences"])),
                ),
            )
            for sample in samples
        ),
    ]  # fmt: skip


def _made_from(report: Report) -> list[Markup]:
    inputs = [*report["inputs"].items(), ("shards", report["shards"])]
    return [
        element("h2", "Made from"),
        _names(("input", "identity"), inputs),
        element("h2", "Settings"),
        *(
            join(element("h3", step), _names(("setting", "value"), settings.items()))
            for step, settings in report["settings"].items()
        ),
        element("h2", "Versions"),
        _names(("step", "version of its output"), report["versions"].items()),
    ]


def _names(head: tuple[str, str], rows: Any) -> Markup:
    cells = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in rows]
    return element("div", table(head, cells), class_="names")

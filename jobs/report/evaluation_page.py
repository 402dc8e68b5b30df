"""An evaluation as one HTML page: no scripts, no requests, no clock. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.report.chart import WIDTH
from jobs.report.document import document
from jobs.report.evaluation_summary import MEASURES, NAMES, against_words, other_tables, verdict
from jobs.report.markup import Markup, element, table

_NUMBER, _ROW = 48, 44
"""Room on the right for a figure, and the height of a system's row."""


def evaluation_page(report: Mapping[str, Any]) -> str:
    """The whole document, of ``jobs.steps.evaluate``'s report."""
    systems = report["retrieval"]["systems"]
    return document(
        f"Evaluation: {report['step']}",
        header=[element("h1", "Evaluation"), element("p", element("code", report["step"]))],
        main=[
            element("p", f"The base is {report['lineage']['base']}. We trained no model on these documents."),
            element("h2", "Title to abstract"),
            element(
                "p",
                f"Each of {report['retrieval']['queries']:,} titles is the query for its own abstract among all of "
                "them. MRR is the mean reciprocal rank. The upright line is BM25's, a whisker the 95% interval of the "
                "difference from it.",
            ),
            _plot(systems),
            table(
                ("system", "MRR", "R@1", "R@10", "against BM25"),
                [_row(name, row) for name, row in systems.items()],
                ends_in_words=True,
            ),
            *_pretraining(systems["tuned"].get("against_control")),
            *_masked(report),
            element("h2", "Mean cosine of random abstracts"),
            element(
                "p",
                "Where it is near 1, all texts look alike, and only differences between similarities mean anything.",
            ),
            table(
                ("model", "cosine"),
                [(NAMES[name], f"{value:.3f}") for name, value in report["random_pair_cosine"].items()],
            ),
            *(part for title, rows in other_tables(report) for part in _measures(title, rows)),
        ],
        footer="Made only from the step's inputs: the same step always gives the same page.",
    )


def _pretraining(difference: Mapping[str, Any] | None) -> list[Markup]:
    if not difference:
        return []
    said = "The control had the same tuning and no pretraining. The tuned embedder's MRR differs from the control's by "
    return [element("p", f"{said}{difference['mean']:+.3f}: {verdict(difference)}.")]


def _masked(report: Mapping[str, Any]) -> list[Markup]:
    masked = report["masked_words"]
    head = element("h2", "Masked words")
    if not masked:
        return [head, element("p", f"Not compared, since {report['masked_words_absent']}.")]
    difference = masked["difference"]
    rows = [
        (name, f"{masked[key]:.3f}", f"{masked[f'{key}_perplexity']:,.1f}", f"{masked[f'{key}_per_character']:.3f}")
        for name, key in (("pretrained", "ours"), ("base", "theirs"))
    ]
    said = (
        f"{masked['words']:,} words of {masked['documents']:,} documents, with all pieces of a word masked. Difference "
    )
    return [
        head,
        table(("model", "nats per word", "perplexity", "nats per character"), rows),
        element("p", f"{said}{difference['mean']:+.3f} nats per word: {verdict(difference, lower=True)}."),
    ]


def _measures(title: str, systems: Mapping[str, Any]) -> list[Markup]:
    measures = [name for name in MEASURES if any(name in row for row in systems.values())]
    rows = [
        (NAMES.get(name, name), *(f"{row[measure]:.3f}" for measure in measures), against_words(row))
        for name, row in systems.items()
    ]
    return [
        element("h2", title),
        table(("system", *(MEASURES[name] for name in measures), "against BM25"), rows, ends_in_words=True),
    ]


def _row(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    against = row.get("against_bm25")
    said = f"{against['mean']:+.3f}, {verdict(against)}" if against else ""
    return NAMES[name], f"{row['mrr']:.3f}", f"{row['recall_at_1']:.1%}", f"{row['recall_at_10']:.1%}", said


def _plot(systems: Mapping[str, Any]) -> Markup:
    """MRR as bars from 0 to 1, each below its system's name."""
    scale = WIDTH - _NUMBER
    reference = systems["bm25"]["mrr"]
    marks = []
    for place, (name, row) in enumerate(systems.items()):
        y = place * _ROW
        end = scale * row["mrr"]
        marks += [
            element("text", NAMES[name], x=0, y=y + 15),
            element(
                "rect", class_="light" if "against_bm25" in row else "bar", x=0, y=y + 21, width=f"{end:.1f}", height=14
            ),
        ]
        if against := row.get("against_bm25"):
            low, high = (scale * min(1.0, max(0.0, reference + against["interval"][side])) for side in ("low", "high"))
            marks += [
                element("line", class_="whisker", x1=f"{x1:.1f}", x2=f"{x2:.1f}", y1=y + y1, y2=y + y2)
                for x1, x2, y1, y2 in ((low, high, 28, 28), (low, low, 24, 32), (high, high, 24, 32))
            ]
            end = max(end, high)
        marks.append(element("text", f"{row['mrr']:.3f}", class_="soft", x=f"{end + 6:.1f}", y=y + 33))
    at, bottom = f"{scale * reference:.1f}", len(systems) * _ROW - 6
    marks.insert(0, element("line", class_="axis", x1=at, x2=at, y1=20, y2=bottom))
    label = "Mean reciprocal rank by system; table below"
    drawing = element("svg", *marks, viewBox=f"0 0 {WIDTH} {len(systems) * _ROW}", role="img", aria_label=label)
    return element("figure", drawing)

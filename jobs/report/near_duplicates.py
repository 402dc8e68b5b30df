"""Near-duplicates as a person judges them: both papers by title, date and source, and what their texts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.report.changes import marked
from jobs.report.markup import Markup, element, table

Papers = Mapping[str, Mapping[str, str]]
"""Each paper that is named, by its cord_uid: the fields of ``jobs.report.statistics.Paper``."""


def near_duplicates(found: Mapping[str, Any], introduced: Sequence[Mapping[str, str]]) -> list[Markup]:
    """Nothing where none was dropped; ``introduced`` has every paper that is named."""
    if not found["dropped"]:
        return []
    papers = {paper["cord_uid"]: paper for paper in introduced}
    most = [(_named(papers[uid]), f"{count:,}") for uid, count in found["dropped_for_one"]]
    return [
        element("h3", "Near-duplicates"),
        element(
            "p",
            f"{found['dropped']:,} documents were dropped, each for one that is kept; ",
            element("code", found["list"]),
            " lists them. The pairs below are the least alike; the percentage is the share of runs of three words that "
            "both texts have. In a pair's title and first words, what only the dropped one has is ",
            element("del", "struck out"),
            ", what only the kept one has is ",
            element("ins", "underlined"),
            ".",
        ),
        *(_pair(pair, papers) for pair in found["least_alike"]),
        table(("kept", "dropped for it"), most),
    ]


def _pair(pair: Mapping[str, Any], papers: Papers) -> Markup:
    dropped, kept = papers[pair["cord_uid"]], papers[pair["kept"]]
    return element(
        "article",
        element("h4", f"They share {pair['similarity']:.0%}"),
        element("p", element("strong", "Dropped: "), _named(dropped)),
        element("p", element("strong", "Kept: "), _named(kept)),
        element("p", *marked(_text(dropped), _text(kept)), " …"),
    )


def _named(paper: Mapping[str, str]) -> str:
    known = (paper["title"], paper["published"], paper["source"], paper["cord_uid"])
    return " · ".join(part for part in known if part)


def _text(paper: Mapping[str, str]) -> str:
    return f"{paper['title']} — {paper['opening']}" if paper["title"] else paper["opening"]

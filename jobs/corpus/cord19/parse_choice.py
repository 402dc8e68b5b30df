"""Chooses the parse that a paper's text is taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.corpus.cord19.metadata import Paper
from jobs.corpus.cord19.parse import ParsedPaper
from jobs.corpus.documents.document import Document, Parse
from jobs.corpus.documents.paragraph import plain


@dataclass(frozen=True)
class Candidate:
    """One readable parse of a paper."""

    kind: Parse
    path: str
    parsed: ParsedPaper


def choose(candidates: Sequence[Candidate]) -> Candidate | None:
    """PMC before PDF (its XML has no line numbers, headers or torn words), then the longest body, then the path.

    A parse without any body text serves only where no other has one.
    """

    def rank(candidate: Candidate) -> tuple[bool, bool, int, str]:
        parsed = candidate.parsed
        return (not parsed.body, candidate.kind != "pmc_json", -parsed.body_characters, candidate.path)

    return min(candidates, key=rank, default=None)


def compose(paper: Paper, candidates: Sequence[Candidate]) -> tuple[Document, Candidate | None]:
    """The paper's document, and the parse its body is taken from (None without body text).

    Title and abstract are metadata's; where those are empty, the chosen parse's, then any other parse's:
    pmc_json never has an abstract, its sibling PDF often does.
    """
    chosen = choose(candidates)
    others = sorted((c for c in candidates if c is not chosen), key=lambda c: (c.kind != "pmc_json", c.path))
    in_order = [chosen, *others] if chosen else []
    with_body = chosen if chosen and chosen.parsed.body else None
    document = Document(
        cord_uid=paper.cord_uid,
        title=paper.title or next((c.parsed.title for c in in_order if c.parsed.title), ""),
        abstract=plain([paper.abstract])
        if paper.abstract
        else next((c.parsed.abstract for c in in_order if c.parsed.abstract), ()),
        body=with_body.parsed.body if with_body else (),
        parse=with_body.kind if with_body else "",
        license=paper.license,
        publish_time=paper.publish_time,
        source=paper.source,
        journal=paper.journal,
        doi=paper.doi,
        url=paper.url,
    )
    return document, with_body

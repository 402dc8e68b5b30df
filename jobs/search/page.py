"""The search page as HTML: made on the server, complete without JavaScript. Pure; all text of papers is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from jobs.report.markup import Markup, element, join
from jobs.search.engine import Answer, Hit, Mode
from jobs.search.facets import Facets
from jobs.search.paper import EVERYTHING, Filters
from jobs.search.passage import Passage

NO_FACETS = Facets()

MODES = {
    Mode.AUTO: "Automatic",
    Mode.BM25: "Words (BM25)",
    Mode.DENSE: "Meaning (vectors)",
    Mode.HYBRID: "Words and meaning",
}

_RANKED_BY = {
    Mode.BM25: "ranked by words (BM25)",
    Mode.DENSE: "ranked by meaning (vectors)",
    Mode.HYBRID: "ranked by words and meaning",
}


@dataclass(frozen=True)
class Query:
    """What the address of a page asks for."""

    text: str = ""
    like: str = ""
    """A cord_uid: find papers like that one instead."""
    mode: Mode = Mode.AUTO
    filters: Filters = EVERYTHING
    count: int = 10

    def address(self) -> str:
        """The query as a relative URL; what has its default is left out."""
        filters = self.filters
        fields = {
            "q": self.text,
            "like": self.like,
            "mode": "" if self.mode is Mode.AUTO else self.mode,
            "from": filters.year_from or "",
            "until": filters.year_until or "",
            "license": filters.license or "",
            "source": filters.source or "",
            "n": "" if self.count == Query.count else self.count,
        }
        return "/?" + urlencode({name: str(value) for name, value in fields.items() if value != ""})


@dataclass(frozen=True)
class Column:
    """The answer of one index; two are shown side by side to compare models."""

    title: str
    answer: Answer | None
    error: str = ""


def page(
    query: Query,
    columns: Sequence[Column],
    *,
    corpus: str,
    papers: int,
    facets: Facets = NO_FACETS,
    seconds: float | None = None,
) -> str:
    """The whole document for one query; without a text, the form alone."""
    title = f"{query.text} · search" if query.text else f"Search {corpus}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title[:200]),
        element("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
        element("link", rel="stylesheet", href="/style.css"),
        element("script", src="/keys.js", defer="defer"),
    )
    content = _results(query, columns, seconds) if query.text or query.like else _invitation()
    body = element(
        "body",
        element("a", "Skip to the results", href="#results", class_="skip"),
        element("header", element("h1", element("a", "Search", href="/")), _about(corpus, papers)),
        _form(query, facets),
        element("main", *content, id="results", tabindex="-1"),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _about(corpus: str, papers: int) -> Markup:
    return element("p", f"{papers:,} papers of {corpus}", class_="soft")


def _form(query: Query, facets: Facets) -> Markup:
    filters = query.filters
    # Longer queries are cut where they are read; here only what a form can hold is repeated.
    search = element(
        "input", type="search", name="q", value=query.text[:2000], placeholder="What do you want to know?",
        aria_label="Query", autocomplete="off", enterkeyhint="search",
        **({} if query.text or query.like else {"autofocus": "autofocus"}),
    )  # fmt: skip
    years = [
        element(
            "label", label, element("input", type="number", name=name, value=value or "", min=1800, max=2100, step=1)
        )
        for label, name, value in (
            ("From year", "from", filters.year_from),
            ("Until year", "until", filters.year_until),
        )
    ]
    texts = [
        element(
            "label",
            label,
            element("input", type="text", name=name, value=value or "", placeholder="any", list=f"{name}s"),
            element("datalist", *_options(known), id=f"{name}s"),
        )
        for label, name, value, known in (
            ("Licence", "license", filters.license, facets.licenses),
            ("Source", "source", filters.source, facets.sources),
        )
    ]
    options = [
        element("option", name, value=mode, **({"selected": "selected"} if mode is query.mode else {}))
        for mode, name in MODES.items()
    ]
    opened = {"open": "open"} if filters.any or query.mode is not Mode.AUTO else {}
    more = element(
        "details",
        element("summary", "Filters and ranking"),
        element("div", element("label", "Ranking", element("select", *options, name="mode")), *years, *texts),
        **opened,
    )
    line = element("div", search, element("button", "Search", type="submit"), class_="line")
    return element("form", line, more, action="/", method="get", role="search")


def _options(known: Mapping[str, int]) -> list[Markup]:
    return [element("option", f"{count:,} papers", value=value) for value, count in known.items()]


def _invitation() -> list[Markup]:
    return [element("p", "Ask in plain words. Press / to begin, j and k to move through the results.", class_="soft")]


def _results(query: Query, columns: Sequence[Column], seconds: float | None) -> list[Markup]:
    took = f" in {1000 * seconds:.0f} ms" if seconds is not None else ""
    places = {
        column.title: {hit.paper.cord_uid: hit.rank for hit in column.answer.hits}
        for column in columns
        if column.answer
    }
    several = len(columns) > 1
    shown = [_column(query, column, took, _without(places, column.title), several=several) for column in columns]
    found = [element("div", *shown, class_="columns")] if several else shown
    return [*found, *([_explanation()] if any(places.values()) else [])]


Places = Mapping[str, Mapping[str, int]]
"""By index: the rank of each paper that it found, by cord_uid."""


def _without(places: Places, title: str) -> Places:
    return {other: ranks for other, ranks in places.items() if other != title}


def _explanation() -> Markup:
    text = (
        "BM25 is how well the words match: a rarer word counts more, a title's words count double, and only scores of "
        "one query compare. Cosine is how close the model finds query and paper in meaning, 1 at most; a model that "
        "was not tuned for search finds all papers close. Where both rank, a paper's place follows from its two ranks."
    )
    return element("details", element("summary", "What do the scores mean?"), element("p", text, class_="soft"))


def _column(query: Query, column: Column, took: str, others: Places, *, several: bool) -> Markup:
    heading = [element("h2", column.title)] if several else []
    if column.error:
        return element("section", *heading, element("p", column.error, class_="error", role="alert"))
    if not column.answer or not column.answer.hits:
        return element("section", *heading, _nothing(query, column.answer.hints if column.answer else ()))
    found = len(column.answer.hits)
    what = f"{found} paper{'s' if found != 1 else ''}, {_RANKED_BY[column.answer.mode]}{took}"
    hits = element("ol", *(_hit(query, hit, others) for hit in column.answer.hits), class_="hits")
    return element("section", *heading, element("p", what, class_="soft", role="status"), hits)


def _nothing(query: Query, hints: Sequence[str]) -> Markup:
    why = f": {'; '.join(hints)}" if hints else ""
    if query.filters.any:
        everywhere = replace(query, filters=EVERYTHING).address()
        return element(
            "p", f"No paper matches with these filters{why}. ",
            element("a", "Search without them", href=everywhere), ".", role="status",
        )  # fmt: skip
    return element("p", f"No paper matches{why}. Try other or fewer words.", role="status")


def _hit(query: Query, hit: Hit, others: Places) -> Markup:
    paper = hit.paper
    title = paper.title or "Untitled"
    named = element("a", title, href=paper.link, rel="noreferrer") if paper.link else title
    licence = f"licence {paper.license}" if paper.license else ""
    facts = [str(paper.year) if paper.year else "", paper.journal, paper.source, licence]
    ranks = [_place(paper.cord_uid, other, found) for other, found in others.items()]
    like = replace(query, text="", like=paper.cord_uid).address()
    return element(
        "li",
        element("h3", named),
        element("p", " · ".join(filter(None, facts)), class_="soft"),
        *([element("p", _marked(hit.passage))] if hit.passage.text else []),
        element(
            "p", " · ".join([*hit.scores, *ranks]), " · ", element("a", "More like this", href=like), class_="soft why"
        ),
    )  # fmt: skip


def _place(cord_uid: str, other: str, ranks: Mapping[str, int]) -> str:
    return f"rank {ranks[cord_uid]} of {other}" if cord_uid in ranks else f"not found by {other}"


def _marked(passage: Passage) -> Markup:
    parts: list[str] = []
    end = 0
    for start, stop in passage.marks:
        parts += [passage.text[end:start], element("mark", passage.text[start:stop])]
        end = stop
    return join(*parts, passage.text[end:])

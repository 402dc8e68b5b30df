"""BM25 over titles and abstracts, on tantivy; it also stores the papers for display.

Its files differ from build to build (segments have random names), so they are never an artifact: they are built from
one at first use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tantivy

from jobs.json_text import from_json
from jobs.search.facets import Facets, FacetsCounter
from jobs.search.paper import COLUMNS, Filters, Paper, sources_of

MAX_QUERY_WORDS = 64
"""Words of a query beyond these are ignored: an abstract pasted in as a query is still answered at once."""

TITLE_WEIGHT = 2.0
_HEAP_BYTES = 256_000_000
_WORD = re.compile(r"[^\W_]+")

Ranked = list[tuple[int, float]]
"""Rows and scores, best first; equal scores in the order of rows."""

_FACETS = "facets.json"
_ENGLISH = "english"
_LONGEST_WORD = 60


def _analyzer() -> tantivy.TextAnalyzer:
    """Lower case, no stop words, English stems (Snowball): as Lucene's EnglishAnalyzer, nearly."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST_WORD))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", stored=True, indexed=True, fast=True)
    builder.add_text_field("title", stored=True, tokenizer_name=_ENGLISH)
    builder.add_text_field("abstract", stored=True, tokenizer_name=_ENGLISH)
    builder.add_unsigned_field("year", stored=True, indexed=True, fast=True)
    for name in ("cord_uid", "journal", "doi", "url", "license", "source"):
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("license_is", "source_is"):
        builder.add_text_field(name, stored=False, tokenizer_name="raw", index_option="basic")
    return builder.build()


def build(directory: Path, papers: Iterable[Paper]) -> int:
    """Index ``papers`` below an empty directory, in one segment; returns how many. Row numbers count from 0."""
    schema = _schema()
    index = tantivy.Index(schema, path=str(directory))
    index.register_tokenizer(_ENGLISH, _analyzer())
    writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
    rows, counter = 0, FacetsCounter()
    for paper in papers:
        counter.add(paper)
        fields: dict[str, Any] = {**asdict(paper), "row": rows, "license_is": paper.license.lower()}
        document = tantivy.Document.from_dict(fields, schema)
        for source in sources_of(paper.source):
            document.add_text("source_is", source)
        writer.add_document(document)
        rows += 1
    writer.commit()
    writer.wait_merging_threads()
    (directory / _FACETS).write_text(json.dumps(asdict(counter.facets())))
    return rows


class LexicalIndex:
    """An index that ``build`` made. Searches may run on several threads at once."""

    def __init__(self, directory: Path) -> None:
        self._index = tantivy.Index.open(str(directory))
        self._analyzer = _analyzer()
        self._index.register_tokenizer(_ENGLISH, self._analyzer)
        self._schema = self._index.schema
        self._searcher = self._index.searcher()
        self.facets = Facets(**from_json((directory / _FACETS).read_bytes()))

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, text: str, count: int, filters: Filters, rows: Sequence[int] | None = None) -> Ranked:
        """The best ``count`` rows by BM25 (k1 1.2, b 0.75) with a title's words weighing double; [] for no words.

        Only of ``rows``, where they are given.
        """
        stems = self.stems(" ".join(query_words(text)))
        if not stems:
            return []
        # Term by term: tantivy's query language, with its own meaning of quotes and colons, is never asked.
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, self._term(stem)) for stem in stems])
        if rows is not None:
            only = tantivy.Query.const_score_query(tantivy.Query.term_set_query(self._schema, "row", list(rows)), 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, only)])
        return self._ranked(self._filtered(query, filters), count)

    def _term(self, stem: str) -> tantivy.Query:
        in_title = tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, "title", stem), TITLE_WEIGHT)
        in_abstract = tantivy.Query.term_query(self._schema, "abstract", stem)
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, in_title), (tantivy.Occur.Should, in_abstract)])

    def similar(self, row: int, count: int, filters: Filters) -> Ranked:
        """Rows whose words are most like those of ``row``, without it."""
        paper = self.paper(row)
        found = self.search(f"{paper.title} {paper.abstract}", count + 1, filters)
        return [(other, score) for other, score in found if other != row][:count]

    def allowed(self, filters: Filters) -> list[int] | None:
        """The rows that ``filters`` allow; None where they allow all."""
        if not filters.any:
            return None
        query = self._filtered(tantivy.Query.all_query(), filters)
        found = self._searcher.search(query, len(self) or 1, count=False, order_by_field="row").hits
        return sorted(self._rows([address for _, address in found]))

    def stems(self, text: str) -> list[str]:
        """The terms that ``text`` is found by: its words' stems, without stop words."""
        return self._analyzer.analyze(text)

    def paper(self, row: int) -> Paper:
        """Raises ``KeyError`` for a row that is not there."""
        found = self._searcher.search(tantivy.Query.term_query(self._schema, "row", row), 1).hits
        if not found:
            raise KeyError(row)
        fields = self._searcher.doc(found[0][1]).to_dict()
        return Paper(**{name: fields[name][0] for name in COLUMNS if fields.get(name)})

    def row_of(self, cord_uid: str) -> int | None:
        found = self._searcher.search(tantivy.Query.term_query(self._schema, "cord_uid", cord_uid), 1).hits
        return self._rows([found[0][1]])[0] if found else None

    def _rows(self, addresses: list[tantivy.DocAddress]) -> list[int]:
        return [int(row or 0) for row in self._searcher.fast_field_values("row", addresses)]

    def _ranked(self, query: tantivy.Query, count: int) -> Ranked:
        hits = self._searcher.search(query, count, count=False).hits
        rows = self._rows([address for _, address in hits])
        scored = [(row, float(score or 0)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(scored, key=lambda item: (-item[1], item[0]))

    def _filtered(self, query: tantivy.Query, filters: Filters) -> tantivy.Query:
        must = [query]
        if filters.year_from is not None or filters.year_until is not None:
            earliest, latest = filters.year_from or 1, filters.year_until or 9999
            must.append(tantivy.Query.range_query(self._schema, "year", tantivy.FieldType.Unsigned, earliest, latest))
        for name, wanted in (("license_is", filters.license), ("source_is", filters.source)):
            if wanted is not None:
                must.append(tantivy.Query.term_query(self._schema, name, wanted.strip().lower()))
        if len(must) == 1:
            return query
        first, *others = must
        restricted = [(tantivy.Occur.Must, tantivy.Query.const_score_query(other, 0.0)) for other in others]
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, first), *restricted])


def query_words(text: str) -> list[str]:
    """The query's words, lower-cased: nothing of tantivy's query language is left in them."""
    return [word.lower() for word in _WORD.findall(text[: 100 * MAX_QUERY_WORDS])][:MAX_QUERY_WORDS]

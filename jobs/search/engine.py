"""Answers queries from one staged index: which ranking is used, and why each paper was found."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.errors import ConfigurationError
from jobs.processors import usable_processors
from jobs.search.batching import Batcher
from jobs.search.fusion import reciprocal_rank_fusion
from jobs.search.lexical import LexicalIndex, Ranked, query_words
from jobs.search.paper import EVERYTHING, Filters, Paper
from jobs.search.passage import Passage, best_passage
from jobs.search.recent import Recent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jobs.search.encoder import TextEncoder
    from jobs.search.vectors import VectorIndex

FUSED_DEPTH = 100
"""Ranks of each ranking that are joined."""
MOST_FILTERS = 16
"""Filters whose rows are kept, each a byte a paper."""
MOST_TEXTS = 1000
"""Queries whose vectors are kept: another page, filter or ranking of the same one needs none."""
MOST_THREADS = 8
"""More would wait for memory, and for each other."""


class Mode(StrEnum):
    AUTO = "auto"
    """What the index's own evaluation found best."""
    BM25 = "bm25"
    DENSE = "dense"
    HYBRID = "hybrid"


@dataclass(frozen=True)
class Hit:
    """One paper found, and why."""

    rank: int
    paper: Paper
    passage: Passage
    bm25: float | None
    """Its BM25 score; None where that ranking did not find it, or was not asked."""
    cosine: float | None
    """Its vector's cosine with the query's, likewise."""

    @property
    def scores(self) -> tuple[str, ...]:
        """Why it was found, for people: the score of each ranking that found it."""
        scores = (("BM25 {:.1f}", self.bm25), ("cosine {:.2f}", self.cosine))
        return tuple(words.format(score) for words, score in scores if score is not None)

    def to_json(self) -> dict[str, Any]:
        scores = {"bm25": self.bm25, "cosine": self.cosine}
        return {
            "rank": self.rank, **asdict(self.paper), "link": self.paper.link, "passage": self.passage.text, **scores
        }  # fmt: skip


@dataclass(frozen=True)
class Answer:
    mode: Mode
    """The ranking that was used: never ``AUTO``."""
    hits: tuple[Hit, ...]
    hints: tuple[str, ...] = ()
    """Why there may be no hits, for people."""

    def to_json(self) -> dict[str, Any]:
        """For programs: fields may be added, and keep their names and meaning."""
        return {"mode": self.mode, "hits": [hit.to_json() for hit in self.hits]}


@dataclass(frozen=True)
class Layout:
    """Where the parts of a staged index are."""

    lexical: Path
    vectors: Path
    embedder: Path


@dataclass(frozen=True)
class _Asked:
    """What is asked of the vectors."""

    query: str | NDArray[np.float32]
    """A text, or a paper's vector."""
    count: int
    among: NDArray[np.bool_] | None
    """A mask over all rows; None: any of them."""


class SearchEngine:
    """Safe to use from several threads. Opens its parts, and imports what reads them, when they are first needed."""

    def __init__(self, layout: Layout, default: Mode) -> None:
        self._layout = layout
        self._default = default
        self._opening = threading.RLock()
        self.lexical = LexicalIndex(layout.lexical)
        # All processors work for one batch: what waits meanwhile shares the next pass over the model's weights and over
        # the vectors, which more passes at once would only take from each other.
        self._near = Batcher(self._nearest_of_each)
        self._threads = min(MOST_THREADS, usable_processors())
        self._allowed = lru_cache(MOST_FILTERS)(self._look_up)

    def search(self, text: str, *, mode: Mode = Mode.AUTO, filters: Filters = EVERYTHING, count: int = 10) -> Answer:
        """The best ``count`` papers for ``text``; none for a text without words."""
        chosen = self._default if mode is Mode.AUTO else mode
        words = query_words(text)
        if not words:
            return Answer(chosen, (), ("the query has no words",))
        bm25, dense = self._rankings(text, chosen, count, filters, None)
        hits = self._hits(chosen, bm25, dense, words, count)
        return Answer(chosen, hits, () if hits else tuple(self._hints(text, chosen, words, filters)))

    def _hints(self, text: str, mode: Mode, words: list[str], filters: Filters) -> Iterator[str]:
        if mode is not Mode.DENSE and not self.lexical.stems(" ".join(words)):
            yield "words as frequent as those of the query are not searched for"
        if mode is not Mode.BM25 and not self._encoder.knows(text):
            yield "the model knows no word of the query"
        yield from self.lexical.facets.near_misses(filters)

    def rank(self, text: str, mode: Mode, count: int, rows: Sequence[int] | None = None) -> Ranked:
        """Rows and scores of the best ``count``, best first; of ``rows`` alone where they are given."""
        bm25, dense = self._rankings(text, mode, count, EVERYTHING, rows)
        return self._joined(mode, bm25, dense)[:count]

    def _rankings(
        self, text: str, mode: Mode, count: int, filters: Filters, rows: Sequence[int] | None
    ) -> tuple[Ranked, Ranked]:
        depth = count if mode is not Mode.HYBRID else max(count, FUSED_DEPTH)
        bm25 = self.lexical.search(text, depth, filters, rows) if mode is not Mode.DENSE else []
        dense = self._nearest(text, depth, filters, rows) if mode is not Mode.BM25 else []
        return bm25, dense

    def _joined(self, mode: Mode, bm25: Ranked, dense: Ranked) -> Ranked:
        if mode is Mode.BM25:
            return bm25
        if mode is Mode.DENSE:
            return dense
        return reciprocal_rank_fusion([[row for row, _ in bm25], [row for row, _ in dense]])

    def similar(self, row: int, *, mode: Mode = Mode.AUTO, filters: Filters = EVERYTHING, count: int = 10) -> Answer:
        """The papers most like the one in ``row``, without it. Raises ``KeyError`` for a row that is not there."""
        chosen = self._default if mode is Mode.AUTO else mode
        paper = self.lexical.paper(row)
        depth = count if chosen is not Mode.HYBRID else max(count, FUSED_DEPTH)
        bm25 = self.lexical.similar(row, depth, filters) if chosen is not Mode.DENSE else []
        dense: Ranked = []
        if chosen is not Mode.BM25:
            near = self._near(_Asked(self._vectors.vector(row), depth + 1, self._allowed(filters)))
            dense = [(other, score) for other, score in near if other != row][:depth]
        hits = self._hits(chosen, bm25, dense, query_words(paper.title), count)
        return Answer(chosen, hits, () if hits else tuple(self.lexical.facets.near_misses(filters)))

    def _nearest(self, text: str, count: int, filters: Filters, rows: Sequence[int] | None) -> Ranked:
        return self._near(_Asked(text, count, self._allowed(filters) if rows is None else self._mask(rows)))

    def _nearest_of_each(self, asked: Sequence[_Asked]) -> list[Ranked]:
        from jobs.search.vectors import Wanted

        with self._opening:
            vectors, encoded_texts = self._vectors, self._encoded_texts
        encoded = iter(encoded_texts.of([one.query for one in asked if isinstance(one.query, str)]))
        queries = [next(encoded) if isinstance(one.query, str) else one.query for one in asked]
        found = iter(
            vectors.search(
                [
                    Wanted(query, one.count, one.among)
                    for query, one in zip(queries, asked, strict=True)
                    if query is not None
                ],
                self._threads,
            )
        )
        return [[] if query is None else next(found) for query in queries]

    def _look_up(self, filters: Filters) -> NDArray[np.bool_] | None:
        """A mask over all rows; None where ``filters`` allow all."""
        rows = self.lexical.allowed(filters)
        return None if rows is None else self._mask(rows)

    def _mask(self, rows: Sequence[int]) -> NDArray[np.bool_]:
        import numpy as np

        mask = np.zeros(len(self.lexical), np.bool_)
        mask[list(rows)] = True
        return mask

    def _hits(self, mode: Mode, bm25: Ranked, dense: Ranked, words: list[str], count: int) -> tuple[Hit, ...]:
        lexical_scores, cosines = dict(bm25), dict(dense)
        rows = [row for row, _ in self._joined(mode, bm25, dense)]
        hits = []
        for rank, row in enumerate(rows[:count], 1):
            paper = self.lexical.paper(row)
            passage = best_passage(paper.abstract, words, self.lexical.stems)
            hits.append(Hit(rank, paper, passage, lexical_scores.get(row), cosines.get(row)))
        return tuple(hits)

    @cached_property
    def _encoder(self) -> TextEncoder:
        from jobs.search.encoder import TextEncoder

        return TextEncoder(self._layout.embedder)

    @cached_property
    def _encoded_texts(self) -> Recent[str, NDArray[np.float32] | None]:
        """None for a text of which the embedder knows no piece: nothing is near it."""
        encoder = self._encoder

        def encode(texts: Sequence[str]) -> list[NDArray[np.float32] | None]:
            known = [text for text in texts if encoder.knows(text)]
            encoded = dict(zip(known, encoder.encode(known, self._threads), strict=True))
            return [encoded.get(text) for text in texts]

        return Recent(encode, MOST_TEXTS)

    @cached_property
    def _vectors(self) -> VectorIndex:
        from jobs.search.encoder import width_of
        from jobs.search.vectors import VectorIndex

        with self._opening:
            vectors = VectorIndex(self._layout.vectors)
            width = width_of(self._layout.embedder)
            if vectors.width != width:
                raise ConfigurationError(
                    str(self._layout.vectors),
                    f"its vectors have {vectors.width} numbers, the embedder makes {width}",
                    "index again: covid-ctl submit index RECIPE",
                )
            if len(vectors) != len(self.lexical):
                raise ConfigurationError(
                    str(self._layout.vectors),
                    f"it holds {len(vectors):,} vectors, the word index {len(self.lexical):,} papers",
                    "remove the cache's directory and search again",
                )
            return vectors

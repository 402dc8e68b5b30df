"""The statistics of one shard for the report, beside its counts. Those of all shards add up to one of the same size.

Joining is associative and does not depend on the order: what is kept of samples is what sorts first.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jobs.report.histogram import Histogram

SAMPLES = 20
MOST_REPEATED = 10
SEEN_EXAMPLES = 5


@dataclass(frozen=True, order=True)
class Sample:
    """One paragraph before and after. Those of smallest ``rank`` are shown."""

    rank: str
    """Hex digits of a hash of the document's identity: a random order that every shard agrees on."""
    cord_uid: str
    before: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class ResidualMarkers:
    """Words of boilerplate in the same documents, as released and in their sentences."""

    documents: int = 0
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: ResidualMarkers) -> ResidualMarkers:
        return ResidualMarkers(
            self.documents + other.documents, _added(self.before, other.before), _added(self.after, other.after)
        )


@dataclass(frozen=True)
class Repeats:
    """Training sentences that stand in several documents of one shard."""

    sentences: int = 0
    """All that were compared, repeated or not."""
    repeated: int = 0
    """Those that stood there before."""
    most: tuple[tuple[int, str], ...] = ()
    """The largest count in any one shard, and the sentence as its pieces read; each sentence once, the most
    frequent first."""

    def __add__(self, other: Repeats) -> Repeats:
        counts: dict[str, int] = {}
        for count, text in (*self.most, *other.most):
            counts[text] = max(count, counts.get(text, 0))
        ranked = sorted(((count, text) for text, count in counts.items()), key=lambda entry: (-entry[0], entry[1]))
        return Repeats(self.sentences + other.sentences, self.repeated + other.repeated, tuple(ranked[:MOST_REPEATED]))


@dataclass(frozen=True, order=True)
class SeenExample:
    """One training example as the model sees it. Those of smallest ``rank`` are shown."""

    rank: str
    """Hex digits of a hash of its content."""
    pieces: tuple[str, ...]
    """Without padding."""
    hidden: tuple[tuple[int, str], ...]
    """Places in ``pieces`` whose piece the model has to tell, and which piece that is."""
    is_next: bool
    """Whether the second part follows the first in its document."""


@dataclass(frozen=True, order=True)
class Paper:
    """A paper as the report introduces it, where its cord_uid alone would say nothing."""

    cord_uid: str
    title: str
    published: str
    """As the corpus writes it; empty where it does not."""
    source: str
    opening: str
    """The first words of its abstract, or of its body."""


@dataclass(frozen=True)
class Statistics:
    lengths: Mapping[str, Histogram]
    samples: tuple[Sample, ...] = ()
    years: Mapping[str, int] = field(default_factory=dict)
    """Documents by year of publication; the empty year is that of documents without one."""
    unknown_words: Mapping[str, int] = field(default_factory=dict)
    """Words that became [UNK], and how often, of the sentences that were looked at."""
    seen_examples: tuple[SeenExample, ...] = ()
    residual_markers: ResidualMarkers = ResidualMarkers()
    repeats: Repeats = Repeats()
    papers: tuple[Paper, ...] = ()
    """Those that the report names; each is in one shard."""

    def __add__(self, other: Statistics) -> Statistics:
        return Statistics(
            {name: histogram + other.lengths[name] for name, histogram in self.lengths.items()},
            tuple(heapq.nsmallest(SAMPLES, {*self.samples, *other.samples})),
            _added(self.years, other.years),
            _added(self.unknown_words, other.unknown_words),
            tuple(heapq.nsmallest(SEEN_EXAMPLES, {*self.seen_examples, *other.seen_examples})),
            self.residual_markers + other.residual_markers,
            self.repeats + other.repeats,
            tuple(sorted({*self.papers, *other.papers})),
        )

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "lengths": {name: histogram.to_json() for name, histogram in self.lengths.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Statistics:
        repeats = data["repeats"]
        return cls(
            {name: Histogram.from_json(histogram) for name, histogram in data["lengths"].items()},
            tuple(Sample(**{**sample, "sentences": tuple(sample["sentences"])}) for sample in data["samples"]),
            data["years"],
            data["unknown_words"],
            tuple(
                SeenExample(
                    **{
                        **seen,
                        "pieces": tuple(seen["pieces"]),
                        "hidden": tuple((place, piece) for place, piece in seen["hidden"]),
                    }
                )
                for seen in data["seen_examples"]
            ),
            ResidualMarkers(**data["residual_markers"]),
            Repeats(**{**repeats, "most": tuple((count, text) for count, text in repeats["most"])}),
            tuple(Paper(**paper) for paper in data["papers"]),
        )


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    total = Counter(one)
    total.update(other)
    return dict(sorted(total.items()))

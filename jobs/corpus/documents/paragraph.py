"""One paragraph as released, and where in it the parse saw citations and references to figures and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Span = tuple[int, int]
"""Start and end in characters of the paragraph's text, as Python slices count."""


# A tuple, as a frozen dataclass takes three times as long to make, and a release has tens of millions.
class Paragraph(NamedTuple):
    """``cite_spans`` and ``ref_spans`` are sorted, not empty, within ``text``, and do not overlap their like."""

    text: str
    cite_spans: tuple[Span, ...] = ()
    ref_spans: tuple[Span, ...] = ()
    ignored_spans: int = 0
    """Number of invalid spans in the parse: outside the text, overlapping, or of the wrong type."""


def plain(texts: Iterable[str]) -> tuple[Paragraph, ...]:
    """Paragraphs of text alone."""
    return tuple(map(Paragraph, texts))

"""One paragraph as released, and where in it the parse saw citations and references to figures and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

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

    def to_json(self) -> Any:
        """The bare text where there are no spans, as in most paragraphs."""
        if not (self.cite_spans or self.ref_spans or self.ignored_spans):
            return self.text
        return [self.text, self.cite_spans, self.ref_spans, self.ignored_spans]

    @classmethod
    def from_json(cls, value: Any) -> Paragraph:
        """The inverse of ``to_json``."""
        if isinstance(value, str):
            return cls(value)
        text, cite_spans, ref_spans, ignored = value
        return cls(text, tuple(map(tuple, cite_spans)), tuple(map(tuple, ref_spans)), ignored)


def plain(texts: Iterable[str]) -> tuple[Paragraph, ...]:
    """Paragraphs of text alone."""
    return tuple(map(Paragraph, texts))


def read_paragraph(text: str, cite_spans: object, ref_spans: object) -> Paragraph:
    """The paragraph without white space at its ends, and of its spans those that can be believed.

    A span is an object with ``start`` and ``end`` and, as ``text`` (pdf_json) or ``mention`` (pmc_json),
    what it covers. One that contradicts its text, or begins within an earlier one, is counted and no more.
    """
    stripped = text.strip()
    offset = len(text) - len(text.lstrip())
    cites, ignored = _believable(text, cite_spans, offset, len(stripped))
    refs, more = _believable(text, ref_spans, offset, len(stripped))
    return Paragraph(stripped, cites, refs, ignored + more)


def _believable(text: str, spans: object, offset: int, length: int) -> tuple[tuple[Span, ...], int]:
    if not spans or not isinstance(spans, list):
        return (), int(spans is not None and spans != [])
    found = sorted(place for span in spans if (place := _place(text, span)))
    kept: list[Span] = []
    end = 0
    for start, stop in found:
        start, stop = start - offset, stop - offset
        if end <= start and stop <= length:
            kept.append((start, stop))
            end = stop
    return tuple(kept), len(spans) - len(kept)


def _place(text: str, span: object) -> Span | None:
    if not isinstance(span, dict):
        return None
    start, end = span.get("start"), span.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return None
    covered = span.get("text", span.get("mention"))
    return (start, end) if covered is None or covered == text[start:end] else None

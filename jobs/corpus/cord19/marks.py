"""What a parse marked in its paragraphs: citations, and references to figures and tables."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from jobs.corpus.documents.paragraph import Paragraph, Span


class Mark(Struct, gc=False):
    """A span as a parse has it, and what it covers: as ``text`` in pdf_json, as ``mention`` in pmc_json."""

    start: int
    end: int
    text: str | UnsetType | None = UNSET
    mention: str | UnsetType | None = UNSET

    def covers(self, text: str) -> bool:
        """Whether it lies in ``text`` and does not contradict it."""
        start, end = self.start, self.end
        if not 0 <= start < end <= len(text):
            return False
        covered = self.text
        if covered is UNSET:
            covered = self.mention
        if covered is None or covered is UNSET:
            return True
        # The lengths first: a slice costs its length, and a parse may have as many marks as its text has characters.
        return len(covered) == end - start and covered == text[start:end]


Marks = Sequence[Mark | None]
"""None is a span that cannot be read."""


def marked_paragraph(text: str, citations: Marks | None, references: Marks | None) -> Paragraph:
    """The paragraph without white space at its ends, and of its spans those that can be believed.

    One that contradicts its text, or begins within an earlier one, is counted and no more.
    """
    stripped = text.strip()
    if not (citations or references):
        return Paragraph(stripped)
    offset = len(text) - len(text.lstrip())
    cites, ignored = _believable(text, citations, offset, len(stripped)) if citations else ((), 0)
    refs, more = _believable(text, references, offset, len(stripped)) if references else ((), 0)
    return Paragraph(stripped, cites, refs, ignored + more)


def _believable(text: str, marks: Marks, offset: int, length: int) -> tuple[tuple[Span, ...], int]:
    found = [(mark.start - offset, mark.end - offset) for mark in marks if mark is not None and mark.covers(text)]
    found.sort()
    kept: list[Span] = []
    end = 0
    for span in found:
        if end <= span[0] and span[1] <= length:
            kept.append(span)
            end = span[1]
    return tuple(kept), len(marks) - len(kept)

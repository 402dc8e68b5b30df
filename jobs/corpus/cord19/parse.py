"""One full-text parse of CORD-19: a file of pdf_json or pmc_json.

What nobody reads is no fault: a NaN in a bibliography, a byte order mark, a null where a list should be. Only what
would lose or falsify text that is read makes a parse malformed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from jobs.corpus.cord19.marks import Mark, Marks, marked_paragraph
from jobs.corpus.documents.lenient_json import read_json
from jobs.corpus.documents.paragraph import Paragraph
from jobs.corpus.documents.quarantine import MalformedError


@dataclass(frozen=True)
class ParsedPaper:
    paper_id: object
    """The file's own ``paper_id``; None where it has none."""
    title: str
    abstract: tuple[Paragraph, ...]
    """Empty in pmc_json, whose schema has none."""
    body: tuple[Paragraph, ...]
    without_text: int = 0
    """Paragraphs that are null, or whose text is."""

    @property
    def body_characters(self) -> int:
        return sum(len(paragraph.text) for paragraph in self.body)


class _Entry(Struct, gc=False):
    """A paragraph."""

    text: str | None = None
    cite_spans: Marks | None = None
    ref_spans: Marks | None = None


class _Metadata(Struct):
    title: str | None = None


class _Parse(Struct):
    """What is read of a parse file; its bibliography, which is half of it, is passed over."""

    body_text: list[_Entry | None] | UnsetType | None = UNSET
    abstract: list[_Entry | None] | None = None
    paper_id: Any = None
    metadata: _Metadata | None = None


_DECODER = msgspec.json.Decoder(_Parse)


def read_parse(data: bytes) -> ParsedPaper:
    """The text of a parse file; blank paragraphs are left out.

    Raises ``MalformedError`` with the byte position where it is known.
    """
    try:
        parse = _DECODER.decode(data)
    except (ValueError, RecursionError):  # what is wrong with it may be where nobody reads
        return read_json(
            data,
            lambda value: _paper(_believable(value)),
            lambda paper: (paper.title, *(p.text for p in (*paper.abstract, *paper.body))),
        )
    return _paper(parse)


def _paper(parse: _Parse) -> ParsedPaper:
    if parse.body_text is UNSET:
        raise MalformedError("no body_text")
    abstract, without_abstract = _paragraphs(parse.abstract or ())
    body, without_body = _paragraphs(parse.body_text or ())
    if without_body and without_body == len(parse.body_text or ()):
        raise MalformedError("body_text[0] has no text")
    return ParsedPaper(
        paper_id=parse.paper_id,
        title=(parse.metadata.title or "").strip() if parse.metadata else "",
        abstract=abstract,
        body=body,
        without_text=without_abstract + without_body,
    )


def _paragraphs(entries: Sequence[_Entry | None]) -> tuple[tuple[Paragraph, ...], int]:
    """The paragraphs that have text, and the number of those that have none."""
    paragraphs = [
        marked_paragraph(entry.text, entry.cite_spans, entry.ref_spans)
        for entry in entries
        if entry is not None and entry.text is not None
    ]
    return tuple(paragraph for paragraph in paragraphs if paragraph.text), len(entries) - len(paragraphs)


def _believable(parse: object) -> _Parse:
    """What can be read of a parse of another shape, as if it had the usual one."""
    if not isinstance(parse, dict):
        raise MalformedError("not a JSON object")
    if "body_text" not in parse:
        raise MalformedError("no body_text")
    metadata = parse.get("metadata")
    title = metadata.get("title") if isinstance(metadata, dict) else None
    return _Parse(
        body_text=_entries(parse, "body_text"),
        abstract=_entries(parse, "abstract"),
        paper_id=parse.get("paper_id"),
        metadata=_Metadata(title if isinstance(title, str) else None),
    )


def _entries(parse: dict[str, Any], key: str) -> list[_Entry | None]:
    paragraphs = parse.get(key)
    if paragraphs is None:
        return []
    if not isinstance(paragraphs, list):
        raise MalformedError(f"{key} is not a list")
    found: list[_Entry | None] = []
    for index, entry in enumerate(paragraphs):
        text = entry.get("text") if isinstance(entry, dict) else entry
        if text is None:
            found.append(None)
            continue
        if not isinstance(text, str) or not isinstance(entry, dict):
            raise MalformedError(f"{key}[{index}] has no text")
        found.append(_Entry(text, _marks(entry.get("cite_spans")), _marks(entry.get("ref_spans"))))
    return found


def _marks(spans: object) -> list[Mark | None]:
    if not isinstance(spans, list):
        return [] if spans is None else [None]
    return [_mark(span) for span in spans]


def _mark(span: object) -> Mark | None:
    try:
        return msgspec.convert(span, Mark)
    except msgspec.ValidationError:
        return None

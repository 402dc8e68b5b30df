"""One full-text parse of CORD-19: a file of pdf_json or pmc_json.

What nobody reads is no fault: a NaN in a bibliography, a byte order mark, a null where a list should be. Only what
would lose or falsify text that is read makes a parse malformed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.corpus.documents.lenient_json import read_json
from jobs.corpus.documents.paragraph import Paragraph, read_paragraph
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


def read_parse(data: bytes) -> ParsedPaper:
    """The text of a parse file; blank paragraphs are left out.

    Raises ``MalformedError`` with the byte position where it is known.
    """
    return read_json(data, _paper, lambda paper: (paper.title, *(p.text for p in (*paper.abstract, *paper.body))))


def _paper(parse: object) -> ParsedPaper:
    if not isinstance(parse, dict):
        raise MalformedError("not a JSON object")
    if "body_text" not in parse:
        raise MalformedError("no body_text")
    metadata = parse.get("metadata")
    title = metadata.get("title") if isinstance(metadata, dict) else None
    abstract, without_abstract = _paragraphs(parse, "abstract")
    body, without_body = _paragraphs(parse, "body_text")
    return ParsedPaper(
        paper_id=parse.get("paper_id"),
        title=title.strip() if isinstance(title, str) else "",
        abstract=abstract,
        body=body,
        without_text=without_abstract + without_body,
    )


def _paragraphs(parse: dict[str, Any], key: str) -> tuple[tuple[Paragraph, ...], int]:
    """The paragraphs that have text, and the number of those that have none."""
    paragraphs = parse.get(key)
    if paragraphs is None:
        return (), 0
    if not isinstance(paragraphs, list):
        raise MalformedError(f"{key} is not a list")
    found = []
    without = 0
    for index, entry in enumerate(paragraphs):
        text = entry.get("text") if isinstance(entry, dict) else entry
        if text is None:
            without += 1
            continue
        if not isinstance(text, str) or not isinstance(entry, dict):
            raise MalformedError(f"{key}[{index}] has no text")
        paragraph = read_paragraph(text, entry.get("cite_spans"), entry.get("ref_spans"))
        if paragraph.text:
            found.append(paragraph)
    if key == "body_text" and without and without == len(paragraphs):
        raise MalformedError("body_text[0] has no text")
    return tuple(found), without

"""One full-text parse of CORD-19: a file of pdf_json or pmc_json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from jobs.corpus.documents.paragraph import Paragraph, read_paragraph
from jobs.corpus.documents.quarantine import MalformedError, not_json


@dataclass(frozen=True)
class ParsedPaper:
    title: str
    abstract: tuple[Paragraph, ...]
    """Empty in pmc_json, whose schema has none."""
    body: tuple[Paragraph, ...]

    @property
    def body_characters(self) -> int:
        return sum(len(paragraph.text) for paragraph in self.body)


def read_parse(data: bytes) -> ParsedPaper:
    """The text of a parse file; blank paragraphs are left out.

    Raises ``MalformedError`` with the byte position where it is known.
    """
    try:
        parse = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise not_json(data, error) from error
    if not isinstance(parse, dict):
        raise MalformedError("not a JSON object")
    if "body_text" not in parse:
        raise MalformedError("no body_text")
    metadata = parse.get("metadata")
    title = metadata.get("title") if isinstance(metadata, dict) else None
    return ParsedPaper(
        title=title.strip() if isinstance(title, str) else "",
        abstract=_paragraphs(parse, "abstract"),
        body=_paragraphs(parse, "body_text"),
    )


def _paragraphs(parse: dict[str, Any], key: str) -> tuple[Paragraph, ...]:
    paragraphs = parse.get(key, [])
    if not isinstance(paragraphs, list):
        raise MalformedError(f"{key} is not a list")
    found = []
    for index, entry in enumerate(paragraphs):
        text = entry.get("text") if isinstance(entry, dict) else None
        if not isinstance(text, str):
            raise MalformedError(f"{key}[{index}] has no text")
        paragraph = read_paragraph(text, entry.get("cite_spans"), entry.get("ref_spans"))
        if paragraph.text:
            found.append(paragraph)
    return tuple(found)

"""One paper after merging and parse choice, its text as released: uncleaned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from jobs.corpus.documents.paragraph import Paragraph

Parse = Literal["pmc_json", "pdf_json", ""]
"""The kind of parse that the body comes from; empty without full text."""


@dataclass(frozen=True)
class Document:
    """``abstract`` and ``body`` are paragraphs, in order."""

    cord_uid: str
    title: str
    abstract: tuple[Paragraph, ...]
    body: tuple[Paragraph, ...]
    parse: Parse
    license: str
    publish_time: str
    source: str = ""
    """metadata.csv's ``source_x``: one or several, as ``Medline; PMC``."""
    journal: str = ""
    doi: str = ""
    """As the corpus writes it, such as ``10.1101/2020.03.01.123456``."""
    url: str = ""
    """One address or several, separated by semicolons."""

    def to_json_line(self) -> bytes:
        """One line of JSON, with its line end; field order is the class's, so equal documents give equal bytes."""
        fields = {
            **vars(self),
            "abstract": [paragraph.to_json() for paragraph in self.abstract],
            "body": [paragraph.to_json() for paragraph in self.body],
        }
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_json_line(cls, line: bytes) -> Document:
        """The inverse of ``to_json_line``."""
        fields: Mapping[str, Any] = orjson.loads(line)
        abstract, body = (tuple(map(Paragraph.from_json, fields[section])) for section in ("abstract", "body"))
        return cls(**{**fields, "abstract": abstract, "body": body})

    @property
    def texts(self) -> tuple[str, ...]:
        """Title, abstract and body as released, in reading order."""
        return (self.title, *(p.text for p in self.abstract), *(p.text for p in self.body))

    @property
    def text_bytes(self) -> int:
        """The size of its text in UTF-8."""
        return sum(len(text.encode()) for text in self.texts)

"""One paper after merging and parse choice, its text as released: uncleaned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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

    @property
    def texts(self) -> tuple[str, ...]:
        """Title, abstract and body as released, in reading order."""
        return (self.title, *(p.text for p in self.abstract), *(p.text for p in self.body))

    @property
    def text_bytes(self) -> int:
        """The size of its text in UTF-8."""
        return sum(len(text.encode()) for text in self.texts)

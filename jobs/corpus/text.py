"""A document's text as the sentences that examples are made of."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.corpus.cleaning import clean
from jobs.corpus.document import Document
from jobs.corpus.sentences import split_sentences

SECTIONS = ("title", "abstract", "body")
"""The order in which a paper is read, whatever order the sections are asked for in."""


def document_sentences(document: Document, sections: Sequence[str]) -> list[str]:
    """The clean sentences of the chosen ``sections``: title, then abstract, then body.

    No sentence is empty or spans two paragraphs; one without any letter (a line number, a stray bracket)
    is left out. A section that does not exist is a ``KeyError``.
    """
    paragraphs: dict[str, tuple[str, ...]] = {
        "title": (document.title,),
        "abstract": document.abstract,
        "body": document.body,
    }
    if unknown := set(sections) - set(SECTIONS):
        raise KeyError(*sorted(unknown))
    return [
        sentence
        for section in SECTIONS
        if section in sections
        for paragraph in paragraphs[section]
        for sentence in split_sentences(clean(paragraph))
        if any(map(str.isalpha, sentence))
    ]

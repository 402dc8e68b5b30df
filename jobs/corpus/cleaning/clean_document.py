"""A document's text as the sentences that examples are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile
from operator import ne

from jobs.corpus.cleaning.citation_style import remove_in_style, style_of
from jobs.corpus.cleaning.fragments import whole_sentences
from jobs.corpus.cleaning.hyphenation import join_torn_words
from jobs.corpus.cleaning.junk import LONGEST, are_junk, cap
from jobs.corpus.cleaning.line_numbers import remove_line_numbers
from jobs.corpus.cleaning.lost_hyphens import restore_hyphens
from jobs.corpus.cleaning.marked_spans import remove_spans
from jobs.corpus.cleaning.page_breaks import join_page_breaks
from jobs.corpus.cleaning.page_numbers import remove_page_numbers
from jobs.corpus.cleaning.rules import RULES, clean_each
from jobs.corpus.cleaning.seams import part_sentences
from jobs.corpus.cleaning.sentences import split_texts
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import Paragraph

SECTIONS = ("title", "abstract", "body")
"""The order in which a paper is read, whatever order the sections are asked for in."""

PARAGRAPH_RULES = (
    *("spans", "line_numbers", "page_numbers", "style"),
    *(rule.name for rule in RULES),
    *("page_breaks", "hyphenation", "seams"),
)
SENTENCE_RULES = ("giant", "junk", "repeated", "fragment")
COUNTED = ("paragraphs", *PARAGRAPH_RULES, *SENTENCE_RULES, "ignored_spans")


def document_sentences(document: Document, sections: Sequence[str], changed: Counter[str] | None = None) -> list[str]:
    """The clean sentences of the chosen ``sections``: title, then abstract, then body.

    No sentence is empty or spans two paragraphs, none is junk, none comes twice: a running header, or an
    abstract that the body begins with, is kept where it is first. ``changed`` counts by the names of
    ``PARAGRAPH_RULES`` the paragraphs that a rule changed (``page_breaks``: joined to the one before), by those
    of ``SENTENCE_RULES`` the sentences that it took out (``giant``: cut into parts), as ``ignored_spans``
    marks of the parse that were none, and as ``paragraphs`` all that were read.
    A section that does not exist is a ``KeyError``.
    """
    changed = Counter() if changed is None else changed
    return sentences_of(document, sections, clean_paragraphs(document, sections, changed), changed)


def chosen_paragraphs(document: Document, sections: Sequence[str]) -> list[Paragraph]:
    """The paragraphs of the chosen ``sections`` as released, in reading order."""
    return list(chain.from_iterable(_sections(document, sections)))


def _sections(document: Document, sections: Sequence[str]) -> list[Sequence[Paragraph]]:
    if unknown := set(sections) - set(SECTIONS):
        raise KeyError(*sorted(unknown))
    paragraphs: dict[str, tuple[Paragraph, ...]] = {
        "title": (Paragraph(document.title),),
        "abstract": document.abstract,
        "body": document.body,
    }
    return [paragraphs[section] for section in SECTIONS if section in sections]


def clean_paragraphs(document: Document, sections: Sequence[str], changed: Counter[str]) -> list[str]:
    """Each of the ``chosen_paragraphs``: first what needs the whole document, then each by itself.

    A typeset parse (pmc_json) has no line numbers.
    """
    paragraphs = chosen_paragraphs(document, sections)
    changed["paragraphs"] += len(paragraphs)
    changed["ignored_spans"] += sum(paragraph.ignored_spans for paragraph in paragraphs)
    style = style_of(paragraphs)
    released = [paragraph.text for paragraph in paragraphs]
    unmarked = [remove_spans(paragraph, style.bare) for paragraph in paragraphs]
    unnumbered = unmarked if document.parse == "pmc_json" else remove_line_numbers(unmarked)
    unpaged = remove_page_numbers(unnumbered) if document.parse == "pdf_json" else unnumbered
    uncited = remove_in_style(unpaged, style)  # what is no citation counts lines
    changed["spans"] += _differing(released, unmarked)
    changed["line_numbers"] += _differing(unmarked, unnumbered)
    changed["page_numbers"] += _differing(unnumbered, unpaged)
    changed["style"] += _differing(unpaged, uncited)
    return clean_each(uncited, changed)


def sentences_of(
    document: Document, sections: Sequence[str], cleaned: Sequence[str], changed: Counter[str]
) -> list[str]:
    """The sentences of a document's ``clean_paragraphs``, after what these make up together.

    Only a parse of pages (pdf_json) has page breaks.
    """
    lengths = map(len, _sections(document, sections))
    torn = _joined(cleaned, lengths, changed) if document.parse == "pdf_json" else list(cleaned)
    whole = join_torn_words(torn)
    if document.parse == "pdf_json":
        whole = restore_hyphens(whole)
    changed["hyphenation"] += _differing(torn, whole)
    if document.parse != "pdf_json":
        return _distinct(chain.from_iterable(split_texts(whole)), changed)
    parted = part_sentences(whole)
    changed["seams"] += len(parted) - len(whole)
    sentences = list(chain.from_iterable(_without_fragments(parted, split_texts(parted), changed)))
    title = whole[0] if "title" in sections and cleaned[0] else ""
    return _distinct(sentences, changed, sum(1 for _ in takewhile(title.__contains__, sentences)))


def _without_fragments(
    texts: Sequence[str], split: Iterable[Sequence[str]], changed: Counter[str]
) -> Iterator[Sequence[str]]:
    for before, sentences in zip(("", *texts), split, strict=False):
        whole = whole_sentences(sentences, before)
        changed["fragment"] += len(sentences) - len(whole)
        yield whole


def _differing(before: Iterable[str], after: Iterable[str]) -> int:
    return sum(map(ne, before, after))


def _joined(texts: Iterable[str], lengths: Iterable[int], changed: Counter[str]) -> list[str]:
    """``texts``, of sections of these ``lengths``, without page breaks: none is between two sections."""
    remaining = iter(texts)
    joined: list[str] = []
    for length in lengths:
        section = [text for text in islice(remaining, length) if text]
        whole = join_page_breaks(section)
        changed["page_breaks"] += len(section) - len(whole)
        joined += whole
    return joined


def _distinct(sentences: Iterable[str], changed: Counter[str], paged: int | None = None) -> list[str]:
    """Each once, in order, without junk; from place ``paged`` on they are of a parse of pages."""
    parts = list(sentences)
    if max(map(len, parts), default=0) > LONGEST:
        changed["giant"] += sum(len(part) > LONGEST for part in parts)
        parts = [short for part in parts for short in (cap(part) if len(part) > LONGEST else (part,))]
    speaking = [part for part, junk in zip(parts, are_junk(parts, paged), strict=True) if not junk]
    kept = list(dict.fromkeys(speaking))
    changed["junk"] += len(parts) - len(speaking)
    changed["repeated"] += len(speaking) - len(kept)
    return kept

"""A document's text as the sentences that examples are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from jobs.corpus.cleaning import RULES, clean
from jobs.corpus.document import Document
from jobs.corpus.hyphenation import join_torn_words
from jobs.corpus.junk import LONGEST, cap, is_junk
from jobs.corpus.line_numbers import remove_line_numbers
from jobs.corpus.paragraph import Paragraph
from jobs.corpus.sentences import split_sentences
from jobs.corpus.spans import bare_numbers_are_citations, remove_spans

SECTIONS = ("title", "abstract", "body")
"""The order in which a paper is read, whatever order the sections are asked for in."""

PARAGRAPH_RULES = ("spans", "line_numbers", "hyphenation", *(rule.name for rule in RULES))
SENTENCE_RULES = ("giant", "junk", "repeated")
COUNTED = (*PARAGRAPH_RULES, *SENTENCE_RULES, "ignored_spans")


def document_sentences(document: Document, sections: Sequence[str], changed: Counter[str] | None = None) -> list[str]:
    """The clean sentences of the chosen ``sections``: title, then abstract, then body.

    No sentence is empty or spans two paragraphs, none is junk, none comes twice: a running header, or an
    abstract that the body begins with, is kept where it is first. ``changed`` counts by the names of
    ``PARAGRAPH_RULES`` the paragraphs that a rule changed, by those of ``SENTENCE_RULES`` the sentences that
    it took out (``giant``: cut into parts), and as ``ignored_spans`` marks of the parse that were none.
    A section that does not exist is a ``KeyError``.
    """
    if unknown := set(sections) - set(SECTIONS):
        raise KeyError(*sorted(unknown))
    paragraphs: dict[str, tuple[Paragraph, ...]] = {
        "title": (Paragraph(document.title),),
        "abstract": document.abstract,
        "body": document.body,
    }
    changed = Counter() if changed is None else changed
    chosen = [p for section in SECTIONS if section in sections for p in paragraphs[section]]
    return _distinct(
        (s for text in _clean(chosen, document.parse == "pmc_json", changed) for s in split_sentences(text)), changed
    )


def _clean(paragraphs: Sequence[Paragraph], typeset: bool, changed: Counter[str]) -> list[str]:
    """First what needs the whole document, then each paragraph by itself. A ``typeset`` one has no line numbers."""
    changed["ignored_spans"] += sum(paragraph.ignored_spans for paragraph in paragraphs)
    superscripts = bare_numbers_are_citations(paragraphs)
    released = [paragraph.text for paragraph in paragraphs]
    unmarked = [remove_spans(paragraph, superscripts) for paragraph in paragraphs]
    unnumbered = unmarked if typeset else remove_line_numbers(unmarked)
    whole = join_torn_words(unnumbered)
    for name, before, after in (
        ("spans", released, unmarked),
        ("line_numbers", unmarked, unnumbered),
        ("hyphenation", unnumbered, whole),
    ):
        changed[name] += sum(map(str.__ne__, before, after))
    return [clean(text, changed) for text in whole]


def _distinct(sentences: Iterable[str], changed: Counter[str]) -> list[str]:
    """Each once, in order, without junk."""
    kept: dict[str, None] = {}
    for sentence in sentences:
        parts = tuple(cap(sentence)) if len(sentence) > LONGEST else (sentence,)
        changed["giant"] += len(parts) > 1
        for part in parts:
            if part in kept:
                changed["repeated"] += 1
            elif is_junk(part):
                changed["junk"] += 1
            else:
                kept[part] = None
    return list(kept)

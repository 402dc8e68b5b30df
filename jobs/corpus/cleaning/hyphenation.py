"""Words that a line's end tore apart: "corona- virus"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from string import ascii_letters
from typing import NamedTuple

# From the hyphen on, which is found faster than a word.
_HYPHEN, _ANY_HYPHEN = (re.compile(rf"{sign} (?<=[A-Za-z]{{2}}{sign} )[a-z]{{2,}}+\b") for sign in ("-", "[-‐]"))
_WORD = re.compile(r"[\w-]+")
_IN_WORD = re.compile(r"[\w-]")
_FEW = 24
"""Forms that are looked for one by one; for more of them, listing all words takes less time."""


def join_torn_words(paragraphs: Sequence[str]) -> list[str]:
    """Joined only as the same document writes the word elsewhere: "coronavirus", else "corona-virus".

    So "anti- and pro-inflammatory" and "T- cell" stay, and so does a torn word that occurs once.
    """
    whole = "\n".join(paragraphs)
    hyphen = _ANY_HYPHEN if "‐" in whole else _HYPHEN
    if not hyphen.search(whole):
        return list(paragraphs)
    torn = [list(_torn_words(hyphen, text)) for text in paragraphs]
    forms = {form.lower() for words in torn for word in words for form in word.forms}
    written = _written(forms, whole.lower())
    return [_joined(text, words, written) for text, words in zip(paragraphs, torn, strict=True)]


class _Torn(NamedTuple):
    """Where a torn word is, and how it may be written elsewhere, the likelier first."""

    start: int
    end: int
    forms: tuple[str, str]


def _torn_words(pattern: re.Pattern[str], text: str) -> Iterator[_Torn]:
    end = 0
    for match in pattern.finditer(text):
        hyphen = start = match.start()
        while start and text[start - 1] in ascii_letters:
            start -= 1
        if start < end or (start and (text[start - 1].isalnum() or text[start - 1] == "_")):
            continue
        end = match.end()
        left, right = text[start:hyphen], match[0][2:]
        yield _Torn(start, end, (left + right, f"{left}-{right}"))


def _joined(text: str, torn: Sequence[_Torn], written: Collection[str]) -> str:
    kept = []
    end = 0
    for word in torn:
        if form := next((form for form in word.forms if form.lower() in written), ""):
            kept += [text[end : word.start], form]
            end = word.end
    return "".join([*kept, text[end:]])


def _written(forms: Collection[str], text: str) -> set[str]:
    """Those of the forms that are words of the text."""
    if len(forms) > _FEW:
        return set(_WORD.findall(text)).intersection(forms)
    return {form for form in forms if _is_word(form, text)}


def _is_word(form: str, text: str) -> bool:
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        if not _IN_WORD.match(text, end) and not (start and _IN_WORD.match(text, start - 1)):
            return True
        start = text.find(form, end)
    return False

"""Sentences that a page's or column's end cut into two paragraphs: "the patients who" / "were admitted"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jobs.corpus.cleaning.word_set import words

_WORDS = 5
"""Words a cut paragraph has, at least: what is shorter is a heading, a label or a formula's remains."""
_STOPS, _BEHIND_STOPS = (".", "?", "!", ":", ";", "…"), "\"”’'»)]"
_GOES_ON = re.compile(r"""[(\["“‘]?[a-zα-ω]""")
_LISTED = re.compile(r"""[(\["“‘]?(?:[a-z]|[ivx]{2,4})[.)\]] |(?!a )([a-z]) (?:\1 |[a-z] [a-z] )""")
"""Begins in lower case and goes on with nothing: a list's "(a)" or "iv.", the points of a plot "q q q q"."""
DANGLING = words(
    "a an the of in on at by for from to with without and or but nor as than that which who whose whom this these "
    "those its their his her our is was were are be been being has have had will would can could may might should "
    "must not into onto between among during through via per both either using such"
)
"""Words that no paragraph ends with: what follows one goes on, whatever it begins with."""
_FEWEST_DANGLING = 2
_QUANTITY = re.compile(r"[0-9][0-9.,]*+\s?(?:[%°]|[a-zμ]{1,20}\b)")
_LONGEST_BRACKET = 120
"""Characters of a bracket's half, at most."""
_LONGEST_NAME = 5
"""Letters of a name in capitals; longer ones are headings."""
_PAGE_NUMBER = re.compile(r"(?:[A-Z][a-z]{2,8} [0-9]{1,2}, [0-9]{4} )?\(?[0-9]{1,4}(?:/[0-9]{1,4})?\)?")
"""Alone in its paragraph, also with a date, or as an equation has one."""


def join_page_breaks(paragraphs: Sequence[str]) -> list[str]:
    """The paragraphs, in order, where one that has no end and one that has no beginning are one.

    That is, the first does not close with a stop and the next begins in lower case; or the first closes with a word or
    a hyphen that demands another. Else those that go on with a capital or a number stay: where a formula or a table
    stood, or a heading follows, it looks the same. A page's number between the two goes.
    For parses of PDFs, after what a page has at its foot and head is gone; no paragraph is empty.
    """
    joined: list[list[str]] = []
    last = ""  # of the paragraphs, the one that the next may go on from
    numbers: list[str] = []
    for text in paragraphs:
        if joined and text[-1] in "0123456789)" and _PAGE_NUMBER.fullmatch(text):
            numbers.append(text)
            continue
        if last and _continues(last, len(joined[-1]) > 1, text):
            joined[-1].append("" if last.endswith("-") and text[0].isupper() else " ")
            joined[-1].append(text)
        else:
            joined += [*([number] for number in numbers), [text]]
        numbers.clear()
        last = text
    return ["".join(parts) for parts in [*joined, *([number] for number in numbers)]]


def _continues(before: str, is_joined: bool, text: str) -> bool:
    """Whether ``text`` goes on from ``before``, which may itself be joined to what precedes it."""
    if before[-1] == "." or before[-8:].rstrip(_BEHIND_STOPS).endswith(_STOPS) or _LISTED.match(text):
        return False
    words = before.count(" ") + 1
    in_lower_case = _GOES_ON.match(text) is not None
    if in_lower_case and (is_joined or words >= _WORDS):
        return True
    if is_open(before) and (before[-1] == "," or _closes(text)) and (is_joined or words >= _WORDS):
        return True
    last_word = before[before.rfind(" ") + 1 :]
    dangles = last_word in DANGLING or (last_word[-1:] == "-" and last_word[:-1].isalpha())
    return dangles and (is_joined or words >= _FEWEST_DANGLING) and (in_lower_case or _names(text))


def is_open(text: str) -> bool:
    """Whether a bracket near its end has opened and not closed: "(leucine, valine,"."""
    bracket = text.rfind("(", max(0, len(text) - _LONGEST_BRACKET))
    return bracket >= 0 and text.find(")", bracket) < 0


def _closes(text: str) -> bool:
    """Whether a bracket near its beginning closes that has not opened: "Methods) to account"."""
    closing = text.find(")", 0, _LONGEST_BRACKET)
    return closing >= 0 and text.find("(", 0, closing) < 0 and not _LISTED.match(text)


def _names(text: str) -> bool:
    """Whether it begins with a name that has capitals inside, or with a quantity.

    Neither begins a heading, or most sentences, as a word with one capital does.
    """
    word = text[: text.find(" ")].strip(",;:()") if " " in text else text
    if word[:1].isdigit():
        return _QUANTITY.match(text) is not None
    if set(word) & set("<>=+"):
        return False
    has_capitals = any(map(str.isupper, word[1:])) or any(map(str.isdigit, word))
    return has_capitals and not (word.isalpha() and word.isupper() and len(word) > _LONGEST_NAME)

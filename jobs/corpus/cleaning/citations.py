"""Citations that are no words of their sentence: "[12, 13]", "(Smith et al., 2019)"."""

from __future__ import annotations

import re

from jobs.corpus.cleaning.cutting import CUT, close_cuts
from jobs.corpus.cleaning.intervals import is_interval

# Brackets that hold numbers alone. A number of four digits is a year, one that begins with 0 an interval.
_NUMBER = r"[1-9][0-9]{0,2}[a-z]?"
_NUMBERS = re.compile(rf"\[\s*{_NUMBER}(?:\s?[,;–‐-]\s?{_NUMBER})*\s*\](?![A-Za-z0-9])")
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUPERSCRIPT = re.compile(
    rf"[{_SUPERSCRIPTS}](?<=[a-z]{{4}}.)[{_SUPERSCRIPTS}]*(?:[,–-][{_SUPERSCRIPTS}]+)*(?![A-Za-z⁻])"
)
# Several numbers: one alone may begin the next sentence ("in the drug alone.26 patients were").
_AFTER_STOP = re.compile(r"\.[1-9](?<=[a-z]{5}\.[1-9])[0-9]{0,2}(?:[,–-][1-9][0-9]{0,2})+(?= [A-Z])")
# The sentence needs the names alone: "as Franz et al. (20) reported".
_AFTER_NAMES = re.compile(rf"al(?<=\sal)(\.?),?\s?\(\s?{_NUMBER}(?>(?:\s?[,;–‐-]\s?{_NUMBER})*)\s?\)")

_YEAR = r"(?:19|20)[0-9]{2}[a-z]?"
# Everything that repeats is possessive: a name ends where a year begins, so there is nothing to go back for.
_NAME = rf"(?>(?:(?:van|von|de|der|den|la|le|di|da|el|al)\s)*)[A-Z](?>(?:(?!{_YEAR})[\w'’.-])*)"
_NAMES = rf"{_NAME}(?>(?:,?\s(?:and\s|&\s)?{_NAME}){{0,6}})(?:,?\set\sal\b\.?)?"
_AUTHOR_YEAR = rf"{_NAMES}\s{{0,2}}(?:[,.]\s{{0,2}})?\(?{_YEAR}(?>(?:\s?(?:,|and|&)\s?(?:{_YEAR}|[a-z]\b(?!\.[a-z])))*)"
_LEAD_IN = (
    r"(?:see(?:\salso)?,?\s|e\.g\.,?\s|i\.e\.,?\s|cf\.\s|reviewed\s(?:in|by)\s|but\ssee\s|for\sreview,?\s(?:see\s)?)?"
)
_AUTHORS = re.compile(
    rf"[(\[]\s*+{_LEAD_IN}{_AUTHOR_YEAR}(?>(?:\s?[;,]\s?(?:and\s)?{_LEAD_IN}{_AUTHOR_YEAR})*)\s*+[)\]]"
)
_ENDS_IN_YEAR = re.compile(r"[)\]](?:(?<=[12][09][0-9]{2}.)|(?<=[0-9] .)|(?<=[0-9][a-z].)|(?<=,[a-z].))")
NEEDS = (
    *(CUT, r"\[[\s]*[1-9]", "[a-z][a-z][¹²³⁰⁴-⁹]", "[a-z][a-z][.][1-9]"),
    *(r"et al[.,]*\(", r"et al[.,]* \("),
    *("[12][09][0-9][0-9][)\\]]", "[0-9] [)\\]]", "[0-9][a-z][)\\]]", ",[a-z][)\\]]"),
)
_SEVERAL = re.compile(r"et al|\sand\s|&|;")

_MONTH = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December|Spring|Summer|Autumn|"
    r"Winter|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
)

_PREPOSITIONS = (
    "in",
    "by",
    "of",
    "to",
    "see",
    "from",
    "with",
    "than",
    "at",
    "via",
    "per",
    "on",
    "under",
    "between",
    "and",
    "or",
    "using",
)
_ANNOUNCEMENTS = ("ref", "ref.", "refs", "refs.", "reference", "references", *"=∈<>≤≥×+")
_GOVERNORS = frozenset((*_PREPOSITIONS, *_ANNOUNCEMENTS))
_BEFORE_INTERVALS = frozenset(("interval", "range", "ci", "ci:", "cri", "iqr", "iqr:", "ci,", "iqr,"))
_INTERVAL = re.compile(r"[(\[]?\s*[0-9.]+\s?(?:[,;–‐-]|to)\s?[0-9.]+\s*[)\]]?")


_GOES_WITH = re.compile(r"\s(?:and|or)\s[\[(]\s?[0-9]")
"""What follows is needed, as it is behind "and", and so is what it goes with: "that [13] and [14] agree"."""
_MIXED = re.compile(r"\[(?=[^\]]*,)(?=[^\]]*;)[0-9,; ]+\]")
"""Rows of a matrix: no list of citations has both signs."""


def is_needed(text: str, start: int, bracket: str) -> bool:
    """Whether ``bracket``, which begins at ``start``, is a word of its sentence ("as shown in [12]"), or an announced
    interval ("the range [2, 5]")."""
    word = text[max(0, start - 14) : start].rstrip().rpartition(" ")[2].lower()
    if word in _GOVERNORS or (word in _BEFORE_INTERVALS and _INTERVAL.fullmatch(bracket.strip())):
        return True
    end = start + len(bracket)
    goes_with = text[end + 1 : end + 2] in ("a", "o") and _GOES_WITH.match(text, end)
    return bool(goes_with or (";" in bracket and _MIXED.fullmatch(bracket)))


def remove_citations(text: str) -> str:
    """By shape alone, for what the parse did not mark.

    A citation stays where the sentence needs it: "as shown in [12]", "Smith et al. (2019) found".
    So does a lone name with a year, which is as often a place or a maker: "(Geneva, 2015)".
    """
    cut = _SUPERSCRIPT.sub("", text) if any(map(text.__contains__, _SUPERSCRIPTS)) else text
    cut = _NUMBERS.sub(_unless_needed, cut) if "[" in cut else cut
    if ("20" in cut or "19" in cut) and _ENDS_IN_YEAR.search(cut):
        cut = _AUTHORS.sub(_unless_one_name, cut)
    if "et al" in cut:
        cut = _AFTER_NAMES.sub(rf"al\1{CUT}", cut)
    return _AFTER_STOP.sub(".", close_cuts(cut))


def _unless_needed(match: re.Match[str]) -> str:
    text, start = match.string, match.start()
    return match[0] if is_needed(text, start, match[0]) or is_interval(text, start, match[0]) else CUT


def _unless_one_name(match: re.Match[str]) -> str:
    several = _SEVERAL.search(match[0])
    return _unless_needed(match) if several and not _is_date(match[0]) else match[0]


def _is_date(bracket: str) -> bool:
    """ "(March and April 2020)" names months; May and others are authors too, but then of a paper with others."""
    return "et al" not in bracket and _MONTH.search(bracket) is not None

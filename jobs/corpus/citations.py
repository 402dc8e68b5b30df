"""Citations that are no words of their sentence: "[12, 13]", "(Smith et al., 2019)"."""

from __future__ import annotations

import re

from jobs.corpus.cutting import CUT, close_cuts

# Brackets that hold numbers alone. A number of four digits is a year, one that begins with 0 an interval.
_NUMBER = r"[1-9][0-9]{0,2}[a-z]?"
_NUMBERS = re.compile(rf"\[\s*{_NUMBER}(?:\s?[,;–‐-]\s?{_NUMBER})*\s*\](?![A-Za-z0-9])")
_SUPERSCRIPT = re.compile(r"(?<=[a-z]{4})[¹²³⁰⁴-⁹]+(?:[,–-][¹²³⁰⁴-⁹]+)*(?![A-Za-z⁻])")
_AFTER_STOP = re.compile(r"[.,](?<=[a-z]{5}[.,])[1-9][0-9]{0,2}(?:[,–-][1-9][0-9]{0,2})*(?= [A-Za-z])")

_YEAR = r"(?:19|20)[0-9]{2}[a-z]?"
_NAME = r"(?:(?:van|von|de|der|den|la|le|di|da|el|al)\s)*+[A-Z][\w'’.-]*"
_NAMES = rf"{_NAME}(?:,?\s(?:and\s|&\s)?{_NAME}){{0,6}}(?:,?\set\sal\b\.?)?"
_AUTHOR_YEAR = rf"{_NAMES}\s?[,.]?\s?\(?{_YEAR}(?:\s?(?:,|and|&)\s?(?:{_YEAR}|[a-z]\b))*"
_LEAD_IN = (
    r"(?:see(?:\salso)?,?\s|e\.g\.,?\s|i\.e\.,?\s|cf\.\s|reviewed\s(?:in|by)\s|but\ssee\s|for\sreview,?\s(?:see\s)?)?"
)
_AUTHORS = re.compile(
    rf"[(\[]\s*{_LEAD_IN}{_AUTHOR_YEAR}(?:\s?[;,]\s?(?:and\s)?{_LEAD_IN}{_AUTHOR_YEAR})*\s*[)\]]", re.DOTALL
)
_SEVERAL = re.compile(r"et al|\sand\s|&|;")

OBJECT_OF = re.compile(
    r"(?:\b(?:in|by|of|to|see|from|with|than|at|via|per|on|under|interval|range|and|or|refs?\.?|references?)|[=∈<>≤≥×+])\s*$",
    re.IGNORECASE,
)
"""What makes a citation a word of its sentence ("as shown in [12]"), or a pair of numbers an interval."""


def remove_citations(text: str) -> str:
    """By shape alone, for what the parse did not mark.

    A citation stays where the sentence needs it: "as shown in [12]", "Smith et al. (2019) found".
    So does a lone name with a year, which is as often a place or a maker: "(Geneva, 2015)".
    """
    if not text.isascii() and _SUPERSCRIPT.search(text):
        text = _SUPERSCRIPT.sub("", text)
    cut = text
    if "[" in cut:
        cut = _NUMBERS.sub(_unless_needed, cut)
    if "(" in cut and ("19" in cut or "20" in cut):
        cut = _AUTHORS.sub(_unless_one_name, cut)
    return _AFTER_STOP.sub(lambda match: match[0][0], close_cuts(cut))


def _unless_needed(match: re.Match[str]) -> str:
    start = match.start()
    return match[0] if OBJECT_OF.search(match.string, max(0, start - 12), start) else CUT


def _unless_one_name(match: re.Match[str]) -> str:
    return _unless_needed(match) if _SEVERAL.search(match[0]) else match[0]

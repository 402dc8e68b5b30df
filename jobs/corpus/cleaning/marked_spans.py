"""Citations and references removed where the parse marked them, which no regular expression finds alone."""

from __future__ import annotations

import re
from itertools import repeat
from operator import lt

from jobs.corpus.cleaning.citations import is_needed
from jobs.corpus.cleaning.cutting import CUT, close_cuts
from jobs.corpus.cleaning.intervals import is_interval
from jobs.corpus.cleaning.references import MARK as REFERENCE
from jobs.corpus.cleaning.references import remove_references
from jobs.corpus.documents.paragraph import Paragraph

_CITATION = "\x00"
_CONTROL = re.compile("[\x00-\x02]")

# Spans are as GROBID drew them: "[13," and "15]" are two, "(Gao" may be a third. The brackets stay outside.
_LEAD = " ([,;"
_TAIL = " )],;."
_NUMBER = re.compile(r"[0-9]{1,3}[a-z]?(?:\s?[,–‐-]\s?[0-9]{1,3})*")
_SPACED = re.compile(r"[0-9]{1,3}(?:\s[0-9]{1,3})+")
_NAME_AND_YEAR = re.compile(r"[^()\[\]]*\b(?:19|20)[0-9]{2}[a-z]?\b[^()\[\]]{0,12}|[^()\[\]]* et al\.?,?")

_MARKED = f"{_CITATION}[^{_CITATION}]*+{_CITATION}"
_BETWEEN = (
    r"(?:[\s,;&–‐(\[-]|[0-9]{1,3}\b|\b(?:see|also|e\.g|i\.e|cf|reviewed|in|by|for|reviews?|and|refs?|references?|"
    r"therein)\b[.,]*)"
)
# With bounds, since a bracket may be one of many that open and never close.
_GROUP = re.compile(rf"[(\[](?>{_BETWEEN}{{0,40}}){_MARKED}(?>(?:{_BETWEEN}|{_MARKED}){{0,300}})[)\]](?:\s?[)\]])*")
# Each of several begins with a character, which are then looked for at once; a set is not.
_LISTED = rf"\s*+(?:{_MARKED}|(?:see|e\.g|i\.e|cf|reviewed\sin)\b[.,]*\s{_MARKED})(?=\s*[)\];])"
_LOOSE = re.compile(
    rf";{_LISTED}|,{_LISTED}|{_MARKED}(?:\s?[,–‐-]\s?[0-9]{{1,3}}(?=\s?[.,;)])|\s?[;,–‐-]\s?{_MARKED})*"
)
_NUMBERS = re.compile(rf"[0-9,\s–‐{_CITATION}-]+")
_UNMARKED = re.compile(r"(?:(?<=\s)[0-9]{1,3}[,–‐-]\s){1,16}$")
_LONGEST_UNMARKED = 16 * 5
"""Numbers before the marked one in a list: "9, 10, 11" is often marked from its second or third."""
_GOES_ON = re.compile(
    r"\s?,?\s?[0-9]{3}\b|\s?\.[0-9]|[A-Za-z0-9%]|\s(?:%|H\b)|\s?[–-][0-9]{1,3}\s?%|"
    r"\s?-(?:nt|bp|kb|aa|mer|kDa|fold|plex|well|days?|weeks?|months?|years?|hours?|min|ml|mm)\b"
)
_THOUSANDS = re.compile(r"[0-9]{1,3},\s?[0-9]{3}")
_SMALL_LETTER = re.compile(r"\s[a-z]")


def remove_spans(paragraph: Paragraph, bare_numbers: bool) -> str:
    """The paragraph's text without what its spans cover, and without the brackets that emptied.

    A citation that is a word of its sentence stays: "in [12]", "Smith (2019) found". So does a span of
    another shape than a citation's. A bare number goes if ``bare_numbers``, or if it is glued to a word,
    as pmc_json has superscripts.
    """
    if not (paragraph.cite_spans or paragraph.ref_spans):
        return paragraph.text
    text = paragraph.text
    if _CITATION in text or CUT in text or REFERENCE in text:
        text = _CONTROL.sub(" ", text)
    pieces: list[str] = []
    end = 0
    spans = [*zip(paragraph.cite_spans, repeat(_CITATION)), *zip(paragraph.ref_spans, repeat(REFERENCE))]
    if paragraph.ref_spans:
        spans.sort()
    for (start, stop), mark in spans:
        span = text[start:stop]
        core = span.lstrip(_LEAD)
        lead = span[: len(span) - len(core)]
        core = core.rstrip(_TAIL)
        if start < end or not core:
            continue
        is_single = len(core) < 4 and core.isdecimal() and core.isascii()  # as most are, told without a pattern
        is_citation = is_single or _NUMBER.fullmatch(core) or _NAME_AND_YEAR.fullmatch(core)
        if mark == REFERENCE or is_citation or (bare_numbers and _are_spaced(text, start, stop, core)):
            between = text[end:start]
            if bare_numbers and not lead and between[-2:] in (", ", "- ", "– ") and core.isdigit():
                unmarked = _UNMARKED.search(between, max(0, len(between) - _LONGEST_UNMARKED))
                place = unmarked.start() if unmarked else len(between)
                between, core = between[:place], between[place:] + core
            pieces += [between, lead, mark, core, mark, text[start + len(span.rstrip(_TAIL)) : stop]]
            end = stop
    text = "".join([*pieces, text[end:]])
    if paragraph.cite_spans:
        text = _without_groups(text)
        if _CITATION in text:
            text = _LOOSE.sub(_cut_any if bare_numbers else _cut_glued, text)
        text = close_cuts(text)
    if REFERENCE in text:
        text = remove_references(text)
    return text.replace(_CITATION, "").replace(REFERENCE, "")


def _are_spaced(text: str, start: int, stop: int, core: str) -> bool:
    """Whether it is several superscripts with blanks between, behind a sentence or before a stop: "in China. 1 2"."""
    if not _SPACED.fullmatch(core):
        return False
    numbers = list(map(int, core.split()))
    return all(map(lt, numbers, numbers[1:])) and (
        _visible_before(text, start) == "." or _visible_after(text, stop) in (".", ",", ";")
    )


def _without_groups(text: str) -> str:
    """``_GROUP.sub(_cut_group, text)``: from each mark back to the brackets that it may be in, as most have none."""
    kept = []
    end = lowest = 0
    mark = text.find(_CITATION)
    while mark >= 0:
        match = None
        bracket = _bracket_before(text, lowest, mark)
        while bracket >= 0 and (found := _GROUP.match(text, bracket)):
            match = found  # an earlier one that reaches the mark, too, goes with it
            bracket = _bracket_before(text, lowest, bracket)
        lowest = mark + 1
        if match:
            kept += [text[end : match.start()], _cut_group(match)]
            end = lowest = match.end()
        mark = text.find(_CITATION, lowest)
    return "".join([*kept, text[end:]])


def _bracket_before(text: str, lowest: int, place: int) -> int:
    parenthesis, bracket = text.rfind("(", lowest, place), text.rfind("[", lowest, place)
    return parenthesis if parenthesis > bracket else bracket


def _cut_group(match: re.Match[str]) -> str:
    """Brackets with nothing but citations in them."""
    group, text, start = match[0], match.string, match.start()
    plain = group.replace(_CITATION, "")
    if is_needed(text, start, plain) or is_interval(text, start, plain) or _is_item(text, start, match.end(), plain):
        return plain
    surplus = group.count(")") + group.count("]") - group.count("(") - group.count("[")
    return CUT + group[len(group) - max(0, surplus) :]


def _is_item(text: str, start: int, end: int, bracket: str) -> bool:
    """Whether ``bracket`` numbers what follows it: no citation stands behind these signs, nor between a stop and a
    small letter."""
    if len(bracket) != len("(1)") or bracket[0] != "(" or not bracket[1].isdecimal():
        return False
    before = _visible_before(text, start)
    return before in (":", ";") or (before == "." and _SMALL_LETTER.match(text, end) is not None)


def _cut_glued(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 1) : match.start()]
    return _cut_any(match) if not _is_numbers(match) or before.isalpha() or before in '.,;)]"”' else match[0]


def _cut_any(match: re.Match[str]) -> str:
    """A number that is a citation, or a citation in brackets beside something else: "(n = 3; Li et al., 2019)"."""
    text, start, end = match.string, match.start(), match.end()
    if _is_numbers(match):
        return match[0] if _GOES_ON.match(text, end) or ("," in match[0] and _is_quantity(match)) else CUT
    if match[0][0] in ",;":
        return CUT
    return CUT if _visible_before(text, start) in "([;" and _visible_after(text, end) in ";," else match[0]


def _is_quantity(match: re.Match[str]) -> bool:
    """Whether it is a number of thousands that its sentence needs: "a total of 26, 144 cases"."""
    number = match[0].replace(_CITATION, "")
    return _THOUSANDS.fullmatch(number) is not None and is_needed(match.string, match.start(), number)


def _visible_before(text: str, place: int) -> str:
    """The last character before ``place`` that is no white space; empty at the text's beginning."""
    while place and text[place - 1].isspace():
        place -= 1
    return text[max(0, place - 1) : place]


def _visible_after(text: str, place: int) -> str:
    while place < len(text) and text[place].isspace():
        place += 1
    return text[place : place + 1]


def _is_numbers(match: re.Match[str]) -> bool:
    return _NUMBERS.fullmatch(match[0]) is not None

"""Numbers in brackets that say between what bounds a value lies: "76 [49, 118]", which looks like a citation."""

from __future__ import annotations

import re

_NUMBER = r"[0-9]{1,3}(?>(?:,[0-9]{3})*)(?:\.[0-9]+)?"
_BOUNDS = re.compile(rf"[(\[]\s?({_NUMBER})\s?(?:[,;–‐-]|to)\s?({_NUMBER})\s?[)\]]")
_UNITS = (
    "years?|yrs?|y|months?|mo|weeks?|days?|d|hours?|hrs?|h|minutes?|mins?|s|[mnkμµ]?g|[mμµdn]?[lL]|[kcmnμµ]?m|kb|bp|kDa|"
    r"[mnμµ]?M|IU|U|°C|cases?|deaths?|patients?|participants?|points?|per cent|percent|copies|fold|times|mm\s?Hg|bpm"
)
# Not the number of a thing: "in phase 2 [1, 3]" cites.
_VALUE = re.compile(
    r"(?:(?:^|[\s(=<>≤≥~≈:;,])(?=[0-9])(?<!phase )(?<!Phase )(?<!figure )(?<!Figure )(?<!Fig\. )(?<!table )(?<!Table )"
    r"(?<!type )(?<!Type )(?<!group )(?<!Group )(?<!grade )(?<!Grade )(?<!stage )(?<!Stage )(?<!day )(?<!Day )"
    rf"(?<!week )(?<!class )(?<!level )(?<!step )(?<!model ))({_NUMBER})(?:\s?%|\s(?:{_UNITS}))?\s?$"
)
_WINDOW = 40
"""Characters before the bracket that are looked at."""


_ONE = re.compile(rf"\[\s?{_NUMBER}\s?\]")
_ANNOUNCED = re.compile(r"\[(?:SD|SE|SEM|%|IQR|range|CI)\]")
_BEFORE = 300
"""Characters before the bracket in which it may be announced."""


def _is_deviation(text: str, start: int, bracket: str) -> bool:
    """Whether a value's deviation or share is in it, as was announced: "the mean [SD] was 50 [12]"."""
    return (
        text[start - 2 : start - 1].isdigit()
        and _ONE.fullmatch(bracket) is not None
        and _ANNOUNCED.search(text, max(0, start - _BEFORE), start) is not None
    )


def is_interval(text: str, start: int, bracket: str) -> bool:
    """Whether ``bracket``, which begins at ``start``, has two numbers and the value just before lies between them."""
    bounds = _BOUNDS.fullmatch(bracket)
    if bounds is None:
        return _is_deviation(text, start, bracket)
    value = _VALUE.search(text, max(0, start - _WINDOW), start)
    if value is None:
        return False
    if "." in value[1] and "." not in bracket and "," in bracket:
        return False  # "2.7 [3, 4]" cites
    low, middle, high = (float(number.replace(",", "")) for number in (bounds[1], value[1], bounds[2]))
    return low < high and low <= middle <= high

"""Cutting words out of a sentence without leaving a trace of the cut."""

from __future__ import annotations

CUT = "\x01"
"""Stands for what a rule took out, until ``close_cuts``. Text that is cut must not contain it."""

_STOPS = ".:!?"
_COMMAS = ",;"
_CLOSING = ")]}”’"
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_BETWEEN_CUTS = " ,;&–-"


def close_cuts(text: str) -> str:
    """``text`` as if what stood at each ``CUT`` had never been there.

    Several in a row (``[1], [2]``) count as one. No blank before punctuation, none doubled, no words
    glued, no punctuation twice, no bracket left empty.
    """
    if CUT not in text:
        return text
    first, *rest = text.split(CUT)
    kept = [first.rstrip()]
    for number, piece in enumerate(rest, 1):
        right = piece.lstrip()
        if number < len(rest):
            if not right.strip(_BETWEEN_CUTS):
                continue
            right = right.rstrip()
        while len(kept) > 1 and not kept[-1]:
            kept.pop()
        kept[-1], right = _seam(kept[-1], right)
        kept.append(right)
    return "".join(kept)


def _seam(left: str, right: str) -> tuple[str, str]:
    """What is on either side of a cut, ready to be joined; neither has a blank where they meet."""
    if not left or left[-1] in _CLOSES:
        right = right.lstrip(_STOPS + _COMMAS + " ")
        if left and right[:1] == _CLOSES[left[-1]]:
            return _seam(left[:-1].rstrip(), right[1:].lstrip())
        return left, right
    if not right:
        return left, right
    if right[0] in _CLOSING:
        return left.rstrip(_COMMAS + " "), right
    if right[0] in _STOPS + _COMMAS:
        if left[-1] in _STOPS:
            return _seam(left, right[1:].lstrip())
        spaced = f"{right[0]} {right[1:]}" if right[1:2].isalnum() else right
        return left.rstrip(_COMMAS + " "), spaced
    return left, right if right[0] in "-–/" else f" {right}"

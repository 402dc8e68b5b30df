"""Cutting words out of a sentence without leaving a trace of the cut."""

from __future__ import annotations

CUT = "\x01"
"""Stands for what a rule took out, until ``close_cuts``. Text that is cut must not contain it."""

_PUNCTUATION = ".,;:!?"
_OPENING = "([{"
_CLOSING = ")]}”’"


def close_cuts(text: str) -> str:
    """``text`` as if what stood at each ``CUT`` had never been there.

    Several in a row (``[1], [2]``) count as one. No blank before punctuation, none doubled, no words
    glued, no punctuation twice.
    """
    if CUT not in text:
        return text
    first, *rest = text.split(CUT)
    kept = [first.rstrip()]
    before = kept[0][-1:]
    for number, piece in enumerate(rest, 1):
        after = piece.lstrip()
        if number < len(rest) and not after.strip(" ,;&–-"):
            continue  # between two cuts
        if not before or before in _OPENING:
            after = after.lstrip(_PUNCTUATION + " ")
        elif after[:1] and after[0] in _PUNCTUATION:
            if before in ",;" and after[0] in ".:!?":
                kept[-1] = kept[-1].rstrip(",; ")
                after = after if len(after) == 1 or not after[1].isalnum() else f"{after[0]} {after[1:]}"
            elif before in _PUNCTUATION:
                after = after[1:].lstrip()
                after = f" {after}" if after and after[0] not in _CLOSING else after
            elif after[1:2].isalnum():
                after = f"{after[0]} {after[1:]}"
        elif after and after[0] not in _CLOSING and after[0] not in "-–/":
            after = f" {after}"
        if number < len(rest):
            after = after.rstrip()
        kept.append(after)
        before = after[-1:] or before
    return "".join(kept)

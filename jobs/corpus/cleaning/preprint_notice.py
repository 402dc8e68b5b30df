"""The notice that bioRxiv and medRxiv print on every page, which PDF parses weave into the text."""

from __future__ import annotations

import re

from jobs.corpus.cleaning.whitespace import normalise_space

# The notice reaches the parse as fragments in any order, often repeated, sometimes in the middle of a
# sentence. So it is described by its fragments; a run of them goes, whatever their order.
_NOT_REVIEWED = r"\(which was not (?:peer[- ]reviewed|certified by peer review)\)"
_FRAGMENTS = (
    rf"(?:\bis(?: the)? )?{_NOT_REVIEWED}",
    rf"The copyright holder for this preprint(?: {_NOT_REVIEWED}(?: is(?: the)?\b)?"
    r"|(?: is(?: the)?(?= ?\.| author/funder| \(which| https?:| All rights|$)))?",
    r"\bthis version posted (?:[A-Z][a-z]+ \d{1,2}, ?\d{4})?\.?",
    r"(?:\bis )?(?:\bthe )?author/funder(?:, who has granted (?:med|bio)Rxiv a license to display the preprint"
    r"(?: in perpetuity)?)?\.?(?: It(?: is made available under a\b|(?= ?\.|$)))?",
    r"\bfirst posted online(?: [A-Z][a-z]{2,8}\.? \d{1,2}, \d{4})?;?",
    r"\b(?:All rights )?reserved\. No reuse allowed without permission\.?",
    r"\bIt is made available under a\b(?! (?:MIT|GPL|BSD|GNU|Apache|Creative|public|free)\b)",
    r"\bis made available under a\b(?= (?:\. )?(?:CC-|The copyright|author/|is the)|$)",
    r"\bCC-?(?:BY|0)[A-Z0-9-]*(?: \d ?\. ?\d)? International license\.?",
    r"\bUnder a(?= ?\. CC)",
    r"(?:\bdoi: )?\b(?:bio|med)Rxiv preprint(?: doi:(?! ?10\.))?",
    r"\bThis article is a US Government work\.?",
    r"\bIt is not subject to copyright under 17 USC 105(?: and is also made available for use under a CC0 license)?\.?",
    r"\bNOTE: This preprint reports new research that has not been certified by peer review"
    r"(?: and should not be used to guide clinical practice)?\.?",
)
_STRONG = "(?:" + "|".join(_FRAGMENTS) + ")"
# Belongs to the notice only beside one of its fragments. Parsers tear the address apart:
# "https://doi.org/10. org/10.1101 /2020.02.02".
_DIGITS = r"(?:[0-9.]|/(?!/doi))*+"
_ADDRESS = (
    rf"https?: ?//(?:dx\.)?doi\. ?org ?/ ?10{_DIGITS}(?: ?(?:(?://doi\.)? ?org ?)?/ ?10{_DIGITS})*+"
    rf"(?:(?: (?=[0-9./]){_DIGITS})++(?= doi:)|(?: (?:1101|/ ?20{_DIGITS}))++)?+(?:v\d+)?+"
)
_WEAK = rf"(?:{_ADDRESS}|(?<!\S)\.(?!\S))"
_NOTICE = re.compile(rf"(?:{_WEAK} ?){{0,20}}+{_STRONG}(?: ?(?:{_WEAK}|{_STRONG}))*+")
# Every fragment contains one of these, which are found some ten times faster than a run of fragments.
ANCHORS = (
    "copyright holder for", "not peer", "peer review", "author/funder", "reuse allowed", "made available under a",
    "International license", "Rxiv preprint", "this version posted", "preprint reports new", "first posted online",
    "Under a . CC", "Under a. CC", "US Government work", "17 USC 105",
)  # fmt: skip
_ANCHOR = re.compile("|".join(map(re.escape, ANCHORS)))
_BEGINNING = re.compile(
    r"https?:|\.|\(which|The |This|[Tt]his v|the |is |It |CC|All r|reserved|NOTE|author/|first|Under|doi:|bioRx|medRx|"
    r"BioRx|MedRx"
)
"""How a notice may begin: looking for these first is faster than trying every place."""
_STOPPED = re.compile(r"(?:[a-z]{4}|[a-z][)\]])[.?!]\s?$")
_GOES_ON = re.compile(r"\s?[a-z]{3,40}+[ ,]")
_HALF = re.compile(r"[^.?!]{1,300}+[.?!](?=\s[A-Z]|\s?$)")
_LEAD = 120
"""Characters of a run before its first anchor, at most: one address and a fragment's own beginning."""


def remove_boilerplate(text: str) -> str:
    """``text`` without the preprint servers' notice; a sentence that it interrupted is joined again."""
    if not any(map(text.__contains__, ANCHORS)):
        return text
    text = normalise_space(text)
    kept = []
    end = 0
    while anchor := _ANCHOR.search(text, end):
        beginnings = _BEGINNING.finditer(text, max(end, anchor.start() - _LEAD), anchor.start() + 16)
        notice = next((match for place in beginnings if (match := _NOTICE.match(text, place.start()))), None)
        if notice is None:
            kept.append(text[end : anchor.end()])
            end = anchor.end()
            continue
        kept += [text[end : notice.start()], " "]
        end = _whole_from(text, notice.start(), notice.end())
    return "".join([*kept, text[end:]])


def _whole_from(text: str, start: int, end: int) -> int:
    """Where text goes on after the notice from ``start`` to ``end``: behind the half of a sentence that follows a whole
    one, "changes. (notice) leads to injury. So"."""
    if not _STOPPED.search(text, max(0, start - 6), start) or not _GOES_ON.match(text, end):
        return end
    half = _HALF.match(text, end)
    return half.end() if half else end

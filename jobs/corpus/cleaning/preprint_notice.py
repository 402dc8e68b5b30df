"""The notice that bioRxiv and medRxiv print on every page, which PDF parses weave into the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np

from jobs.corpus.cleaning.kinds import kinds
from jobs.corpus.cleaning.native import Anchors, library
from jobs.corpus.cleaning.whitespace import normalise_space
from jobs.native import address

# The notice reaches the parse as fragments in any order, often repeated, sometimes in the middle of a
# sentence. So it is described by its fragments; a run of them goes, whatever their order. notice.c looks for it.
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
_DIGITS = r"(?>(?:[0-9.]|/(?!/doi))*)"
_ADDRESS = (
    rf"https?: ?//(?:dx\.)?doi\. ?org ?/ ?10{_DIGITS}(?>(?: ?(?:(?://doi\.)? ?org ?)?/ ?10{_DIGITS})*)"
    rf"(?>(?:(?>(?: (?=[0-9./]){_DIGITS})+)(?= doi:)|(?>(?: (?:1101|/ ?20{_DIGITS}))+))?)(?>(?:v\d+)?)"
)
_WEAK = rf"(?:{_ADDRESS}|(?<!\S)\.(?!\S))"
NOTICE = re.compile(rf"(?>(?:{_WEAK} ?){{0,20}}){_STRONG}(?>(?: ?(?:{_WEAK}|{_STRONG}))*)")
# Every fragment contains one of these, which are found some ten times faster than a run of fragments.
ANCHORS = (
    "copyright holder for", "not peer", "peer review", "author/funder", "reuse allowed", "made available under a",
    "International license", "Rxiv preprint", "this version posted", "preprint reports new", "first posted online",
    "Under a . CC", "Under a. CC", "US Government work", "17 USC 105",
)  # fmt: skip
BEGINNING = re.compile(
    r"https?:|\.|\(which|The |This|this v|the |is |It |CC|All r|reserved|NOTE|author/|first|Under|doi:|bioRx|medRx|"
    r"BioRx|MedRx"
)
"""How a notice may begin."""
LEAD, LATE = 120, 16
"""Characters of a run before its first anchor, at most: one address and a fragment's own beginning; and of the anchor
before that beginning's end."""
_ANCHORS = Anchors.of(ANCHORS, LEAD, LATE)
_SHORTEST_ANCHOR = min(map(len, ANCHORS))
STOPPED = re.compile(r"(?:[a-z]{4}|[a-z][)\]])[.?!]\s?$")
GOES_ON = re.compile(r"\s?[a-z]{3,40}+[ ,]")
HALF = re.compile(r"[^.?!]{1,300}+[.?!](?=\s[A-Z]|\s?$)")


def remove_boilerplate(texts: Sequence[str]) -> list[str]:
    """The ``texts`` without the preprint servers' notice; a sentence that it interrupted is joined again."""
    cleaned = list(texts)
    for number, notices in groupby(_notices(texts), itemgetter(0)):
        text, kept, end = texts[number], [], 0
        for _, start, stop in notices:
            if start < 0:  # which is seldom
                cleaned[number] = _with_single_blanks(text)
                break
            kept += [text[end:start], " "]
            end = stop
        else:
            cleaned[number] = "".join([*kept, text[end:]])
    return cleaned


def _with_single_blanks(text: str) -> str:
    return remove_boilerplate([normalise_space(text)])[0] if any(map(text.__contains__, ANCHORS)) else text


def _notices(texts: Sequence[str]) -> list[list[int]]:
    """For each notice the text's number, where it begins, and where the text goes on; -1 twice for a text whose white
    space is not single blanks."""
    encoded = b"\0".join(map(kinds, texts))
    lengths = np.array(list(map(len, texts)), np.int32)
    rows = np.empty((len(texts) + len(encoded) // _SHORTEST_ANCHOR, 3), np.int32)  # what is not written takes no memory
    found = library.find_notices(encoded, address(lengths), len(texts), _ANCHORS, address(rows))
    return rows[:found].tolist()  # type: ignore[no-any-return]

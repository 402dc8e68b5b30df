"""What publishers and the WHO print on every paper: it says nothing about the disease."""

from __future__ import annotations

import re

# Each is one sentence of a notice, from its beginning to its stop. Parsers may tear sentences apart,
# so each stands alone.
_REST = r"\b[^.]{0,400}\."
_SENTENCES = (
    rf"Since January 2020,? Elsevier has created a COVID-19 resource cent(?:re|er){_REST}",
    rf"The COVID-19 resource cent(?:re|er) is hosted on Elsevier Connect{_REST}",
    rf"Elsevier hereby grants permission to make all its COVID-19-related research{_REST}",
    rf"These permissions are granted (?:for free by Elsevier|for the duration of the (?:World|WHO|COVID-19)){_REST}",
    rf"This article is made available via the PMC Open Access Subset{_REST}",
    rf"Upon expiration of these permissions, PMC is granted{_REST}",
    rf"The author(?:s)? (?:is a|are) staff members? of the World Health Organization{_REST}",
    rf"The authors? alone (?:is|are) responsible for the views expressed in this (?:publication|article|paper){_REST}",
    r"(?:©|\(c\)|Copyright)?\s?World Health Organization \d{4}\b\.?\s?(?:Some|All) rights reserved\.",
    rf"This work is available under the Creative Commons\b[^.]{{0,400}}\b3\.0 IGO{_REST}",
    r"(?:Licensee|License[ed]) (?:Elsevier|MDPI|BioMed Central|Springer|the World Health Organization)\b[^.]{0,80}\.",
)
_NOTICE = re.compile("|".join(_SENTENCES), re.IGNORECASE)
ANCHORS = (
    "Elsevier", "These permissions", "PMC ", "World Health Organization", "responsible for the views", "3.0 IGO",
    "icense",
)  # fmt: skip


# Words of each sentence: looking for them in small letters takes a hundredth of the time that ignoring case does.
_WORDS = (
    "resource cent", "hereby grants permission", "these permissions", "made available via the pmc", "staff member",
    "responsible for the views", "rights reserved.", "the creative commons", "licensee ", "licensed ",
    "i\u0307", "ı",
)  # fmt: skip
"""The last two are letters that an i also stands for, where case is ignored."""


def remove_notices(text: str) -> str:
    """``text`` without those sentences; others that speak of Elsevier or the WHO stay."""
    if not any(map(text.__contains__, ANCHORS)):
        return text
    small = text.casefold()
    return _NOTICE.sub(" ", text) if any(map(small.__contains__, _WORDS)) else text

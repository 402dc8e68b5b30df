"""The numbers of pages behind a preprint's notice, in the middle of a sentence: "bioRxiv preprint 7 impaired it".

The notice itself goes by ``jobs.corpus.cleaning.preprint_notice``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NOTICE = "Rxiv preprint "
_NUMBER = re.compile(r"([1-9](?:(?: [0-9]){1,2}(?= |$)|[0-9]{0,2}))(?>(?: of [0-9]{1,3})?)(?: |$)")
"""Also with blanks between the digits, as some parses have all numbers of a margin, and with the sum of pages."""
_SLACK, _SPACED_SLACK = 5, 15
"""Pages of which the parse lost the notice, at most, between two that have it; digits with blanks are nothing else."""


def remove_page_numbers(paragraphs: Sequence[str]) -> list[str]:
    """The paragraphs of one document without the numbers that count its notices up, as they stand behind them."""
    kept = list(paragraphs)
    page = noticed = since = 0
    for index, text in enumerate(paragraphs):
        place = text.find(_NOTICE)
        if place < 0:
            continue
        parts, end = [], 0
        while place >= 0:
            noticed += 1
            place += len(_NOTICE)
            match = _NUMBER.match(text, place)
            if match and page < (number := int(match[1].replace(" ", ""))):
                slack = _SPACED_SLACK if " " in match[1] else _SLACK
                if number <= page + noticed - since + slack:
                    page, since = number, noticed
                    parts.append(text[end:place])
                    end = match.end()
            place = text.find(_NOTICE, place)
        kept[index] = "".join([*parts, text[end:]])
    return kept

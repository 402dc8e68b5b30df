"""Unicode's code points, and those few of them by which a rule that treats some otherwise is told."""

import itertools
import sys
import unicodedata

DENSE = 0x3100
"""Below it scripts, punctuation and symbols alternate; above lie long runs that are alike."""


def every_character() -> list[str]:
    """All but the surrogates, which no UTF-8 text holds."""
    return [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def telling_characters() -> list[str]:
    """All below ``DENSE``, and of the others both ends of every run of one category, unassigned ones among them."""
    found = [chr(code) for code in range(DENSE)]
    for _, run in itertools.groupby(every_character()[DENSE:], unicodedata.category):
        alike = list(run)
        found += dict.fromkeys((alike[0], alike[-1]))
    return found

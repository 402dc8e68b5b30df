"""Sentences that a page's or column's end cut into two paragraphs: "the patients who" / "were admitted"."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORDS = 5
"""Words a cut paragraph has, at least: what is shorter is a heading, a label or a formula's remains."""
_STOPPED = re.compile(r"""[.?!:;…]["”’'»)\]]*$""")
_GOES_ON = re.compile(r"""[(\["“‘]?[a-zα-ω]""")
_LISTED = re.compile(r"""[(\["“‘]?(?:[a-z]|[ivx]{2,4})[.)\]] |(?!a )([a-z]) (?:\1 |[a-z] [a-z] )""")
"""Begins in lower case and goes on with nothing: a list's "(a)" or "iv.", the points of a plot "q q q q"."""


def join_page_breaks(paragraphs: Sequence[str]) -> list[str]:
    """The paragraphs, in order, where one that has no end and one that has no beginning are one.

    That is, the first does not close with a stop and the next begins in lower case. Those that go on with
    a capital or a number stay: where a formula or a table stood, or a heading follows, it looks the same.
    For parses of PDFs, after what a page has at its foot and head is gone; no paragraph is empty.
    """
    joined: list[list[str]] = []
    is_open = False
    for text in paragraphs:
        if is_open and _GOES_ON.match(text) and not _LISTED.match(text):
            joined[-1].append(text)
            is_open = not _is_stopped(text)
        else:
            joined.append([text])
            is_open = text.count(" ") >= _WORDS - 1 and not _is_stopped(text)
    return [" ".join(parts) for parts in joined]


def _is_stopped(text: str) -> bool:
    return _STOPPED.search(text, max(0, len(text) - 8)) is not None

"""Two texts as one: what both have plain, what only one of them has marked."""

from __future__ import annotations

from difflib import SequenceMatcher

from jobs.report.markup import Markup, element, join


def marked(before: str, after: str) -> list[Markup]:
    """Word by word: ``del`` for what only ``before`` has, ``ins`` for what only ``after`` has."""
    old, new = before.split(), after.split()
    parts = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(join(" ".join(old[a:b]), " "))
            continue
        for tag, words in (("del", old[a:b]), ("ins", new[c:d])):
            if words:
                parts.append(join(element(tag, " ".join(words)), " "))
    return parts

"""HTML that is escaped unless it was made here; well-formed as XML too, so that anything can read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Characters that XML forbids, and the marks that change the direction of the text that follows."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """``<tag attributes>children</tag>``; ``class_`` stands for ``class``, ``stroke_width`` for ``stroke-width``."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"' for name, value in attributes.items()
    )
    inside = join(*children)
    return Markup(f"<{tag}{named}>{inside}</{tag}>" if inside or tag not in _VOID else f"<{tag}{named}/>")


_VOID = ("meta", "link", "input", "rect", "line")


def join(*parts: str) -> Markup:
    """The parts one after the other, escaped where they are no markup."""
    return Markup("".join(part if isinstance(part, Markup) else _escaped(part) for part in parts))


def _escaped(text: str) -> str:
    return escape(_UNWANTED.sub("\ufffd", text))


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, ends_in_words: bool = False) -> Markup:
    """All columns but the first hold numbers, set to the right; with ``ends_in_words`` the last one does not."""
    top = element("tr", *(element("th", name, scope="col") for name in head))
    body = (
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in rest))
        for first, *rest in rows
    )
    # Its own box to scroll in: on a phone the page itself never moves sideways.
    # The keyboard has to reach what scrolls.
    table = element("table", element("thead", top), element("tbody", *body))
    kind = "wide words" if ends_in_words else "wide"
    return element("div", table, class_=kind, tabindex="0", role="group", aria_label=f"Table: {', '.join(head)}")

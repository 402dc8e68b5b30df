"""Markdown whose layout no text from outside can change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def one_line(text: str) -> str:
    """``text`` without line ends, control characters and marks that change the direction of text."""
    return " ".join(_CONTROL.sub(" ", text).split())


def plain(text: str) -> str:
    """``text`` on one line, shown as it is."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """``text`` on one line, as code; in a table, too."""
    shown = one_line(text).replace("|", "\\|")
    return f"`{shown}`" if "`" not in shown else f"`` {shown} ``"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of cells that are Markdown; empty when it has no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines]) if lines else ""


def facts(rows: Iterable[tuple[str, str | None]]) -> str:
    """A table of names and values, without those that are not known."""
    return table(("", ""), [(name, value) for name, value in rows if value])


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``"""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

"""What a setting means, as the comment above it in a file to edit. Pure."""

from __future__ import annotations

import textwrap

WIDTH = 100
"""Columns of a comment, at most."""


def comment(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        plain(text), width, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_on_hyphens=False
    )


def plain(text: str) -> str:
    """Without the backquotes of code."""
    return text.replace("``", "")

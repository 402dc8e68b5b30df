"""The console of tables and live lines: shows text as it is, and lets none of it steer the terminal."""

from __future__ import annotations

from typing import IO, Any

from rich.console import Console
from rich.text import Text

from controller.cli.terminal import escaped, output


class SafeConsole(Console):
    """Every plain string that it shows, in a cell or a line, passes ``escaped``."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(escaped(text), **options)


def console_of(out: IO[str], *, width: int | None = None, soft_wrap: bool = False) -> Console:
    """What schedulers, workers and registries say may look like markup: none of it is taken for that."""
    return SafeConsole(file=output(out), width=width, soft_wrap=soft_wrap, highlight=False, markup=False, emoji=False)


def safe_text(text: str, **options: Any) -> Text:
    return Text(escaped(text), **options)

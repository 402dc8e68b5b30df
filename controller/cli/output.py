"""What a command found: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from controller.cli.terminal import echo

if TYPE_CHECKING:
    from rich.table import Table


def show(output: str, table: Callable[[], Table], data: Any, empty: str = "") -> None:
    from controller.cli.console import console_of
    from controller.cli.fitting import fitted
    from controller.cli.tables import as_lines

    if output == "json":
        echo(json.dumps(data, indent=1, ensure_ascii=False))
    elif empty and not data:
        echo(empty)
    elif sys.stdout.isatty():
        console = console_of(sys.stdout)
        console.print(fitted(table(), console))
    else:
        echo(as_lines(table()))

"""Tables fitted to a terminal: no empty column, names and numbers whole, and text not squeezed into a gutter.

Where it takes fewer lines, the text of a row stands below its names and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from controller.cli.console import safe_text

LEAST = 16
"""Columns of a terminal that a column of text has at least: with fewer, words are torn."""
_GAP, _INDENT = "  ", "  "
_BETWEEN = " | "


def fitted(table: Table, console: Console) -> Table:
    """The table as that console shows it best. Columns without ``no_wrap`` hold text, all others are whole."""
    columns = [column for column in table.columns if any(map(str, column.cells))]
    beside = _beside(columns)
    text = [column for column in columns if not column.no_wrap]
    room = console.width - sum(_width(column) + len(_GAP) for column in columns if column.no_wrap)
    if not text or room >= sum(_width(column) + len(_GAP) for column in text) - len(_GAP):
        return beside
    below = _below(columns, console.width)
    is_torn = room < LEAST * len(text)
    return below if is_torn or _height(below, console) < _height(beside, console) else beside


def _height(table: Table, console: Console) -> int:
    return len(console.render_lines(table))


def _beside(columns: Sequence[Column]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column.header, justify=column.justify, no_wrap=column.no_wrap, overflow=column.overflow)
    for row in zip(*(column.cells for column in columns), strict=True):
        shown.add_row(*row)
    return shown


def _width(column: Column) -> int:
    return max(cell_len(_text(cell).plain) for cell in (column.header, *column.cells))


def _below(columns: Sequence[Column], width: int) -> Table:
    """One column, whose rows are several lines each: what is whole, and below it the text."""
    whole = [column for column in columns if column.no_wrap]
    below = [column for column in columns if not column.no_wrap]
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column(_row([c.header for c in whole], [c.header for c in below], whole, width), overflow="fold")
    cells = [list(column.cells) for column in (*whole, *below)]
    for row in zip(*cells, strict=True):
        shown.add_row(_row(row[: len(whole)], row[len(whole) :], whole, width))
    return shown


def _row(cells: Sequence[object], below: Sequence[object], whole: Sequence[Column], width: int) -> Text:
    first = Text(_GAP).join(_padded(_text(cell), column) for cell, column in zip(cells, whole, strict=True))
    first.rstrip()
    first.stylize("bold", 0, cell_len(_text(cells[0]).plain))
    said = Text(_BETWEEN).join([_text(cell) for cell in below if str(cell)])
    lines = [Text(_INDENT).append_text(line) for line in _lines(said, width - len(_INDENT))]
    return Text("\n").join([first, *lines])


def _lines(text: Text, width: int) -> list[Text]:
    """The text broken between words."""
    lines: list[Text] = []
    for paragraph in text.split("\n"):
        start = 0
        while cell_len(paragraph.plain[start:]) > width:
            cut = paragraph.plain.rfind(" ", start, start + width + 1)
            end = cut if cut > start else start + width
            lines.append(paragraph[start:end])
            start = end + (cut > start)
        lines.append(paragraph[start:])
    return [line for line in lines if line.plain]


def _padded(text: Text, column: Column) -> Text:
    missing = " " * (_width(column) - cell_len(text.plain))
    return Text(missing).append_text(text) if column.justify == "right" else text.copy().append(missing)


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else safe_text(str(cell))

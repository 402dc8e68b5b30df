"""What a search found, for people: each paper's title, where it is from, its scores and the sentence that answers.

Written without rich, whose import would cost a tenth of a whole search.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from controller.cli.terminal import escaped, output

if TYPE_CHECKING:
    from jobs.search.engine import Answer, Hit

_PLAIN, _BOLD, _DIM, _MARKED = "", "1", "2", "1;33"
_INDENT = 4

Piece = tuple[str, str]
"""A text and its style, as the parameters of ANSI's "select graphic rendition"."""


def print_answers(answers: Mapping[str, Answer]) -> None:
    """By the index that answered. Wrapped and coloured on a terminal; one line each for programs."""
    places = {
        name: {hit.paper.cord_uid: hit.rank for hit in answer.hits} for name, answer in answers.items()
    }  # fmt: skip
    for name, answer in answers.items():
        others = {other: ranks for other, ranks in places.items() if other != name}
        if others:
            _line([(f"{name}, ranked by {answer.mode}", _BOLD)])
        if not answer.hits:
            _line([("no paper matches", _PLAIN)])
        for hit in answer.hits:
            _hit(hit, [_place(hit, other, ranks) for other, ranks in others.items()])


def _place(hit: Hit, other: str, ranks: Mapping[str, int]) -> str:
    rank = ranks.get(hit.paper.cord_uid)
    return f"rank {rank} of {other}" if rank else f"not found by {other}"


def _hit(hit: Hit, places: Sequence[str]) -> None:
    paper = hit.paper
    _line([(f"{hit.rank:>2}  {paper.title or 'Untitled'}", _BOLD)])
    facts = (str(paper.year or ""), paper.journal, paper.license, paper.link, *hit.scores, *places)
    _line([("    " + "  ".join(filter(None, facts)), _DIM)])
    if hit.passage.text:
        pieces, end = [("    ", _PLAIN)], 0
        for start, stop in hit.passage.marks:
            pieces += [(hit.passage.text[end:start], _PLAIN), (hit.passage.text[start:stop], _MARKED)]
            end = stop
        _line([*pieces, (hit.passage.text[end:], _PLAIN)])


def _line(pieces: Sequence[Piece]) -> None:
    """Write one line; on a terminal, as many as its width asks for, the second and later ones indented."""
    is_terminal = sys.stdout.isatty()
    coloured = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    # What would steer the terminal is escaped piece by piece: the styles are ours.
    shown = [(escaped(text), style) for text, style in pieces]
    for line in _wrapped(shown, shutil.get_terminal_size().columns) if is_terminal else [shown]:
        styled = ((style, "".join(text for text, _ in same)) for style, same in groupby(line, key=itemgetter(1)))
        texts = (f"\x1b[{style}m{text}\x1b[0m" if coloured and style else text for style, text in styled)
        output(sys.stdout).write("".join(texts).rstrip() + "\n")


def _wrapped(pieces: Sequence[Piece], width: int) -> list[list[Piece]]:
    """Broken between words so that no line is longer than ``width``, unless a single word is."""
    lines: list[list[Piece]] = [[]]
    used = 0
    for text, style in pieces:
        for word in re.findall(r"\s+|\S+", text):
            if used + len(word) > width and used > _INDENT and not word.isspace():
                lines.append([(" " * _INDENT, _PLAIN)])
                used = _INDENT
            lines[-1].append((word, style))
            used += len(word)
    return lines

"""CSV records with their line numbers, from a file that may be broken anywhere."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from jobs.errors import ConfigurationError

MOST_READINGS = 16
"""Broken records that may swallow a line before it is read by itself: or a file of open quotes would take a time that
grows with its square."""

MAX_FIELD_CHARACTERS = 1 << 26
"""An abstract is never that long; what is, is a quote that nobody closed."""


SEPARATORS = ",\t;|"


@dataclass(frozen=True)
class Record:
    """One CSV record. ``problem`` says why ``fields`` cannot be trusted; empty for a good one."""

    line: int
    """Number of its first line, counted from 1."""
    fields: tuple[str, ...]
    problem: str = ""


def read_records(lines: Iterable[bytes], source: str) -> Iterator[Record]:
    """The records of a CSV file, given as its raw lines; the first one is the header. Blank lines are none. Fields are
    separated by that of ``SEPARATORS`` which the header has most of.

    A broken record (stray quote, wrong number of fields, not UTF-8) is reported as its first line
    alone and reading resumes at the next line: a quote left open must not swallow good rows. A line that
    ``MOST_READINGS`` records swallowed is a record by itself.
    Raises ``ConfigurationError`` when a quote is never closed, naming the line where its record begins.
    """
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    lines = iter(lines)
    header = next(lines, b"")
    feed = _Feed(chain([header], lines))
    reader = csv.reader(feed, strict=True, delimiter=max(SEPARATORS, key=header.decode(errors="replace").count))
    width = 0
    while True:
        feed.begin_record()
        problem = ""
        fields: tuple[str, ...] = ()
        try:
            fields = tuple(next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            if (feed.ended and not feed.alone) or "field limit" in str(error):
                raise ConfigurationError(
                    f"{source}, line {feed.first_line}",
                    "a quote opened in this row is never closed; it swallows the rest of the file",
                    'close or double the quote (") on that line',
                ) from error
            problem = f"broken quoting ({error})"
        if not problem and not fields:
            continue
        line = feed.first_line
        if not problem and width and len(fields) != width:
            problem = f"{len(fields)} fields where the header has {width}"
        if problem:
            feed.give_back_all_but_first()
        if feed.undecodable:
            problem = f"not UTF-8 ({feed.undecodable})"
        width = width or len(fields)
        yield Record(line, fields, problem)


class _Feed:
    """Lines for ``csv.reader``, remembering those of the current record so that it can be abandoned."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = enumerate(lines, 1)
        self._returned: deque[tuple[int, bytes, int]] = deque()
        self._taken: list[tuple[int, bytes, int]] = []
        self.alone = False
        """Whether the current record may not go on after its first line."""
        self.undecodable = ""
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.alone and self._taken:
            raise StopIteration
        readings = 0
        if self._returned:
            number, data, readings = self._returned.popleft()
        else:
            try:
                number, data = next(self._lines)
            except StopIteration:
                self.ended = True
                raise
            if number == 1:
                data = data.removeprefix(b"\xef\xbb\xbf")
        self._taken.append((number, data, readings + 1))
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            self.undecodable = self.undecodable or f"line {number}, byte {error.start}"
            return data.decode(errors="replace")

    @property
    def first_line(self) -> int:
        return self._taken[0][0]

    def begin_record(self) -> None:
        self._taken.clear()
        self.alone = bool(self._returned) and self._returned[0][2] >= MOST_READINGS
        self.undecodable = ""

    def give_back_all_but_first(self) -> None:
        self._returned.extendleft(reversed(self._taken[1:]))

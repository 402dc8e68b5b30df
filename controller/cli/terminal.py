"""Everything that covid-ctl writes for people and programs goes through here.

Titles, logs, pod messages and file names come from others. What in them would steer a terminal or turn text around is
written as its code, ``\\u001b``, which is also how JSON writes it.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterable
from typing import IO, TextIO, cast

CLOSED_PIPE = 1
"""Exit code when the reader of a pipe has left: not everything was written."""

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, C1 among them; a line feed and a tab are harmless
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what changes the direction of text
    "\u2028\u2029\ufeff\ud800-\udfff]"  # line separators, a byte-order mark, halves of characters
)


def escaped(text: str) -> str:
    """``text`` with every character that a terminal would obey instead of showing written as its code."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def echo(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Write a line. Raises ``OutputError``."""
    out = output(sys.stderr if err else sys.stdout)
    out.write(escaped(str(text)) + ("\n" if nl else ""))
    out.flush()


def tell_unreachable(reason: str) -> None:
    """Say that what follows is what the bucket knows; nothing without a reason."""
    if reason:
        echo(f"cluster not reachable: {reason}\nwhat the bucket knows:", err=True)


class OutputError(Exception):
    """Standard output or error takes nothing more."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.is_closed_pipe = error.errno == errno.EPIPE
        self.reason = error.strerror or str(error)


class GuardedStream(io.TextIOBase):
    """A stream whose troubles are ``OutputError``, and which writes characters that its encoding lacks as codes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = cast(TextIO, stream)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding or "ascii"
            return self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError as error:
            raise OutputError(error) from error

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise OutputError(error) from error

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding


def output(stream: IO[str]) -> IO[str]:
    return cast(IO[str], GuardedStream(stream))


def open_closed_streams() -> None:
    """Have a closed standard stream lead nowhere: the next file that is opened would else take its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if name == "stdin" else "w", closefd=False, encoding="utf-8"))  # noqa: SIM115


def end_output() -> None:
    """Write what is left. Raises ``OutputError``; Python would else complain about it as it ends."""
    for stream in (sys.stdout, sys.stderr):
        output(stream).flush()


def abandon_output() -> None:
    """Have what is left go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        if number == 1 or not _takes_more(sys.stderr):
            os.dup2(nowhere, number)


def _takes_more(stream: IO[str]) -> bool:
    try:
        stream.flush()
    except OSError:
        return False
    return True

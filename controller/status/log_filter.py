"""Chooses lines of a log by their time and by a pattern. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from pydantic_core import SchemaError, SchemaValidator, core_schema

from controller.status.log_reading import LogLine
from jobs.json_text import from_json


class LinePattern:
    """A regular expression whose search takes time in proportion to the text, whatever both are.

    Python's own would try for ages on ``(a+)+$``. This is Rust's ``regex``, which comes with pydantic: it has no
    look-around and no back-references. Raises ``ValueError`` that says what is wrong with the pattern.
    """

    def __init__(self, pattern: str) -> None:
        try:
            pattern.encode()
            self._validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
        except UnicodeEncodeError:
            raise ValueError("it is not UTF-8") from None
        except SchemaError as error:
            # The last line is the engine's own, as in "error: unclosed group".
            said = str(error).rpartition("\n")[2].strip().removeprefix("SchemaError: ").removeprefix("error: ")
            raise ValueError(said.removesuffix(".")) from None

    def is_found_in(self, text: str) -> bool:
        # Half a surrogate pair, which JSON may hold, is no text to the engine.
        return self._validator.isinstance_python(text.encode("utf-8", "replace").decode())


def since(lines: Iterable[LogLine], earliest: float) -> Iterator[LogLine]:
    """The lines from ``earliest``, in seconds since the epoch, on.

    A line that tells no time, as those of a traceback, is as old as the line before it. The first lines of a log are
    given if they tell none.
    """
    is_old: dict[tuple[str, int, int], bool] = {}
    for line in lines:
        log = (line.source, line.index, line.attempt)
        if (at := written_at(line.text)) is not None:
            is_old[log] = at < earliest
        if not is_old.get(log, False):
            yield line


def matching(lines: Iterable[LogLine], pattern: LinePattern, shown: Callable[[LogLine], str]) -> Iterator[LogLine]:
    """The lines in which the pattern is found, as they are ``shown``."""
    return (line for line in lines if pattern.is_found_in(shown(line)))


def written_at(text: str) -> float | None:
    """When a worker wrote this event, in seconds since the epoch; None for a line that is no event."""
    if not text.startswith("{"):
        return None
    try:
        return datetime.fromisoformat(from_json(text)["timestamp"]).timestamp()
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None

"""Settings that people write and records in the bucket, checked where they enter.

An unknown setting is an error that names the nearest known one. A record may have fields that this version does
not know: a later one wrote them.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from jobs.errors import ConfigurationError
from jobs.field_problems import problems
from jobs.library_errors import in_our_words

# pydantic would look through all that is installed for plugins, which takes 30 ms and could change what is valid.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


class Section(BaseModel):
    """A part of a file of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


RECORD = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)
"""Configuration of the dataclasses that stand for JSON objects in the bucket."""

WholeNumber = Annotated[int, Field(ge=0, le=1 << 62)]
Seconds = Annotated[float, Field(ge=0.0, le=1e12)]
Moment = Annotated[float, Field(ge=0.0, le=253_402_300_799.0)]
"""Seconds since the epoch, up to the end of the year 9999: what a ``datetime`` can show."""

S = TypeVar("S", bound=Section)
R = TypeVar("R")


def parsed(record: type[R], data: bytes) -> R:
    """``data`` (JSON) as a ``record``. Raises ``ValueError`` with a line that names every wrong field."""
    try:
        # Twice, because a field that may hold anything would take NaN, which no JSON has.
        from_json(data, allow_inf_nan=False)
        found: R = _adapter(record).validate_json(data)  # type: ignore[arg-type] # a list of records is one, too
        return found
    except ValidationError as error:
        found_wrong = error.errors()
        more = f"; and {len(found_wrong) - MOST_PROBLEMS} more" if len(found_wrong) > MOST_PROBLEMS else ""
        raise ValueError(problems(None, found_wrong[:MOST_PROBLEMS]) + more) from error
    except ValueError as error:
        raise ValueError(f"not JSON ({in_our_words(error)})") from error


MOST_PROBLEMS = 3
"""Fields of a record that are named."""


@cache
def _adapter(record: Any) -> TypeAdapter[Any]:
    return TypeAdapter(record)


def validated(section: type[S], data: Any, source: str, remedy: str) -> S:
    """``data`` as a ``section``.

    Raises ``ConfigurationError`` about ``source`` that names every wrong field by its dotted name, with the reason.
    """
    try:
        return section.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(source, problems(section, error.errors()), remedy) from error

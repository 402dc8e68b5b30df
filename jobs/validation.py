"""Settings that people write, checked: an unknown field is an error that names the nearest known one."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from jobs.errors import ConfigurationError


class Section(BaseModel):
    """A part of a file of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


S = TypeVar("S", bound=Section)


def validated(section: type[S], data: Any, source: str, remedy: str) -> S:
    """``data`` as a ``section``.

    Raises ``ConfigurationError`` about ``source`` that names every wrong field by its dotted name, with the reason.
    """
    try:
        return section.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(_problem(section, e["loc"], e["msg"], e["type"]) for e in error.errors())
        raise ConfigurationError(source, problems, remedy) from error


def nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean bucket?``, or nothing where no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _problem(root: type[BaseModel], place: tuple[int | str, ...], message: str, kind: str) -> str:
    field = ".".join(map(str, place)) or "top level"
    if kind != "extra_forbidden":
        return f"{field}: {message.removeprefix('Value error, ')}"
    section: type[BaseModel] | None = root
    for part in place[:-1]:
        if section and str(part) in section.model_fields:
            section = _section_in(section.model_fields[str(part)].annotation)
    known = section.model_fields if section else {}
    return f"{field}: no such field{nearest(str(place[-1]), known)}"


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds, be it optional or the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section_in, typing.get_args(annotation))), None)

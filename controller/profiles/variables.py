"""The environment variables that set a profile's fields: ``COVID_CTL_IMAGES__WORKER`` is ``images.worker``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jobs.errors import ConfigurationError
from jobs.field_problems import holds_several, section_in
from jobs.nearest import nearest

PREFIX = "COVID_CTL_"
_OF_OTHERS = ("COVID_CTL_TEST_", "COVID_CTL_DEVICE", "COVID_CTL_ALL_REDUCE")
_OWN = ("COVID_CTL_PROFILE", "COVID_CTL_CONFIG")


def variables_of(profile: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """By variable, the place of each field that one value can set. Lists and tables are set in the file alone."""
    return {_variable(place): place for place, field in _fields(profile) if not holds_several(field.annotation)}


def given(profile: type[BaseModel], environment: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """What the environment says, by the place of the field. Raises ``ConfigurationError`` for an unknown variable."""
    known = variables_of(profile)
    found = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable.startswith(_OF_OTHERS) or variable in _OWN:
            continue
        if variable not in known:
            raise ConfigurationError(variable, _why_unknown(profile, variable, known), f"unset {variable}")
        if value:
            found[known[variable]] = value
    return found


def _why_unknown(profile: type[BaseModel], variable: str, known: Mapping[str, Any]) -> str:
    for place, field in _fields(profile):
        if holds_several(field.annotation) and f"{variable}__".startswith(f"{_variable(place)}__"):
            return f"{'.'.join(place)} holds several values: only covid-ctl.toml can set it"
    return f"no such setting{nearest(variable, [*known, *_OWN])}"


def put(data: dict[str, Any], place: tuple[str, ...], value: str) -> None:
    """Set a field of a profile as the file has it, whatever stands there."""
    *sections, last = place
    for section in sections:
        inner = data.get(section)
        data[section] = dict(inner) if isinstance(inner, Mapping) else {}
        data = data[section]
    data[last] = value


def _variable(place: tuple[str, ...]) -> str:
    return PREFIX + "__".join(place).upper()


def _fields(section: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every field that is no section, with its place."""
    for name, field in section.model_fields.items():
        place = (*above, name)
        inner = None if holds_several(field.annotation) else section_in(field.annotation)
        if inner:
            yield from _fields(inner, place)
        elif place != ("name",):
            yield place, field

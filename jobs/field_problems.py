"""What pydantic finds wrong with a value, in our words: ``'many' is not a whole number``. Pure."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from jobs.nearest import nearest

_LONGEST_VALUE = 60
"""Characters of a value that a message repeats."""

_BOUNDS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
_BOUND_WORDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
_OF_OURS = ("value_error", "assertion_error")
"""What a check of ours raised: it says all in its message."""
_KINDS = (
    (re.compile(r"int_.*"), "a whole number"),
    (re.compile(r"float_.*"), "a number"),
    (re.compile(r"finite_number"), "a finite number"),
    (re.compile(r"bool_.*"), "true or false"),
    (re.compile(r"string_(?:type|unicode|sub_type)"), "text"),
    (re.compile(r"(?:tuple|list|set|frozen_set)_type"), "a list, as in [a, b]"),
    (re.compile(r"(?:dict|mapping)_type"), "a section of names and values"),
    (re.compile(r"(?:model|dataclass)_.*"), "a section of settings"),
    (re.compile(r"none_required"), "null"),
)
"""What a value had to be, by the type of pydantic's error."""

Details = Mapping[str, Any]
"""One of ``ValidationError.errors()``."""


def problems(root: type[BaseModel] | None, errors: Sequence[Details]) -> str:
    """Every wrong field by its dotted name, with the reason. ``root`` is the schema, where there is one."""
    by_place: dict[tuple[str, ...], list[Details]] = {}
    for error in errors:
        by_place.setdefault(_place(root, error["loc"]), []).append(error)
    # A list whose entry is wrong is also too short: the entry says it.
    deepest = [place for place in by_place if not any(other[: len(place)] == place != other for other in by_place)]
    return "; ".join(_line(place, _said(root, place, by_place[place]), by_place[place]) for place in deepest)


def _line(place: tuple[str, ...], said: str, errors: Sequence[Details]) -> str:
    """What a check of the whole finds names its fields itself."""
    if not place and all(error["type"] in _OF_OURS for error in errors):
        return said
    return f"{'.'.join(place) or 'top level'}: {said}"


def _said(root: type[BaseModel] | None, place: tuple[str, ...], errors: Sequence[Details]) -> str:
    if len(errors) > 1 and all(_expected(error) for error in errors):
        return f"{_shown(errors[0].get('input'))} is neither {' nor '.join(map(_expected, errors))}"
    return "; ".join(dict.fromkeys(_reason(root, place, error) for error in errors))


def _reason(root: type[BaseModel] | None, place: tuple[str, ...], error: Details) -> str:
    """The reason of one error of a field."""
    kind, context, value = error["type"], error.get("ctx") or {}, _shown(error.get("input"))
    match kind:
        case "missing":
            return "it is missing"
        case "extra_forbidden":
            section = _section_of(root, place)
            near = nearest(place[-1], section.model_fields if section else ())
            return f"no such field{_elsewhere(root, place[-1]) or near}"
        case _ if kind in _OF_OURS:
            return str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
        case "literal_error" | "enum":
            choices = list(filter(None, re.findall(r"'([^']*)'", str(context["expected"]))))
            return f"{value} is not {_one_of(choices)}{nearest(str(error.get('input')), choices)}"
        case "string_pattern_mismatch":
            examples = _examples(root, place)
            if examples:
                return f"{value} has another form; write it as {_one_of(examples)}"
            return f"{value} is not of the form {context['pattern']}"
        case "too_short" | "string_too_short":
            least = context.get("min_length")
            return f"it needs at least {least} {'characters' if kind.startswith('string') else _entries(least)}"
        case "too_long" | "string_too_long":
            most = context.get("max_length")
            return f"it may have at most {most} {'characters' if kind.startswith('string') else _entries(most)}"
        case "greater_than_equal":
            return f"{value} is less than {context['ge']:,}"
        case "less_than_equal":
            return f"{value} is more than {context['le']:,}"
    expected = _expected(error)
    if expected == "text" and isinstance(error.get("input"), int | float):
        return f"{value} is not text: write it in quotes"
    return f"{value} is not {expected}" if expected else f"{value} cannot be used here"


def _expected(error: Details) -> str:
    """What the value had to be: ``a whole number``; empty where the error says it in another way."""
    kind, context = error["type"], error.get("ctx") or {}
    if bound := _BOUNDS.get(kind):
        return f"{_BOUND_WORDS[bound]} {context[bound]:,}"
    if kind == "literal_error":
        return _one_of(list(filter(None, re.findall(r"'([^']*)'", str(context["expected"])))))
    return next((words for pattern, words in _KINDS if pattern.fullmatch(kind)), "")


def _place(root: type[BaseModel] | None, loc: Sequence[int | str]) -> tuple[str, ...]:
    """The field's place without the names that pydantic gives the branches of a union."""
    if root is None:
        return tuple(map(str, loc))
    place: list[str] = []
    section: type[BaseModel] | None = root
    for part in loc:
        if isinstance(part, str) and section is None and _is_branch(part):
            continue
        place.append(str(part))
        fields = section.model_fields if section else {}
        if isinstance(part, str):
            section = section_in(fields[part].annotation) if part in fields else section if not fields else None
    return tuple(place)


def _is_branch(part: str) -> bool:
    return bool(re.match(r"constrained-|literal\[|function-|(?:int|str|float|bool|none)$", part)) or part == "[key]"


def _section_of(root: type[BaseModel] | None, place: Sequence[str]) -> type[BaseModel] | None:
    """The section that a field belongs to; of a mapping of sections, by any key."""
    section = root
    for part in place[:-1]:
        if section and part in section.model_fields:
            section = section_in(section.model_fields[part].annotation)
    return section


def _elsewhere(root: type[BaseModel] | None, name: str) -> str:
    """``; it is corpus.languages``, where another section has a field of that name."""
    found = [place for place in _places_of(root) if place.rpartition(".")[2] == name] if root else []
    return f"; it is {_one_of(found)}" if found else ""


def _places_of(section: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield f"{above}{name}"
        inner = None if holds_several(field.annotation) else section_in(field.annotation)
        if inner:
            yield from _places_of(inner, f"{above}{name}.")


def _examples(root: type[BaseModel] | None, place: Sequence[str]) -> Sequence[str]:
    section = _section_of(root, place)
    field = section.model_fields.get(place[-1]) if section and place else None
    return [str(example) for example in field.examples or ()] if field else []


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds, be it optional or the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(section_in, typing.get_args(annotation))), None)


def holds_several(annotation: Any) -> bool:
    """Whether a field is a list or a mapping, of whatever."""
    return "dict[" in str(annotation) or "tuple[" in str(annotation)


def _one_of(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _entries(count: object) -> str:
    return "entry" if count == 1 else "entries"


def _shown(value: object) -> str:
    """The value as the file or the command has it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str | int | float):
        text = repr(value)
        return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
    return "a list" if isinstance(value, list | tuple) else "a section" if isinstance(value, dict) else "it"

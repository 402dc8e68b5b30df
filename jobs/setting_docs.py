"""What each setting of a schema means and is by default, from the schema itself: its docstrings and its defaults."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from jobs.field_problems import holds_several, section_in


@dataclass(frozen=True)
class SettingDoc:
    """One setting, or a section that may be absent."""

    name: str
    dotted: str
    """``schedule.train_steps``."""
    meaning: str
    """In one paragraph; ``code`` between two backquotes."""
    is_required: bool
    default: Any
    """None, too, where it is required, or made anew for each schema."""
    section: SectionDoc | None = None
    holds_names: bool = False
    """Whether it is a mapping, of names that the schema does not know."""


@dataclass(frozen=True)
class SectionDoc:
    dotted: str
    """Empty at the top."""
    meaning: str
    settings: tuple[SettingDoc, ...]

    def walk(self) -> Iterator[SectionDoc]:
        """The section and all below it."""
        yield self
        for setting in self.settings:
            if setting.section:
                yield from setting.section.walk()


def documented(model: type[BaseModel], dotted: str = "") -> SectionDoc:
    """The schema ``model``, with every section that it has or may have."""
    meanings = _attribute_docs(model)
    settings = []
    for name, field in model.model_fields.items():
        place = f"{dotted}.{name}" if dotted else name
        inner = None if holds_several(field.annotation) else section_in(field.annotation)
        section = documented(inner, place) if inner else None
        meaning = meanings.get(name, section.meaning if section else "")
        default = None if field.default is PydanticUndefined else field.default
        settings.append(SettingDoc(name, place, meaning, field.is_required(), default, section, _is_mapping(field)))
    return SectionDoc(dotted, _prose(model.__doc__ or ""), tuple(settings))


def _is_mapping(field: FieldInfo) -> bool:
    return field.default_factory is dict


def _attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring below each field, of the class and of those that it derives from."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if not issubclass(one, BaseModel) or one is BaseModel:
            continue
        tree = ast.parse(inspect.getsource(one))
        (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
        for field, text in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                value = getattr(text.value, "value", None)
                if isinstance(value, str):
                    found[field.target.id] = _prose(value)
    return found


def _prose(text: str) -> str:
    return " ".join(text.split())

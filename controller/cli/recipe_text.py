"""A recipe with the meaning and the default of every setting: YAML whose comments explain it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from controller.cli.commented import WIDTH, comment, plain
from jobs.recipe import Recipe
from jobs.recipe.naming import kinds_named
from jobs.setting_docs import SectionDoc, SettingDoc, documented


def explained_yaml(recipe: Recipe, width: int = WIDTH) -> str:
    """The recipe as a file that can be edited and used, each setting below what it means."""
    lines = _section(documented(Recipe), recipe.model_dump(mode="json"), "", min(width, WIDTH))
    return "\n".join(lines) + "\n"


def explained_json(recipe: Recipe) -> list[dict[str, Any]]:
    """Every setting that the recipe has or could have, as programs get it."""
    values = recipe.model_dump(mode="json")
    return [
        {
            "setting": setting.dotted,
            "meaning": plain(setting.meaning),
            "value": _value(values, setting.dotted),
            "default": setting.default,
            "required": setting.is_required,
            "names": kinds_named(setting.dotted),
        }
        for section in documented(Recipe).walk()
        for setting in section.settings
        if not setting.section
    ]


def _section(section: SectionDoc, values: Mapping[str, Any] | None, indent: str, width: int) -> Iterator[str]:
    """Without ``values`` the defaults, as of a section that the recipe lacks."""
    for setting in section.settings:
        value = values[setting.name] if values else setting.default
        if section.dotted == "" and setting.section:
            yield ""
        yield from comment(_said(setting, value), indent, width)
        if setting.section and value is not None:
            yield f"{indent}{setting.name}:"
            yield from _section(setting.section, value, f"{indent}  ", width)
        elif setting.section:
            yield f"{indent}# {setting.name}:"
            for line in _section(setting.section, None, "  ", width - len(indent) - 2):
                yield f"{indent}# {line}"
        else:
            unknown = values is None and setting.is_required
            yield f"{indent}{setting.name}: {'...' if unknown else _flow(value)}"


def _said(setting: SettingDoc, value: object) -> str:
    if setting.section:
        absent = " Not in this recipe." if value is None else ""
        return setting.meaning + absent
    facts = ["required"] if setting.is_required else [f"default {_shown(setting.default)}"]
    if kinds := kinds_named(setting.dotted):
        facts.append(f"part of the name of {', '.join(kinds)}")
    return f"{setting.meaning} [{'; '.join(facts)}]"


def _shown(value: object) -> str:
    return "none" if value in (None, "", ()) else _flow(value)


def _flow(value: object) -> str:
    """YAML in one line."""
    plain = list(value) if isinstance(value, tuple) else value
    text: str = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").rstrip("\n")


def _value(values: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        values = values.get(name) if isinstance(values, dict) else None
    return values

"""Every setting of a profile with its meaning and default: TOML to take lines from. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from controller.cli.commented import WIDTH, comment
from controller.profiles.profile import Profile
from jobs.setting_docs import SectionDoc, SettingDoc, documented

_TABLE = "profiles.NAME"


def explained_toml(width: int = WIDTH) -> str:
    """What must be given as it stands, all else as comments. Pools, which are alike, are explained once."""
    return "\n".join(_section(documented(Profile), _TABLE, min(width, WIDTH))) + "\n"


def _section(section: SectionDoc, table: str, width: int) -> Iterator[str]:
    yield f"[{table}]"
    # What follows a table's header belongs to the table: inner ones come last.
    for setting in section.settings:
        if not setting.section and setting.dotted != "name":
            yield from comment(f"{setting.meaning} [{_fact(setting)}]", "", width)
            yield f'{setting.name} = "..."' if setting.is_required else f"# {setting.name} = {_value(setting)}"
    explained: dict[str, str] = {}
    for setting in section.settings:
        if not setting.section:
            continue
        yield ""
        inner = f"{table}.{setting.name}"
        if known := explained.get(setting.meaning):
            yield from comment(f"[{inner}] has the settings of [{known}].", "", width)
            continue
        explained[setting.meaning] = inner
        yield from comment(setting.meaning, "", width)
        lines = _section(setting.section, inner, width)
        yield from (lines if setting.is_required or _has_required(setting.section) else map(_commented, lines))


def _has_required(section: SectionDoc) -> bool:
    return any(setting.is_required for setting in section.settings)


def _commented(line: str) -> str:
    return line if line.startswith("#") else f"# {line}".rstrip()


def _fact(setting: SettingDoc) -> str:
    return "required" if setting.is_required else f"default {_value(setting)}"


def _value(setting: SettingDoc) -> str:
    if setting.holds_names:
        return "{}"
    return "none" if setting.default is None else json.dumps(setting.default)

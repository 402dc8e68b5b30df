"""Writes the reference pages from the code that they describe, so that they cannot differ from it.

`python docs/reference_pages.py DIRECTORY`; `make docs` does it before Sphinx reads the pages.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from code_text import NOTE, docs_below, prose
from json_page import json_page
from pydantic import BaseModel

from controller.cli.main import cli
from controller.profiles.profile import Profile
from controller.profiles.variables import variables_of
from jobs import errors, layout
from jobs.corpus.documents.outcome import NO_TEXT, WITHOUT_TEXT
from jobs.corpus.screening.exact_duplicates import DUPLICATE
from jobs.corpus.screening.metadata_filters import DATE, LICENSE, SOURCE
from jobs.corpus.screening.near_duplicates import NEAR_DUPLICATE
from jobs.recipe import naming
from jobs.recipe.schema import Recipe
from jobs.setting_docs import SettingDoc, documented


def pages() -> dict[str, str]:
    """Each page by its name."""
    return {
        "commands": commands(),
        "recipe": settings(Recipe, "Recipe settings", RECIPE, named=True),
        "profile": settings(Profile, "Profile", PROFILE, named=False),
        "environment": environment(),
        "exit-codes": exit_codes(),
        "bucket": bucket(),
        "drop-reasons": drop_reasons(),
        "json": json_page(),
    }


RECIPE = """A recipe is a YAML file; `covid-ctl recipes show clinical` prints one. `--set FIELD=VALUE` changes one
setting of any command that takes a recipe. A setting names the steps in its last column: change it, and those steps get
another name and are made again."""
PROFILE = """A profile says where steps run: `[profiles.NAME]` in `covid-ctl.toml`. A flag of a command comes before a
`COVID_CTL_*` variable, and that before the file."""


def commands() -> str:
    lines = [NOTE, "# Commands", "", "`covid-ctl COMMAND --help` prints the same."]
    context = click.Context(cli, info_name="covid-ctl")
    for path, command in sorted(_all_commands(cli, ()), key=lambda item: item[0]):
        inner = click.Context(command, info_name=" ".join(("covid-ctl", *path)), parent=None)
        with inner:
            lines += ["", f"## {' '.join(path)}", "", "```text", command.get_help(inner), "```"]
    context.close()
    return "\n".join(lines) + "\n"


def _all_commands(group: click.Group, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from _all_commands(command, (*before, name))


def settings(schema: type[BaseModel], title: str, text: str, *, named: bool) -> str:
    lines = [NOTE, f"# {title}", "", text]
    for section in documented(schema).walk():
        shown = f"`{section.dotted}`" if section.dotted else "At the top"
        lines += ["", f"## {shown}", ""]
        if section.dotted:
            lines += [prose(section.meaning), ""]
        lines += [
            f"| setting | default | meaning |{' names |' if named else ''}",
            f"| --- | --- | --- |{' --- |' * named}",
        ]
        for setting in section.settings:
            if setting.section:
                continue
            row = [f"`{setting.name}`", _default(setting), prose(setting.meaning)]
            row += [", ".join(naming.kinds_named(setting.dotted) or ["none"])] if named else []
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |")
    return "\n".join(lines) + "\n"


def _default(setting: SettingDoc) -> str:
    if setting.is_required:
        return "required"
    return f"`{setting.default!r}`" if setting.default not in (None, "", ()) else "none"


def environment() -> str:
    lines = [NOTE, "# Environment", "", "| variable | sets |", "| --- | --- |"]
    lines += [f"| `{name}` | that setting of the profile |" for name in sorted(variables_of(Profile))]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in OTHERS.items()]
    return "\n".join(lines) + "\n"


OTHERS = {
    "COVID_CTL_PROFILE": "the profile, in place of `default_profile`",
    "COVID_CTL_CONFIG": "the file of profiles, in place of `covid-ctl.toml`",
    "COVID_CTL_DEVICE": "in a container: `auto`, `cpu`, `gpu` or `tpu`",
    "HF_TOKEN": "the token that `publish` uses; else that of `hf auth login`",
    "HF_ENDPOINT": "the Hub that `publish` speaks to",
    "XDG_CACHE_HOME": "where indexes that are searched and objects of buckets are kept, below `covid-ctl`",
    "TMPDIR": "where steps keep their scratch files",
}


def exit_codes() -> str:
    classes = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, errors.CovidCtlError)]
    commands_rows = sorted({(one.cli_exit_code, one.__name__, prose(one.__doc__ or "")) for one in classes})
    containers = sorted({(one.container_exit_code, one.__name__, prose(one.__doc__ or "")) for one in classes})
    lines = [NOTE, "# Exit codes", "", "## Of covid-ctl", "", "| code | error | when |", "| --- | --- | --- |"]
    lines += ["| 0 | | everything that was asked for is done |"]
    lines += [f"| {code} | `{name}` | {text} |" for code, name, text in commands_rows]
    lines += ["| 2 | | the command line is wrong |", "| 4 | | `--timeout` passed; the steps go on |"]
    lines += ["| 130 | | Ctrl-C |", "", "## Of a container", ""]
    lines += ["The pod failure policy of a Job decides by these.", "", "| code | error | when |", "| --- | --- | --- |"]
    lines += ["| 0 | | its shard is committed |"]
    lines += [f"| {code} | `{name}` | {text} |" for code, name, text in containers]
    return "\n".join(lines) + "\n"


def bucket() -> str:
    constants = docs_below(layout)
    lines = [NOTE, "# Bucket layout", "", "```text", inspect.cleandoc(layout.__doc__ or ""), "```", ""]
    lines += ["| path | what |", "| --- | --- |"]
    for name, text in constants.items():
        value = getattr(layout, name)
        if isinstance(value, str):
            lines.append(f"| `{value}` | {prose(text)} |")
    return "\n".join(lines) + "\n"


def drop_reasons() -> str:
    lines = [
        NOTE,
        "# Why a document is left out",
        "",
        "Each reason is counted by its name in the manifest of its step.",
        "",
    ]
    lines += ["| reason | step | what |", "| --- | --- | --- |"]
    lines += [f"| `{reason}` | {step} | {what} |" for reason, step, what in REASONS]
    return "\n".join(lines) + "\n"


REASONS = (
    (NO_TEXT, "ingest", "it has neither an abstract nor a body: a title alone makes no pair of sentences"),
    (DUPLICATE, "ingest", "its text is that of an earlier document"),
    ("language:CODE", "signatures", "its language was found with at least `corpus.language_score`, and is not wanted"),
    (LICENSE, "signatures", "its licence is not among `corpus.licenses`"),
    (SOURCE, "signatures", "none of its sources is among `corpus.sources`"),
    (DATE, "signatures", "it lies outside `corpus.published_from` to `corpus.published_until`, or has no date"),
    (NEAR_DUPLICATE, "preprocess", "it is at least `corpus.near_duplicate_similarity` like one that is kept"),
    (WITHOUT_TEXT, "preprocess", "no sentence is left of its chosen sections"),
)


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (directory / f"{name}.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from controller.cli.completing import complete_file, complete_profile
from controller.cli.grammar import InheritedOption, OneOf

Command = Callable[..., Any]

BUCKET_HELP = """Where artifacts are kept: gs://BUCKET/PREFIX or a directory.
[env var: COVID_CTL_BUCKET; default: the profile's; for local, bucket/]"""


_inherited = partial(click.option, cls=InheritedOption)

overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Change a field of the recipe, for example schedule.train_steps=500. May be repeated.",
)


def place_options(command: Command) -> Command:
    """Options that choose a profile and override its bucket, namespace and context, before a command or after it."""
    for option in (
        _inherited("--context", envvar="COVID_CTL_CONTEXT", help="Context in the kubeconfig. [default: the profile's]"),
        _inherited("--namespace", envvar="COVID_CTL_NAMESPACE", help="Namespace of the Jobs. [default: the profile's]"),
        _inherited("--bucket", envvar="COVID_CTL_BUCKET", shell_complete=complete_file, help=BUCKET_HELP),
        _inherited(
            "--profile",
            envvar="COVID_CTL_PROFILE",
            shell_complete=complete_profile,
            help="Profile in covid-ctl.toml. [default: the file's, else local]",
        ),
    ):
        command = option(command)
    return command


class _Text(click.ParamType):  # type: ignore[type-arg]  # no generic one before click 8.4
    """Text that is not empty: an empty value is what a variable that is not set leaves on a command line."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        given = ctx and param and param.name and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
        if given and value == "":
            self.fail("its value is empty, as an unset variable's is. Give one, or leave the option out.", param, ctx)
        return str(value)


def refuse_empty_values(command: click.Command) -> click.Command:
    """Makes an empty value of any option that takes text a usage error; not where empty is what it is by default."""
    for option in command.params:
        if isinstance(option, click.Option) and option.type is click.STRING and option.default != "":
            option.type = _Text()
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            refuse_empty_values(inner)
    return command


output_option = _inherited(
    "-o", "--output", type=OneOf(["text", "json"]), default="text", help="Format: text for people, json for programs."
)


def seconds_of(span: str, option: str) -> float:
    """A span of time that an option was given, such as ``12h``."""
    from controller.time_words import parse_span

    try:
        return parse_span(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error

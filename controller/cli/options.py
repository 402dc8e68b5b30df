"""Options that several commands share, and their two kinds of output: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from controller.cli.completing import complete_file, complete_profile
from controller.cli.grammar import InheritedOption, OneOf
from controller.cli.terminal import echo

if TYPE_CHECKING:
    from rich.table import Table

    from controller.bucket.cached_store import CachedStore
    from controller.profiles.profile import Profile
    from jobs.patience import Patience
    from jobs.store import Store

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


def profile_of(place: Mapping[str, Any]) -> Profile:
    """The profile that ``place_options``, and ``--parallelism`` where a command has it, describe."""
    import os

    from controller.profiles.profile import load_profile

    flags = {field: place.get(field) for field in ("bucket", "context", "namespace", "parallelism")}
    profile = load_profile(place["profile"], environment=os.environ, **flags)
    return profile if flags["context"] or not profile.context else _seen_from_a_pod(profile)


def _seen_from_a_pod(profile: Profile) -> Profile:
    """The profile without its context, which means nothing in a pod that has no kubeconfig."""
    from controller.kube.connection import is_pod_without_kubeconfig

    if not is_pod_without_kubeconfig():
        return profile
    reason = f"context {profile.context} of profile {profile.name} is ignored: this pod has no kubeconfig"
    echo(f"{reason} and uses its own cluster", err=True)
    return profile.model_copy(update={"context": ""})


def open_bucket(profile: Profile, *, patience: Patience | None = None) -> CachedStore:
    """The bucket of a command that submits nothing. Raises ``ConfigurationError`` for a directory that does not exist.

    The default directory may be missing: the first ``submit`` makes it.
    """
    from pathlib import Path

    from controller.bucket.cached_store import CachedStore
    from controller.profiles.profile import DEFAULT_BUCKET
    from jobs.errors import ConfigurationError

    bucket = profile.bucket
    if "://" in bucket or Path(bucket).exists() or Path(bucket) == Path(DEFAULT_BUCKET).absolute():
        return CachedStore(bucket, patience=patience) if patience else CachedStore(bucket)
    raise ConfigurationError(bucket, "this directory does not exist", "name the --bucket that steps were submitted to")


def open_live_bucket(profile: Profile) -> Store:
    """The same bucket without a view that grows old: for what goes on for long, or reads what it wrote."""
    from jobs.store import Store

    return Store(open_bucket(profile).location)


def seconds_of(span: str, option: str) -> float:
    """A span of time that an option was given, such as ``12h``."""
    from controller.time_words import parse_span

    try:
        return parse_span(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def show(output: str, table: Callable[[], Table], data: Any, empty: str = "") -> None:
    from controller.cli.console import console_of
    from controller.cli.fitting import fitted
    from controller.cli.tables import as_lines

    if output == "json":
        echo(json.dumps(data, indent=1, ensure_ascii=False))
    elif empty and not data:
        echo(empty)
    elif sys.stdout.isatty():
        console = console_of(sys.stdout)
        console.print(fitted(table(), console))
    else:
        echo(as_lines(table()))

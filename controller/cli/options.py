"""Options that several commands share, and how they answer: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from controller.profiles.profile import Profile

Command = Callable[..., Any]

BUCKET_HELP = """Where artifacts go: gs://BUCKET/PREFIX or a directory.
[env var: COVID_CTL_BUCKET; default: the profile's; of local, bucket/]"""


overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Change a recipe's field, as in schedule.train_steps=500; may be repeated.",
)


def place_options(command: Command) -> Command:
    """Which profile, and what in place of its own bucket, namespace and context."""
    for option in (
        click.option("--context", envvar="COVID_CTL_CONTEXT", help="Of the kubeconfig. [default: the profile's]"),
        click.option("--namespace", envvar="COVID_CTL_NAMESPACE", help="Of the Jobs. [default: the profile's]"),
        click.option("--bucket", envvar="COVID_CTL_BUCKET", help=BUCKET_HELP),
        click.option(
            "--profile", envvar="COVID_CTL_PROFILE", help="Of covid-ctl.toml. [default: the file's, else local]"
        ),
    ):
        command = option(command)
    return command


def output_option(command: Command) -> Command:
    return click.option(
        "--output", type=click.Choice(["text", "json"]), default="text", help="For people or programs."
    )(command)


def profile_of(place: Mapping[str, Any]) -> Profile:
    """Where things run, by ``place_options`` and, where a command has it, ``--parallelism``."""
    import os

    from controller.profiles.profile import load_profile

    flags = {field: place.get(field) for field in ("bucket", "context", "namespace", "parallelism")}
    profile = load_profile(place["profile"], environment=os.environ, **flags)
    return profile if flags["context"] or not profile.context else _seen_from_a_pod(profile)


def _seen_from_a_pod(profile: Profile) -> Profile:
    """The file is the one that people use; its context means nothing where there is no kubeconfig."""
    from controller.kube.connection import is_pod_without_kubeconfig

    if not is_pod_without_kubeconfig():
        return profile
    reason = f"context {profile.context} of profile {profile.name} is left aside: this is a pod without a kubeconfig"
    click.echo(f"{reason}, and means its own cluster", err=True)
    return profile.model_copy(update={"context": ""})


def show(output: str, table: Callable[[], Table], data: Any, empty: str = "") -> None:
    from controller.cli.tables import as_lines
    from controller.cli.words import console_of

    if output == "json":
        click.echo(json.dumps(data, indent=1, ensure_ascii=False))
    elif empty and not data:
        click.echo(empty)
    elif sys.stdout.isatty():
        console_of(sys.stdout).print(table())
    else:
        click.echo(as_lines(table()))

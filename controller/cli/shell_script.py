"""``completion``: the script that has a shell complete commands."""

from __future__ import annotations

import click

from controller.cli.grammar import OneOf
from controller.cli.terminal import echo

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", short_help="Print a script that completes commands in a shell.")
@click.argument("shell", type=OneOf(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that makes SHELL complete commands, options, files, recipes, profiles and step names.

    For bash, add to ~/.bashrc: eval "$(covid-ctl completion bash)"; zsh works the same way. For fish:
    covid-ctl completion fish > ~/.config/fish/completions/covid-ctl.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # of the choices above, each has one
    echo(found(context.find_root().command, {}, "covid-ctl", "_COVID_CTL_COMPLETE").source())

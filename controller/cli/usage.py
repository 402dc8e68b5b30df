"""What click says about a command line that is wrong, as our errors: the word, the reason, the next command."""

from __future__ import annotations

import re

import click

from controller.cli.grammar import AbsentCommandError, MisplacedWordError
from jobs.errors import CovidCtlError
from jobs.nearest import nearest


class UsageError(CovidCtlError):
    """The command line is wrong."""

    cli_exit_code = 2


def usage_error(error: click.ClickException) -> UsageError:
    """The error to show in place of click's."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "covid-ctl"
    if isinstance(error, MisplacedWordError):
        return UsageError(error.name, error.message, error.remedy)
    thing, reason = _thing_and_reason(error, path)
    return UsageError(thing, reason.rstrip("."), f"{path} --help")


def _thing_and_reason(error: click.ClickException, path: str) -> tuple[str, str]:
    command = path.removeprefix("covid-ctl ") if " " in path else "the command line"
    if isinstance(error, AbsentCommandError):
        return error.name, error.message
    if isinstance(error, click.NoSuchOption):
        known = [name for param in error.ctx.command.params for name in param.opts] if error.ctx else []
        return error.option_name, f"{command} has no such option{nearest(error.option_name, known)}"
    if isinstance(error, click.BadOptionUsage):
        takes_one = "requires an argument" in error.message
        return error.option_name, "it needs a value" if takes_one else error.message
    if isinstance(error, click.MissingParameter) and error.param:
        return _named(error.param), f"{command} needs it"
    if isinstance(error, click.BadParameter) and (error.param or error.param_hint):
        thing = _named(error.param) if error.param else str(error.param_hint)
        return thing, _reason(error.message, error.param)
    return command, _reason(error.message)


def _reason(message: str, param: click.Parameter | None = None) -> str:
    """click's sentence in our words."""
    if found := re.fullmatch(r"'(.*)' is not a valid (integer|float)(?: range)?\.", message):
        return f"{found[1]} is no {'whole ' * (found[2] == 'integer')}number"
    if found := re.fullmatch(r"(\S+) is not in the range .*", message):
        return _off_limits(found[1], param)
    if found := re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", message):
        return f"it takes fewer arguments: {found[1]} is too much"
    if found := re.fullmatch(r"(?:File|Directory|Path) '(.*)' does not exist\.", message):
        return f"{found[1]} does not exist"
    return message


def _off_limits(value: str, param: click.Parameter | None) -> str:
    least, most = (getattr(param and param.type, bound, None) for bound in ("min", "max"))
    if least is None or most is None:
        return f"{value} is more than {most:,}" if least is None else f"{value} is less than {least:,}"
    return f"{value} is not between {least:,} and {most:,}"


def _named(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return (param.metavar or str(param.name).upper()).strip("[].")

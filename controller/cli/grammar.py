"""How a command line is read: groups that take options for their commands, and choices that name the nearest one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from jobs.nearest import nearest


class InheritedOption(click.Option):
    """An option that a group takes for its commands, too. The one closest to the end of the line holds."""

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        value, source = super().consume_value(ctx, opts)
        above = ctx.parent
        assert self.name, "click names every option"
        if source is ParameterSource.COMMANDLINE or not above or not _inherited(above.command, self.name):
            return value, source
        if above.get_parameter_source(self.name) is ParameterSource.COMMANDLINE:
            return above.params[self.name], ParameterSource.COMMANDLINE
        return value, source


class CommandGroup(click.Group):
    """Names the command that is nearest to one that it lacks, and lets no option be given that its command ignores."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            if name.startswith("-"):
                raise click.NoSuchOption(name, possibilities=[o for p in self.get_params(ctx) for o in p.opts], ctx=ctx)
            raise AbsentCommandError(name, self.list_commands(ctx), ctx)
        if not ctx.resilient_parsing:
            self._check_inheritance(ctx, command)
        return name, command, args[1:]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            # click's parser does not say of which command an option lacks its value.
            if error.ctx is None and ctx.invoked_subcommand:
                command = self.get_command(ctx, ctx.invoked_subcommand)
                error.ctx = click.Context(command, ctx, ctx.invoked_subcommand) if command else ctx
            raise

    def _check_inheritance(self, ctx: click.Context, command: click.Command) -> None:
        for option in filter(_is_inherited, self.params):
            name = str(option.name)
            given = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
            if given and not _inherited(command, name):
                own = any(other.name == name for other in command.params)
                where = f"give it after {command.name}" if own else "leave it out"
                message = f"{command.name} does not take it from the words before: {where}"
                raise click.BadOptionUsage(max(option.opts, key=len), message, ctx)


class AbsentCommandError(click.UsageError):
    """A group has no command of that name."""

    def __init__(self, name: str, known: list[str], ctx: click.Context) -> None:
        super().__init__(f"no such command{nearest(name, known)}", ctx)
        self.name = name


class MisplacedWordError(click.UsageError):
    """A word is known, but belongs elsewhere on the command line; ``remedy`` shows where."""

    def __init__(self, word: str, reason: str, remedy: str, ctx: click.Context | None) -> None:
        super().__init__(reason, ctx)
        self.name, self.remedy = word, remedy


class OneOf(click.ParamType):  # type: ignore[type-arg]  # no generic one before click 8.4
    """A choice of words. Of a word that is none of them, the nearest is named.

    ``words`` may be a function, for words that only an import tells.
    """

    name = "choice"

    def __init__(self, words: Sequence[str] | Callable[[], Sequence[str]]) -> None:
        self._words = words

    @property
    def words(self) -> Sequence[str]:
        return self._words() if callable(self._words) else self._words

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        opening, closing = ("{", "}") if isinstance(param, click.Argument) else ("[", "]")
        return f"{opening}{'|'.join(self.words)}{closing}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.words:
            self.fail(f"{value!r} is not one of {', '.join(self.words)}{nearest(str(value), self.words)}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


def _inherited(command: click.Command, name: str) -> bool:
    return any(option.name == name for option in command.params if _is_inherited(option))


def _is_inherited(option: click.Parameter) -> bool:
    return isinstance(option, InheritedOption)

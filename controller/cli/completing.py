"""What the shell offers when Tab is pressed: files, recipes, profiles, steps of the bucket.

Whatever goes wrong, it offers nothing and says nothing: the line that is being typed must stay as it is.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence

import click
from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

BUCKET_SECONDS = 1.5
"""How long a bucket on the network may keep the shell waiting."""


def complete_file(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [_files(incomplete)]


def complete_recipe(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Recipes by name, else files: a recipe may be one."""
    return [_files(incomplete), *_beginning(incomplete, _recipes())]


def complete_corpus(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from jobs.sample.sample import SAMPLE

    return [_files(incomplete), *_beginning(incomplete, [SAMPLE])]


def complete_profile(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from controller.profiles.profile import profile_names
    from jobs.errors import CovidCtlError

    try:
        return _beginning(incomplete, profile_names(os.environ))
    except CovidCtlError:
        return []


def steps_of(
    kinds: Callable[[], Sequence[str]], *, files: bool = False, themselves: bool = False, recipes: bool = False
) -> Completer:
    """Completes steps of these kinds in the bucket that the line or the environment names.

    With ``files``, ``recipes`` or the kinds ``themselves``, offers those, too.
    """

    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        wanted = kinds()
        names = [name for name in _steps(context) if name.startswith(tuple(f"{kind}-" for kind in wanted))]
        also = [*(wanted if themselves else ()), *(_recipes() if recipes else ())]
        found = _beginning(incomplete, [*also, *names])
        return [_files(incomplete), *found] if files else found

    return complete


def complete_step(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _beginning(incomplete, _steps(context))


def complete_step_or_file(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [_files(incomplete), *_beginning(incomplete, _steps(context))]


def _recipes() -> list[str]:
    from jobs.recipe import recipe_names

    return recipe_names()


def _steps(context: click.Context) -> list[str]:
    from controller.cli.place import profile_of
    from controller.ledger.events import Ledger
    from jobs.errors import CovidCtlError
    from jobs.patience import Patience
    from jobs.store import Store

    found: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask(bucket: str) -> None:
        try:
            patience = Patience(seconds=0, request_seconds=BUCKET_SECONDS)
            found.put(Ledger(Store(bucket, patience=patience)).steps())
        except CovidCtlError:
            found.put([])

    try:
        place = {field: context.params.get(field) for field in ("profile", "bucket", "context", "namespace")}
        # A daemon: what hangs in it is left behind.
        threading.Thread(target=ask, args=[profile_of(place).bucket], daemon=True).start()
        return found.get(timeout=BUCKET_SECONDS)
    except (CovidCtlError, queue.Empty):
        return []


def _files(incomplete: str) -> CompletionItem:
    """Has the shell offer files. First of a list: bash takes what follows it, and files where nothing does."""
    return CompletionItem(incomplete, type="file")


def _beginning(incomplete: str, names: Sequence[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]

"""``search``: queries an index, in the terminal or as a page."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from controller.cli.answers import print_answers
from controller.cli.completing import steps_of
from controller.cli.grammar import OneOf
from controller.cli.options import output_option, place_options
from controller.cli.place import open_bucket, profile_of
from controller.cli.terminal import echo

if TYPE_CHECKING:
    from jobs.search.engine import SearchEngine
    from jobs.search.paper import Filters
    from jobs.store import Store


def _indexes() -> Sequence[str]:
    from jobs.spec import SEARCHED

    return [SEARCHED]


complete_index = steps_of(_indexes, recipes=True)

MODES = ("auto", "bm25", "dense", "hybrid")
_YEARS = re.compile(r"(\d{4})?(-)?(\d{4})?")


@click.command("search", short_help="Search an indexed corpus, here or on a page.")
@click.argument("query", required=False, default="")
@click.option(
    "--mode", type=OneOf(MODES), default="auto", help="How to rank; auto uses what the evaluation found best."
)
@click.option("--year", metavar="YEARS", help="Publication years: 2020, 2020-2022, 2020- or -2019.")
@click.option("--license", metavar="LICENCE", help="Only papers under this licence, as the corpus spells it: cc-by.")
@click.option("--source", metavar="SOURCE", help="Only papers from this source, such as PMC.")
@click.option("-n", "count", type=click.IntRange(1, 100), default=10, show_default=True, help="Papers to show.")
@click.option(
    "--index",
    metavar="NAME",
    shell_complete=complete_index,
    help="The index to search, or a recipe for its newest. [default: the newest complete one]",
)
@click.option(
    "--against",
    metavar="NAME",
    shell_complete=complete_index,
    help="A second index, or a recipe for its newest, to compare its answers side by side.",
)
@click.option("--serve", is_flag=True, help="Serve a search page until Ctrl-C, instead of answering one query.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --serve: address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="With --serve: port to listen on; 0 picks a free one.",
)
@place_options
@output_option
def search(
    query: str,
    mode: str,
    year: str | None,
    license: str | None,
    source: str | None,
    count: int,
    index: str | None,
    against: str | None,
    serve: bool,
    host: str,
    port: int,
    output: str,
    **place: str | None,
) -> None:
    """Search the papers of an index for QUERY, by words, by meaning, or by both.

    `covid-ctl submit index RECIPE` makes an index. The first search copies it to this machine, which takes a moment.
    """
    if serve == bool(query.strip()):
        raise click.UsageError("give either a QUERY or --serve")
    if serve:
        # The kernel spares a container's first process a signal that it does not handle: its pod would end by SIGKILL.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    prepare_search()
    from jobs.search.engine import Mode

    filters = filters_of(year, license, source)
    store = open_bucket(profile_of(place))
    indexes = open_indexes(store, chosen_indexes(store, index, against))
    if serve:
        serve_page(indexes, host, port)
        return
    answers = {one.name: one.engine.search(query, mode=Mode(mode), filters=filters, count=count) for one in indexes}
    if output == "json":
        found = [{"index": name, **one.to_json()} for name, one in answers.items()]
        echo(json.dumps({"query": query, "answers": found}, indent=1, ensure_ascii=False))
    else:
        print_answers(answers)
        if not any(answer.hits for answer in answers.values()):
            for hint in answers[indexes[0].name].hints:
                echo(hint)


def prepare_search() -> None:
    """Call it before searching is imported. Raises ``PreflightError`` where this machine lacks what that imports."""
    from importlib.util import find_spec

    from jobs.errors import PreflightError

    missing = [name for name in ("numpy", "tantivy", "pyarrow") if find_spec(name) is None]
    if missing:
        reason = f"searching needs {', '.join(missing)}, which this environment lacks"
        raise PreflightError("search", reason, "in a checkout of this project: pip install '.[search]'")
    # Read when numpy is imported. One query is too little work for several threads, which spin while they
    # wait: they would double its CPU time. A server has a thread for each query.
    for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def chosen_indexes(store: Store, index: str | None, against: str | None) -> list[str]:
    """The index that is searched, by default the newest, and the one that it is compared with, if one is.

    Each is named by itself or by its recipe. Raises ``UsageError`` where they are the same.
    """
    names = [_named_index(store, "--index", index) if index else _newest_index(store)]
    if against:
        names.append(_named_index(store, "--against", against))
    if len(set(names)) < len(names):
        raise click.UsageError(f"--against {against}: {names[0]} is the index that is searched; name another")
    return names


def _named_index(store: Store, option: str, word: str) -> str:
    from controller.ledger.lineage import is_step_name

    if is_step_name(word):
        return word
    from controller.bucket.cached_store import CachedStore
    from controller.planning.of_recipe import step_or_newest
    from jobs.spec import SEARCHED

    name, note = step_or_newest(CachedStore(store.location), option, word, [SEARCHED])
    echo(note, err=True)
    return name


def _newest_index(store: Store) -> str:
    """Raises ``PreflightError`` where no index is complete."""
    from controller.bucket.cached_store import CachedStore
    from controller.ledger.complete_steps import newest_complete
    from jobs.errors import PreflightError
    from jobs.spec import SEARCHED

    newest = newest_complete(CachedStore(store.location), SEARCHED, lambda _: True)
    if newest is None:
        remedy = "covid-ctl submit index tiny --with-inputs makes one of the sample corpus"
        raise PreflightError(store.location, "no index is complete there", remedy)
    return newest.name


@dataclass(frozen=True)
class OpenIndex:
    """An index on this machine."""

    name: str
    engine: SearchEngine
    corpus: str
    """The corpus by name."""


def open_indexes(store: Store, names: Sequence[str]) -> list[OpenIndex]:
    """The indexes, each brought to this machine if it is not here yet."""
    from jobs.cache_directory import cache_directory
    from jobs.search.engine import SearchEngine
    from jobs.search.staging import stage

    staged = [stage(store, name, cache_directory(), lambda note: echo(note, err=True)) for name in names]
    return [OpenIndex(one.name, SearchEngine(one.layout, one.default), one.corpus) for one in staged]


def serve_page(indexes: Sequence[OpenIndex], host: str, port: int) -> None:
    from jobs.search.server import Served, serve

    server = serve(indexes[0].corpus, [Served(one.name, one.engine) for one in indexes], host, port)
    echo(f"{server.url}  Ctrl-C ends it")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        echo()
    finally:
        server.server_close()


def filters_of(year: str | None, license: str | None, source: str | None) -> Filters:
    """Raises ``UsageError`` for years that are none."""
    from jobs.search.paper import Filters

    first, last = None, None
    if year is not None:
        found = _YEARS.fullmatch(year.strip())
        if not found or not (found[1] or found[3]) or (found[3] and not found[2]):
            raise click.UsageError(f"--year {year}: give 2020, 2020-2022, 2020- or -2019")
        first = int(found[1]) if found[1] else None
        last = int(found[3]) if found[3] else None if found[2] else first
        if first and last and first > last:
            raise click.UsageError(f"--year {year}: {first} is after {last}")
    return Filters(first, last, license or None, source or None)

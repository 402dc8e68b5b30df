"""``logs``: what a step's workers wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from controller.cli.observing import name_argument
from controller.cli.options import output_option, place_options, seconds_of
from controller.cli.place import open_bucket, profile_of
from controller.cli.terminal import echo, tell_unreachable

if TYPE_CHECKING:
    from controller.bucket.cached_store import CachedStore
    from controller.profiles.profile import Profile
    from controller.status.log_filter import LinePattern
    from controller.status.log_reading import LogLine, Selection


@click.command("logs", short_help="Print what a step's workers wrote.")
@name_argument(required=True)
@click.option("-f", "--follow", is_flag=True, help="Keep printing until the step has ended.")
@click.option("--index", type=click.IntRange(0), help="Print only this shard's log.")
@click.option("--tail", type=click.IntRange(0), metavar="LINES", help="Print only the last lines of each shard.")
@click.option("--previous", is_flag=True, help="Print the attempt before each shard's last one.")
@click.option("--since", metavar="SPAN", help="Print only lines of the last SPAN: 90s, 30m, 12h, 2d.")
@click.option("--grep", metavar="PATTERN", help="Print only lines that match this regular expression.")
@place_options
@output_option
def logs(
    name: str,
    follow: bool,
    index: int | None,
    tail: int | None,
    previous: bool,
    since: str | None,
    grep: str | None,
    output: str,
    **place: str | None,
) -> None:
    """Print what a step's workers wrote, from their pods, or from the bucket once the pods are gone.

    Prints the last attempt of each shard. With --output json, prints one object per line of the log, with the line as
    it was written.

    --since and --grep choose among the lines that --tail leaves. PATTERN is searched for in the line as it is printed.
    Its syntax is that of Rust's regex crate: like Python's, but without look-around and back-references; (?i) ignores
    case.
    """
    import time
    from dataclasses import asdict

    from controller.cli.lines import log_text
    from controller.status import log_filter
    from controller.status.log_reading import Selection
    from jobs.artifact import Artifact
    from jobs.errors import ConfigurationError
    from jobs.patience import LOOKING

    if follow and previous:
        raise click.UsageError("--previous has ended: it cannot be followed")
    earliest = time.time() - seconds_of(since, "--since") if since else None
    pattern = _pattern(grep) if grep else None
    profile = profile_of(place)
    store = open_bucket(profile, patience=LOOKING)
    shards = Artifact.open(store, name).spec.shards
    if index is not None and index >= shards:
        raise ConfigurationError(name, f"shard {index} asked for, it has {shards}", f"covid-ctl status {name}")
    several = shards > 1 and index is None
    read = 0

    def counted() -> Iterator[LogLine]:
        nonlocal read
        for line in _log_lines(profile, store, Selection(name, index, tail, previous), follow):
            read += 1
            yield line

    def shown(line: LogLine) -> str:
        return line.text if output == "json" else log_text(line, shard=several)

    lines = counted()
    if earliest is not None:
        lines = log_filter.since(lines, earliest)
    if pattern:
        lines = log_filter.matching(lines, pattern, shown)
    wrote = False
    try:
        for line in lines:
            wrote = True
            echo(json.dumps(asdict(line), ensure_ascii=False) if output == "json" else shown(line))
    except KeyboardInterrupt:
        return
    if read and not wrote:
        echo(f"none of {read:,} lines matches", err=True)
    elif not read:
        echo(f"no logs of {name} yet\n  next: covid-ctl explain {name}", err=True)


def _pattern(text: str) -> LinePattern:
    from controller.status.log_filter import LinePattern

    try:
        return LinePattern(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}", param_hint="--grep") from error


def _log_lines(profile: Profile, store: CachedStore, wanted: Selection, follow: bool) -> Iterator[LogLine]:
    import time

    from controller.cli.words import steady
    from controller.kube.api_errors import ApiError, OverloadedError, UnreachableError
    from controller.status.log_reading import follow_logs, read_logs
    from controller.status.overview import connect_briefly, look

    told = ""

    def ended() -> bool:
        nonlocal told
        step = look(profile, store, wanted.name, now=time.time()).steps[0]
        if step.reason and step.state.goes_on and steady(step.reason) != told:
            told = steady(step.reason)
            echo(f"{step.name}  {step.state}  {step.reason}", err=True)
        return not step.state.goes_on

    cluster = None if profile.is_local else connect_briefly(profile)
    try:
        yield from follow_logs(store, cluster, wanted, ended) if follow else read_logs(store, cluster, wanted)
    except ApiError as error:
        if follow and isinstance(error, OverloadedError | UnreachableError):
            raise  # the step goes on: an end without an error would say that it has ended
        tell_unreachable(f"{error.thing}: {error.reason}")
        yield from read_logs(store, None, wanted)

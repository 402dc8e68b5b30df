"""Commands that look: what steps do, what they wrote, why they do not run, what is left over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import click

from controller.cli.completing import Completer, complete_step
from controller.cli.filtering import refuse_filters_of_one, step_filter, traits_of
from controller.cli.grammar import OneOf
from controller.cli.options import Command, open_bucket, output_option, place_options, profile_of, show
from controller.cli.terminal import echo

if TYPE_CHECKING:
    from controller.bucket.cached_store import CachedStore
    from controller.profiles.profile import Profile
    from controller.status.log_filter import LinePattern
    from controller.status.log_reading import LogLine, Selection
    from controller.status.spending import Spending
    from controller.status.step_filter import StepFilter

WATCH_SECONDS = 2.0
RECENT = 20
"""Steps that are shown whether or not they are finished."""
SHELLS = ("bash", "zsh", "fish")


def name_argument(*, required: bool, complete: Completer = complete_step) -> Callable[[Command], Command]:
    return click.argument("name", required=required, shell_complete=complete)


all_option = click.option("--all", "everything", is_flag=True, help="Show every step ever submitted.")


wide_output_option = click.option(
    "-o",
    "--output",
    type=OneOf(["text", "wide", "json"]),
    default="text",
    help="Format: text for people, wide with costs and times, json for programs.",
)


@click.command("status", short_help="Show the state of the latest steps, or of one, and the reason.")
@name_argument(required=False)
@all_option
@step_filter
@place_options
@wide_output_option
def status(
    name: str | None,
    everything: bool,
    wanted: StepFilter,
    output: str,
    **place: str | None,
) -> None:
    """Show the state of steps, or of one, with the reason, and the cost where prices are known.

    Shows the 20 steps that changed last and all that are unfinished; with --state, --kind, --recipe or --label all
    steps that match.

    Asks the profile's cluster and the bucket. If the cluster does not answer, shows what the bucket knows.
    """
    import time

    from controller.cli.tables import status_table, step_json, width_of_output
    from controller.status.overview import look
    from jobs.patience import LOOKING

    refuse_filters_of_one(name, wanted)
    profile = profile_of(place)
    store = open_bucket(profile, patience=LOOKING)
    now = time.time()
    found = look(profile, store, name, now=now, recent=None if everything or wanted else RECENT)
    _warn(found.unreachable)
    if found.note:
        echo(found.note, err=True)
    if found.hidden:
        echo(f"{found.hidden:,} older steps are finished: covid-ctl status --all", err=True)
    wanted.check(map(traits_of, found.steps))
    steps = [step for step in found.steps if wanted.picks(traits_of(step))]
    spent: Mapping[str, Spending] = {}
    if output != "text":
        from controller.status.spending import spending

        spent = spending(store, [step.name for step in steps], profile)
    data = [step_json(step, spent.get(step.name)) for step in steps]
    table = partial(status_table, steps, spent, now=now, wide=output == "wide", width=width_of_output())
    show(output, table, data, empty="no step matches" if wanted else "no steps yet")


@click.command("watch", short_help="Show the table of `status` and keep it current.")
@name_argument(required=False)
@click.option(
    "--every", type=click.FloatRange(0.1), default=WATCH_SECONDS, show_default=True, help="Seconds between updates."
)
@all_option
@step_filter
@place_options
@wide_output_option
def watch(
    name: str | None,
    every: float,
    everything: bool,
    wanted: StepFilter,
    output: str,
    **place: str | None,
) -> None:
    """Show the table of `status` and keep it current. Ctrl-C leaves and stops nothing.

    With NAME the command ends when the step does, with exit code 0 if the step is complete and 1 otherwise. In a pipe
    it prints a line for each change; with --output json, one object per line.

    --state, --kind, --recipe and --label choose steps as in `status`. A step that --state chose leaves the table with
    its state.
    """
    from controller.cli.live import follow
    from jobs.patience import LOOKING

    refuse_filters_of_one(name, wanted)
    profile = profile_of(place)
    recent = None if everything or wanted else RECENT
    try:
        store = open_bucket(profile, patience=LOOKING)
        last = follow(profile, store, name, wanted, every=every, output=output, recent=recent)
    except KeyboardInterrupt:
        return
    if last.state != "complete":
        sys.exit(1)


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
    earliest = time.time() - _seconds(since, "--since") if since else None
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


def _seconds(span: str, option: str) -> float:
    from controller.time_words import parse_span

    try:
        return parse_span(span)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


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
        _warn(f"{error.thing}: {error.reason}")
        yield from read_logs(store, None, wanted)


@click.command("explain", short_help="Explain why a step does not run, and what to do.")
@name_argument(required=True)
@place_options
@output_option
def explain_command(name: str, output: str, **place: str | None) -> None:
    """Explain why a step does not run or go on, and what to do."""
    import time

    from controller.cli.tables import explanation_json, width_of_output
    from controller.cli.words import wrapped
    from controller.status.explain import explain
    from controller.status.overview import look, upstream

    profile = profile_of(place)
    store = open_bucket(profile)
    now = time.time()
    found = look(profile, store, name, now=now)
    step = found.steps[0]
    inputs = upstream(profile, store, step, now=now)
    explanation = explain(step, inputs, now=now, unreachable=found.unreachable)
    if output == "json":
        echo(json.dumps(explanation_json(explanation), indent=1, ensure_ascii=False))
        return
    echo(wrapped(explanation.text, width_of_output()))
    for remedy in explanation.remedies:
        echo(f"  next: {remedy}")


@click.command("gc", short_help="List objects that no step needs; --yes deletes them.")
@click.option("--yes", is_flag=True, help="Delete the objects. Without this nothing is deleted.")
@click.option(
    "--older-than",
    default="30d",
    show_default=True,
    metavar="SPAN",
    help="Consider only steps that have not changed for this long: 12h, 30d, 4w.",
)
@place_options
@output_option
def gc(yes: bool, older_than: str, output: str, **place: str | None) -> None:
    """List objects in the bucket that no step needs; --yes deletes them.

    These are the files of failed and unfinished steps, artifacts that were made again, the logs, heartbeats and
    checkpoints of complete steps, and copied input files that no step reads. Complete artifacts, whatever unfinished
    steps read, and the record of every step stay.
    """
    import time
    from dataclasses import asdict

    from controller.cli.tables import gc_table
    from controller.cli.words import size
    from controller.status.gc import plan_gc
    from controller.status.overview import look
    from controller.status.removal import holdings, remove

    seconds = _seconds(older_than, "--older-than")
    profile = profile_of(place)
    store = open_bucket(profile)
    now = time.time()
    found = look(profile, store, None, now=now, whole_bucket=True)
    _warn(found.unreachable)
    held = holdings(store, found.steps)
    plan = plan_gc(held.steps, held.given, held.temporary, now=now, older_than=seconds)
    removed = [removal for removal in plan.removals if yes and remove(store, removal)]
    chosen = removed if yes else list(plan.removals)
    total = sum(removal.bytes for removal in chosen)
    data = {"removed": yes, "bytes": total, "removals": [asdict(r) for r in chosen], "notes": list(plan.notes)}
    if chosen or output == "json":
        show(output, lambda: gc_table(chosen), data)
    if output == "text":
        for note in plan.notes:
            echo(note)
        if not chosen:
            echo(f"nothing to remove that is older than {older_than}")
        else:
            echo(f"removed {size(total)}" if yes else f"{size(total)} could be removed: add --yes")


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


def _warn(unreachable: str) -> None:
    if unreachable:
        echo(f"cluster not reachable: {unreachable}\nwhat the bucket knows:", err=True)


OBSERVING = (status, watch, logs, explain_command, gc, completion)

"""Commands that look at steps: what they do, and why they do not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import click

from controller.cli.completing import Completer, complete_step
from controller.cli.filtering import refuse_filters_of_one, step_filter, traits_of
from controller.cli.grammar import OneOf
from controller.cli.options import Command, output_option, place_options
from controller.cli.output import show
from controller.cli.place import open_bucket, profile_of
from controller.cli.terminal import echo, tell_unreachable

if TYPE_CHECKING:
    from controller.status.spending import Spending
    from controller.status.step_filter import StepFilter

WATCH_SECONDS = 2.0
RECENT = 20
"""Steps that are shown whether or not they are finished."""


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
    tell_unreachable(found.unreachable)
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

    With NAME the command ends when the step does, with exit code 0 if the step is complete, 1 if not, and 130 after
    Ctrl-C. In a pipe it prints a line for each change; with --output json, one object per line.

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
        if name:
            raise  # a script that waits for the step must not take this for its end
        return
    if last.state != "complete":
        sys.exit(1)


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


OBSERVING = (status, watch, explain_command)

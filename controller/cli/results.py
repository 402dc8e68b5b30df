"""Commands that show what complete steps made."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli.comparing import show_comparison
from controller.cli.completing import complete_file, complete_step_or_file, steps_of
from controller.cli.filtering import artifact_filter, refuse_filters_of_one
from controller.cli.observing import name_argument
from controller.cli.options import output_option, place_options
from controller.cli.output import show
from controller.cli.place import open_bucket, open_live_bucket, profile_of
from controller.cli.publishing import verify_directory
from controller.cli.terminal import echo

if TYPE_CHECKING:
    from controller.status.step_filter import StepFilter

BUNDLE_MANIFEST = "covid-ctl.json"
"""What a published directory has, and no step is called."""


@click.command("artifacts", short_help="List the complete artifacts, or the files of one.")
@name_argument(required=False)
@artifact_filter
@place_options
@output_option
def artifacts(
    name: str | None,
    wanted: StepFilter,
    output: str,
    **place: str | None,
) -> None:
    """List the complete artifacts in the bucket, or the files of one."""
    from controller.cli.tables import artifacts_table, manifest_json, outputs_table
    from controller.ledger.complete_steps import complete_artifacts
    from controller.ledger.label import labels_of
    from controller.status.step_filter import Traits
    from jobs.artifact import Artifact
    from jobs.patience import LOOKING

    refuse_filters_of_one(name, wanted)
    profile = profile_of(place)
    store = open_bucket(profile, patience=LOOKING)
    if name is not None:
        artifact = Artifact.open(store, name)
        manifest = artifact.require()
        if output == "text":
            echo(artifact.location)
        label = labels_of(store, [name]).get(name, "")
        show(output, lambda: outputs_table(manifest), manifest_json(manifest, label))
    else:
        found = complete_artifacts(store)
        called = labels_of(store, [manifest.name for manifest in found])
        traits = [Traits(m.spec.kind, m.spec.recipe, called.get(m.name, "")) for m in found]
        wanted.check(traits)
        found = [manifest for manifest, trait in zip(found, traits, strict=True) if wanted.picks(trait)]
        data = [manifest_json(manifest, called.get(manifest.name, "")) for manifest in found]
        table = partial(artifacts_table, found, called)
        show(output, table, data, empty="no artifact matches" if wanted else "no artifacts yet")


def _reporting() -> Sequence[str]:
    from controller.planning.existing import reported_kinds

    return reported_kinds()


@click.command("report", short_help="Show what preprocessing did, or an evaluation.")
@name_argument(required=False, complete=steps_of(_reporting, themselves=True))
@click.option(
    "--against",
    metavar="NAME",
    shell_complete=steps_of(_reporting, recipes=True),
    help="A second report of the same kind, or a recipe for its newest, to compare with number by number.",
)
@click.option("--html", "target", metavar="FILE", shell_complete=complete_file, help="Copy the report's page to FILE.")
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="MEASURE>=VALUE",
    help="Exit with 1 if the evaluation's MEASURE is below VALUE.",
)
@place_options
@output_option
def report(
    name: str | None,
    against: str | None,
    target: str | None,
    output: str,
    gates: tuple[str, ...],
    **place: str | None,
) -> None:
    """Show what preprocessing did, or what an evaluation found.

    NAME is a step, or `evaluate` for the newest evaluation; by default the newest preprocess step.
    """
    from controller.status.report import find_report, page_of, save_page, second_report
    from jobs.evaluation.gate import Gate, check_gates
    from jobs.patience import LOOKING

    asked = [Gate.parse(gate) for gate in gates]
    store = open_bucket(profile_of(place), patience=LOOKING)
    found = find_report(store, name)
    if against is None:
        page = found.page
        if target:
            page = save_page(page_of(found), target)
        if output == "json":
            echo(json.dumps(found.contents, indent=1, ensure_ascii=False))
        else:
            called = f"{found.step}  {found.label}".rstrip()
            echo("\n".join([called, *found.contents["summary"], f"Page: {page}"]))
    else:
        name, note = second_report(store, against, found.artifact.spec.kind)
        if note:
            echo(note, err=True)
        show_comparison(found, find_report(store, name), target, output)
    check_gates(asked, found.contents.get("measures", {}), found.step)


@click.command(short_help="Re-hash a step's files and all that it read, or a model.")
@name_argument(required=True, complete=complete_step_or_file)
@click.option("--discard", is_flag=True, help="Set damaged files aside; the next submit makes them again.")
@place_options
@output_option
def verify(name: str, discard: bool, output: str, **place: str | None) -> None:
    """Re-hash a step's files and all that it read, or the directory of a published model.

    NAME is a step, or a directory that `covid-ctl publish` made, such as a copy from the Hub. Reads every byte. Exits
    with 1 if anything is damaged or gone, and says what.
    """
    from dataclasses import asdict

    from controller.cli.words import size
    from controller.status.verify import set_aside
    from controller.status.verify import verify as verified

    if (Path(name) / BUNDLE_MANIFEST).is_file():
        if discard:
            raise click.UsageError("--discard is for steps of the bucket")
        if not verify_directory(Path(name), output):
            sys.exit(1)
        return
    store = open_live_bucket(profile_of(place))  # every byte from the bucket itself
    found = []
    for step in verified(store, name):
        found.append(step)
        if output == "text":
            state = f"{len(step.problems)} damaged" if step.problems else "whole" if step.complete else "whole so far"
            echo(f"{step.name}  {step.files:,} file{'s' * (step.files != 1)}, {size(step.bytes)}: {state}")
            for problem in step.problems:
                echo(f"  {problem.path}: {problem.reason}")
    damaged = [step for step in found if step.problems]
    done = {step.name: set_aside(store, step) for step in damaged} if discard else {}
    if output == "json":
        echo(json.dumps([asdict(step) | {"discarded": done.get(step.name)} for step in found], indent=1))
    else:
        for step in damaged:
            echo(f"{step.name}  {done[step.name]}" if discard else f"  next: covid-ctl verify {name} --discard")
            if not discard:
                break
        if done:
            echo("  next: submit again by the same command")
    if damaged:
        sys.exit(1)


RESULTS = (artifacts, report, verify)

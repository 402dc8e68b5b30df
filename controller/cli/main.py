"""The commands. Imports wait until a command needs them: ``covid-ctl --help`` answers at once."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from controller.cli.observing import OBSERVING, complete_step
from controller.cli.options import Command, output_option, overrides_option, place_options, profile_of, show
from controller.cli.preparing import PREPARING
from controller.cli.results import RESULTS
from jobs.errors import CovidCtlError

EXIT_CANCELLED = 130

CORPUS_HELP = """A CORD-19 release (a directory, tar.gz or zip), or your own .jsonl or .txt files; on disk or gs://.
`sample` is the built-in corpus. Without this option preprocess reads the sample, and a later step reads the newest
inputs in the bucket that fit its recipe."""


def request_options(command: Command) -> Command:
    """Options that decide the steps, for ``submit`` and ``render`` alike."""
    for option in reversed(
        [
            click.option("--corpus", help=CORPUS_HELP),
            click.option("--vocab", help="A WordPiece vocab.txt. Without it the recipe must learn one."),
            click.option(
                "--shards",
                type=click.IntRange(1, 100_000),
                help="Number of files that documents and examples are split into. Part of the name. [default: 2]",
            ),
            overrides_option,
            click.option(
                "--parallelism",
                type=click.IntRange(1),
                help="Shards to run at the same time. [default: the profile's; for local, its cores]",
            ),
            click.option("--fresh", is_flag=True, help="Run complete steps again, under another name."),
            click.option("--salt", metavar="TEXT", help="Continue the --fresh run that printed TEXT."),
        ]
    ):
        command = option(command)
    return place_options(command)


def dry_run_option(command: Command) -> Command:
    return click.option(
        "--dry-run", is_flag=True, help="Show the steps and how even their shards will be, and run nothing."
    )(command)


def submit_options(command: Command) -> Command:
    """Options of ``submit`` that ``render`` lacks."""
    for option in (
        output_option,
        dry_run_option,
        click.option(
            "--timeout", type=click.FloatRange(min=0), help="With --wait: exit with 4 after this many seconds."
        ),
        click.option(
            "--wait", is_flag=True, help="On a cluster: wait until the Jobs end. Ctrl-C stops waiting; the Jobs go on."
        ),
    ):
        command = option(command)
    return command


def input_options(command: Command) -> Command:
    command = click.option("--examples", metavar="NAME", help="Train on this preprocess step's examples.")(command)
    return click.option("--with-inputs", is_flag=True, help="Make missing inputs first.")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="covid-ctl")
def cli() -> None:
    """Turn a scientific corpus into a domain BERT, step by step.

    With nothing configured, steps run as processes of this machine on a built-in sample corpus:
    `covid-ctl submit export tiny --with-inputs` runs them all.
    """


@cli.group("submit", short_help="Run a step, or continue one that was interrupted.")
def submit_group() -> None:
    """Run a step, or continue it where it was interrupted.

    `preprocess` runs ingest, signatures, vocabulary and preprocess.
    """


@submit_group.command("preprocess", short_help="Clean a corpus and write training examples.")
@click.option("--recipe", default="tiny", show_default=True, help="The recipe that sets up the examples.")
@request_options
@submit_options
def submit_preprocess(**options: Any) -> None:
    """Clean a corpus and write masked training examples."""
    _submit("preprocess", **options)


@submit_group.command("pretrain", short_help="Train a recipe on preprocessed examples.")
@click.argument("recipe")
@input_options
@request_options
@submit_options
def submit_pretrain(**options: Any) -> None:
    """Train RECIPE (a name, or a YAML file) on preprocessed examples."""
    _submit("pretrain", **options)


@submit_group.command("export", short_help="Turn trained weights into a Hugging Face model.")
@click.argument("recipe")
@click.option("--run", metavar="NAME", help="Export this pretrain step.")
@input_options
@request_options
@submit_options
def submit_export(**options: Any) -> None:
    """Turn RECIPE's weights into a Hugging Face model."""
    _submit("export", **options)


@submit_group.command("all", short_help="Run every step from the corpus to the model.")
@click.argument("recipe")
@request_options
@submit_options
def submit_all(**options: Any) -> None:
    """Run everything from the corpus to RECIPE's Hugging Face model."""
    _submit("all", **options)


@cli.group("render", short_help="Print a step's Jobs as YAML and run nothing.")
def render_group() -> None:
    """Print a step's batch/v1 Job as YAML and run nothing."""


@render_group.command("preprocess", short_help="Print the Jobs of `submit preprocess`.")
@click.option("--recipe", default="tiny", show_default=True, help="The recipe that sets up the examples.")
@request_options
def render_preprocess(**options: Any) -> None:
    """Print the Jobs of `submit preprocess`."""
    _render("preprocess", **options)


@render_group.command("pretrain", short_help="Print the Job of `submit pretrain`.")
@click.argument("recipe")
@input_options
@request_options
def render_pretrain(**options: Any) -> None:
    """Print the Job of `submit pretrain`."""
    _render("pretrain", **options)


@render_group.command("export", short_help="Print the Job of `submit export`.")
@click.argument("recipe")
@click.option("--run", metavar="NAME", help="Export this pretrain step.")
@input_options
@request_options
def render_export(**options: Any) -> None:
    """Print the Job of `submit export`."""
    _render("export", **options)


@render_group.command("all", short_help="Print the Jobs of `submit all`.")
@click.argument("recipe")
@request_options
def render_all(**options: Any) -> None:
    """Print the Jobs of `submit all`."""
    _render("all", **options)


@cli.command("tracker", short_help="Release Jobs whose inputs are complete.")
@click.option("--once", is_flag=True, help="Bring everything up to date once, then exit.")
@click.option("--alive", type=click.Path(dir_okay=False), help="Touch this file while working, for a liveness probe.")
@place_options
def track_command(once: bool, alive: str | None, **place: str | None) -> None:
    """Release Jobs whose inputs are complete, and keep the ledger. This is the loop that runs in the cluster."""
    from pathlib import Path

    from controller.cli.tracker_loop import track

    track(profile_of(place), once=once, alive=Path(alive) if alive else None)


@cli.command("cancel", short_help="Stop steps; their committed work stays.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_step)
@place_options
def cancel_command(names: tuple[str, ...], **place: str | None) -> None:
    """Stop steps: their pods are deleted, their records and committed work stay."""
    from controller.cli.tracker_loop import end

    behind: dict[str, str] = {}
    refused: list[CovidCtlError] = []
    for name, ended in end(names, profile_of(place)):
        if isinstance(ended, CovidCtlError):
            refused.append(ended)
            continue
        click.echo(f"{name}  {ended.was}")
        behind |= {waiting: name for waiting in ended.behind if waiting not in names}
    for waiting, name in behind.items():
        click.echo(f"{waiting}  waits, suspended, for {name}")
    if behind:
        click.echo(f"  next: covid-ctl cancel {' '.join(behind)}")
    for error in refused[:-1]:
        complain(error)
    if refused:
        raise refused[-1]


def _submit(kind: str, *, output: str, dry_run: bool, wait: bool, timeout: float | None, **options: Any) -> None:
    if dry_run:
        _dry_run(kind, output, **options)
        return
    from controller.cli.submitting import run_here, send
    from controller.cli.tables import manifest_json
    from controller.planning.request import Request

    request = Request.of(kind, profile_of(options), **options)
    if timeout is not None and (request.profile.is_local or not wait):
        raise click.UsageError("--timeout needs --wait, and a profile other than local")
    progress = sys.stdout if output == "text" else sys.stderr
    if request.profile.is_local:
        manifests = run_here(request, progress)
        data: Any = [manifest_json(manifest) for manifest in manifests]
    else:
        sent = send(request, progress, wait=wait, timeout=timeout)
        manifests, data = list(sent.manifests), sent.to_json()
    if output == "json":
        click.echo(json.dumps(data, indent=1))
    elif manifests:
        click.echo(f"{request.profile.bucket}/{manifests[-1].name}")


def _dry_run(kind: str, output: str, **options: Any) -> None:
    from controller.cli.tables import dry_run_table
    from controller.cli.words import spread_text
    from controller.planning.dry_run import dry_run
    from controller.planning.request import Request

    request = Request.of(kind, profile_of(options), **options)
    planned = dry_run(request)
    show(output, lambda: dry_run_table(planned), planned.to_json())
    if output == "text":
        for line in (*request.notes, spread_text(planned.spread) if planned.spread else planned.note):
            click.echo(line, nl=bool(line))


def _render(kind: str, **options: Any) -> None:
    import yaml

    from controller.planning.manifest import render
    from controller.planning.request import Request
    from jobs.artifact import incomplete

    request = Request.of(kind, profile_of(options), **options)
    jobs = [
        render(step, request.profile, suspend=bool(incomplete(request.store, step.after)))
        for step in request.steps_to_render()
    ]
    if request.profile.is_local:
        click.echo("# Profile local: what runs here as processes. Its images, and a bucket that is a directory, are")
        click.echo("# not to be had on a cluster, and each Job needs the ones before it to be complete.")
    click.echo(yaml.safe_dump_all(jobs, sort_keys=False), nl=False)


for command in (*OBSERVING, *PREPARING, *RESULTS):
    cli.add_command(command)


def main() -> None:
    """The console script: our errors become a message and an exit code."""
    try:
        cli(prog_name="covid-ctl", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("covid-ctl: cancelled\n  next: the same command continues it", err=True)
        sys.exit(EXIT_CANCELLED)
    except CovidCtlError as error:
        complain(error)
        sys.exit(error.cli_exit_code)


def complain(error: CovidCtlError) -> None:
    click.echo(f"covid-ctl: {error}", err=True)

"""The commands. Imports wait until a command needs them: ``covid-ctl --help`` answers at once."""

from __future__ import annotations

import errno
import gc
import json
import sys

import click

from controller.cli.collecting import gc as gc_command
from controller.cli.completing import complete_step
from controller.cli.judging import judge
from controller.cli.observing import OBSERVING
from controller.cli.options import output_option, place_options, refuse_empty_values
from controller.cli.place import profile_of
from controller.cli.preparing import PREPARING
from controller.cli.publishing import publish
from controller.cli.reading_logs import logs
from controller.cli.results import RESULTS
from controller.cli.searching import search
from controller.cli.shell_script import completion
from controller.cli.step_commands import RootGroup, StepGroup
from controller.cli.terminal import (
    CLOSED_PIPE,
    OutputError,
    abandon_output,
    echo,
    end_output,
    open_closed_streams,
)
from controller.cli.usage import usage_error
from controller.cli.vocabulary import vocab
from jobs.errors import ConfigurationError, CovidCtlError
from jobs.library_errors import in_our_words

EXIT_CANCELLED = 130


@click.group(cls=RootGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="covid-ctl")
@place_options
def cli(**_: str | None) -> None:
    """Turn a scientific corpus into a domain BERT, step by step.

    With nothing configured, steps run as processes on this machine on a built-in sample corpus:
    `covid-ctl submit all tiny` runs them all.
    """


@cli.group("submit", cls=StepGroup, short_help="Run a step, or continue one that was interrupted.")
@place_options
def submit_group(**_: str | None) -> None:
    """Run a step, or continue it where it was interrupted.

    `preprocess` runs ingest, signatures, vocabulary and preprocess.
    """


@cli.group("render", cls=StepGroup, short_help="Print a step's Jobs as YAML and run nothing.")
@place_options
def render_group(**_: str | None) -> None:
    """Print a step's batch/v1 Job as YAML and run nothing."""


@cli.command("tracker", short_help="Release Jobs whose inputs are complete.")
@click.option("--once", is_flag=True, help="Bring everything up to date once, then exit.")
@click.option("--alive", type=click.Path(dir_okay=False), help="Touch this file while working, for a liveness probe.")
@click.option(
    "--metrics-port", type=click.IntRange(0, 65535), help="Serve a page for Prometheus on this port. [default: none]"
)
@place_options
def track_command(once: bool, alive: str | None, metrics_port: int | None, **place: str | None) -> None:
    """Release Jobs whose inputs are complete, and keep the ledger. This is the loop that runs in the cluster."""
    from pathlib import Path

    from controller.cli.tracker_loop import track

    track(profile_of(place), once=once, alive=Path(alive) if alive else None, metrics_port=metrics_port)


@cli.command("cancel", short_help="Stop steps; their committed work stays.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_step)
@place_options
@output_option
def cancel_command(names: tuple[str, ...], output: str, **place: str | None) -> None:
    """Stop steps: their pods are deleted, their records and committed work stay."""
    from controller.cli.tracker_loop import end

    behind: dict[str, str] = {}
    refused: list[CovidCtlError] = []
    done: list[dict[str, object]] = []
    for name, ended in end(names, profile_of(place)):
        if isinstance(ended, CovidCtlError):
            refused.append(ended)
            continue
        if output == "text":
            echo(f"{name}  {ended.was}")
        waiting_for_it = [waiting for waiting in ended.behind if waiting not in names]
        behind |= dict.fromkeys(waiting_for_it, name)
        done.append({"name": name, "was": ended.was, "behind": waiting_for_it})
    if output == "json":
        echo(json.dumps(done, indent=1))
    else:
        for waiting, name in behind.items():
            echo(f"{waiting}  waits, suspended, for {name}")
        if behind:
            echo(f"  next: covid-ctl cancel {' '.join(behind)}")
    for error in refused[:-1]:
        complain(error)
    if refused:
        raise refused[-1]


for command in (*OBSERVING, logs, gc_command, completion, *PREPARING, *RESULTS, publish, vocab, search, judge):
    cli.add_command(command)
refuse_empty_values(cli)


def main() -> None:
    """The console script: our errors become a message and an exit code."""
    open_closed_streams()
    code = 0
    try:
        try:
            code = _run()
        finally:
            end_output()
    except OutputError as error:
        code = CLOSED_PIPE if error.is_closed_pipe else CovidCtlError.cli_exit_code
        abandon_output()
        if not error.is_closed_pipe:
            complain(CovidCtlError("standard output", error.reason, "write it to another place"))
    # Python would look for cycles among all that was imported: a tenth of a second, for memory that goes anyway.
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    try:
        code = cli(prog_name="covid-ctl", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except click.exceptions.NoArgsIsHelpError as error:
        echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        complain(usage_error(error))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        echo("covid-ctl: cancelled\n  next: the same command continues it", err=True)
        return EXIT_CANCELLED
    except CovidCtlError as error:
        complain(error)
        return error.cli_exit_code
    except OSError as error:
        if error.filename is not None:  # a path that was given and that the system takes for none
            refused = ConfigurationError(str(error.filename), in_our_words(error), "check the path")
            complain(refused)
            return refused.cli_exit_code
        if error.errno in (errno.EPIPE, errno.ENOSPC):  # of click's own writing, as of --help
            raise OutputError(error) from error
        raise


def complain(error: CovidCtlError) -> None:
    echo(f"covid-ctl: {error}", err=True)

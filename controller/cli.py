"""The commands. Imports wait until a command needs them: ``covid-ctl --help`` answers at once."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from controller.commands import observing
from controller.commands.options import Command, output_option, place_options, profile_of, show
from jobs.errors import CovidCtlError, PreflightError

EXIT_CANCELLED = 130

CORPUS_HELP = """A CORD-19 release (a directory, tar.gz or zip), or .jsonl or .txt of your own; on disk or gs://.
`sample` is the built-in one. Without it preprocess takes the sample, and a later step the newest inputs in the
bucket that fit its recipe."""


overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Change a recipe's field, as in schedule.train_steps=500; may be repeated.",
)


def request_options(command: Command) -> Command:
    """What decides the steps, the same for ``submit`` and ``render``."""
    for option in reversed(
        [
            click.option("--corpus", help=CORPUS_HELP),
            click.option("--vocab", help="A WordPiece vocab.txt; without it the recipe must learn one."),
            click.option(
                "--shards",
                type=click.IntRange(1, 100_000),
                help="Files that documents and examples are split into; part of the name. [default: 2]",
            ),
            overrides_option,
            click.option(
                "--parallelism",
                type=click.IntRange(1),
                help="Shards at the same time. [default: the profile's; of local, its cores]",
            ),
            click.option("--fresh", is_flag=True, help="Run again what is complete, under another name."),
            click.option("--salt", metavar="TEXT", help="Part of the name: continues the --fresh run that printed it."),
        ]
    ):
        command = option(command)
    return place_options(command)


def dry_run_option(command: Command) -> Command:
    return click.option(
        "--dry-run", is_flag=True, help="Show the steps and how even their shards will be; run nothing."
    )(command)


def submit_options(command: Command) -> Command:
    """What ``submit`` has and ``render`` has not."""
    for option in (
        output_option,
        dry_run_option,
        click.option("--timeout", type=click.FloatRange(min=0), help="With --wait: exit with 4 after so many seconds."),
        click.option("--wait", is_flag=True, help="On a cluster: follow the Jobs to their end. Ctrl-C detaches."),
    ):
        command = option(command)
    return command


def input_options(command: Command) -> Command:
    command = click.option("--examples", metavar="NAME", help="Train on this preprocess step's examples.")(command)
    return click.option("--with-inputs", is_flag=True, help="Make what it needs first, if it is missing.")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="covid-ctl")
def cli() -> None:
    """Turn a scientific corpus into a domain BERT, step by step.

    With nothing configured, steps run as processes of this machine on a built-in sample corpus:
    `covid-ctl submit export tiny --with-inputs` runs them all.
    """


@cli.command()
@click.option("--name", default="gke", show_default=True, prompt=True, help="What --profile will call it.")
@click.option(
    "--context", default="", prompt="kubeconfig context, empty for the current one", help="Of the kubeconfig."
)
@click.option("--namespace", default="covid-ctl", show_default=True, prompt=True)
@click.option("--bucket", prompt="bucket, as gs://BUCKET/PREFIX", help="gs://BUCKET/PREFIX")
@click.option("--worker-image", prompt="worker image, by digest")
@click.option("--trainer-image", prompt="trainer image, by digest")
@click.option("--exporter-image", prompt="exporter image, by digest")
@click.option("--controller-image", default="", help="Of the tracker's Deployment.")
@click.option("--tpu", default="v3-8", show_default=True, help="The slice that training runs on; '' for none.")
@click.option("--zone", default="", help="Where the TPU is, for doctor and prices.")
@click.option("--project", default="", help="The Google Cloud project, for doctor.")
@click.option("--queue", default="", help="A Kueue LocalQueue.")
@click.option("--config", default="covid-ctl.toml", show_default=True, envvar="COVID_CTL_CONFIG", help="The file.")
def init(config: str, **answers: str) -> None:
    """Add a cluster to covid-ctl.toml, asking for what no option gives."""
    from pathlib import Path

    from controller.new_profile import Answers, write_profile

    write_profile(Path(config), Answers(**answers))
    click.echo(f"profile {answers['name']} is in {config}\n  next: covid-ctl doctor --profile {answers['name']}")


@cli.group()
def submit() -> None:
    """Run a step, or continue it where it was interrupted.

    `preprocess` runs ingest, signatures, vocabulary and preprocess.
    """


@submit.command("preprocess")
@click.option("--recipe", default="tiny", show_default=True, help="Whose settings the examples get.")
@request_options
@submit_options
def submit_preprocess(**options: Any) -> None:
    """Clean a corpus and write masked training examples."""
    _submit("preprocess", **options)


@submit.command("pretrain")
@click.argument("recipe")
@input_options
@request_options
@submit_options
def submit_pretrain(**options: Any) -> None:
    """Train RECIPE (a name, or a YAML file) on preprocessed examples."""
    _submit("pretrain", **options)


@submit.command("export")
@click.argument("recipe")
@click.option("--run", metavar="NAME", help="Export this pretrain step.")
@input_options
@request_options
@submit_options
def submit_export(**options: Any) -> None:
    """Turn RECIPE's weights into a Hugging Face model."""
    _submit("export", **options)


@submit.command("all")
@click.argument("recipe")
@request_options
@submit_options
def submit_all(**options: Any) -> None:
    """Everything from the corpus to RECIPE's Hugging Face model."""
    _submit("all", **options)


@cli.group()
def render() -> None:
    """Print a step's batch/v1 Job as YAML and run nothing."""


@render.command("preprocess")
@click.option("--recipe", default="tiny", show_default=True, help="Whose settings the examples get.")
@request_options
def render_preprocess(**options: Any) -> None:
    """The Jobs of `submit preprocess`."""
    _render("preprocess", **options)


@render.command("pretrain")
@click.argument("recipe")
@input_options
@request_options
def render_pretrain(**options: Any) -> None:
    """The Job of `submit pretrain`."""
    _render("pretrain", **options)


@render.command("export")
@click.argument("recipe")
@click.option("--run", metavar="NAME", help="Export this pretrain step.")
@input_options
@request_options
def render_export(**options: Any) -> None:
    """The Job of `submit export`."""
    _render("export", **options)


@render.command("all")
@click.argument("recipe")
@request_options
def render_all(**options: Any) -> None:
    """The Jobs of `submit all`."""
    _render("all", **options)


@cli.command()
@click.option("--once", is_flag=True, help="Bring everything up to date once, then exit.")
@place_options
def tracker(once: bool, **place: str | None) -> None:
    """Release Jobs whose inputs are complete, and keep the ledger: the loop that runs in the cluster."""
    from controller.commands.tracking import track

    track(profile_of(place), once=once)


@cli.command()
@click.argument("name")
@place_options
def cancel(name: str, **place: str | None) -> None:
    """End a step: its pods go, its record and what it has committed stay."""
    from controller.commands.tracking import end

    ended = end(name, profile_of(place))
    click.echo(f"{name}  {ended.was}")
    for waiting in ended.behind:
        click.echo(f"{waiting}  waits for it, suspended; covid-ctl cancel {waiting} ends it too")


@cli.command()
@click.argument("recipe", default="tiny")
@click.option("--vocab", help="The WordPiece vocab.txt that it will be trained with.")
@overrides_option
@place_options
@output_option
def doctor(recipe: str, vocab: str | None, overrides: tuple[str, ...], output: str, **place: str | None) -> None:
    """Look whether all is there that RECIPE's steps will need; exits with 3 when something is not.

    Leaves nothing behind: of the bucket it asks by two objects that it deletes again.
    """
    from dataclasses import asdict

    from controller.doctor.check import State
    from controller.doctor.examination import all_checks
    from controller.request import assignment
    from controller.view import checks_table
    from jobs.recipe import load_recipe

    chosen = load_recipe(recipe, dict(assignment(text) for text in overrides))
    checks = list(all_checks(profile_of(place), chosen, vocabulary=vocab))
    show(output, lambda: checks_table(checks), [asdict(check) for check in checks])
    if any(check.state is State.FAILED for check in checks):
        sys.exit(PreflightError.cli_exit_code)


@cli.command("estimate")
@click.argument("what", type=click.Choice(["preprocess", "pretrain", "export", "all"]))
@click.argument("recipe", default="tiny")
@click.option("--corpus", help="As of submit. [default: the built-in sample]")
@click.option("--shards", type=click.IntRange(1, 100_000), default=2, show_default=True)
@overrides_option
@place_options
@output_option
def estimate_command(what: str, recipe: str, output: str, **options: Any) -> None:
    """How long it will take and what it will cost, before it is submitted.

    Counts what RECIPE computes and how much text the corpus holds; runs and writes nothing. Where the profile
    knows no price, or another than the list's, set its dollars_per_hour.
    """
    from controller.corpus_text import text_of
    from controller.estimate import estimate, kinds_of
    from controller.request import assignment
    from controller.view import estimate_table
    from jobs.recipe import load_recipe

    chosen = load_recipe(recipe, dict(assignment(text) for text in options["overrides"]))
    text = text_of(options["corpus"] or "sample") if what in ("preprocess", "all") else None
    found = estimate(kinds_of(what, chosen), chosen, profile_of(options), text=text, shards=options["shards"])
    show(output, lambda: estimate_table(found), found.to_json())
    if output == "text":
        for note in found.notes:
            click.echo(note)


@cli.command()
@click.argument("name", required=False)
@place_options
@output_option
def artifacts(name: str | None, output: str, **place: str | None) -> None:
    """The complete artifacts in the bucket, or the files of one."""
    from controller.inputs import complete_artifacts
    from controller.view import artifacts_table, manifest_json, outputs_table
    from jobs.artifact import Artifact
    from jobs.store import Store

    bucket = profile_of(place).bucket
    store = Store(bucket)
    if name is not None:
        manifest = Artifact.open(store, name).require()
        if output == "text":
            click.echo(f"{bucket.rstrip('/')}/{name}")
        show(output, lambda: outputs_table(manifest), manifest_json(manifest))
    else:
        found = complete_artifacts(store)
        show(output, lambda: artifacts_table(found), [manifest_json(m) for m in found], empty="no artifacts yet")


@cli.command()
@click.argument("step", required=False)
@click.option("--html", "target", metavar="FILE", help="Copy the page there.")
@place_options
@output_option
def report(step: str | None, target: str | None, output: str, **place: str | None) -> None:
    """What preprocessing did: of STEP, or of the newest preprocess step that is complete."""
    from controller.report import find_report, save_page
    from jobs.store import Store

    found = find_report(Store(profile_of(place).bucket), step)
    if target:
        save_page(found, target)
    if output == "json":
        click.echo(json.dumps(found.contents, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join([found.step, *found.contents["summary"], f"Page: {target or found.page}"]))


@cli.group(invoke_without_command=True)
@output_option
@click.pass_context
def recipes(context: click.Context, output: str) -> None:
    """List the recipes, or show one."""
    if context.invoked_subcommand:
        return
    from controller.view import recipes_table
    from jobs.recipe import load_recipe, recipe_names

    found = [load_recipe(name) for name in recipe_names()]
    show(output, lambda: recipes_table(found), [recipe.model_dump(mode="json") for recipe in found])


@recipes.command("show")
@click.argument("recipe")
@output_option
def recipes_show(recipe: str, output: str) -> None:
    """Print one recipe with every setting, as YAML that can be edited and used."""
    import yaml

    from jobs.recipe import load_recipe

    data = load_recipe(recipe).model_dump(mode="json", exclude_none=True)
    if output == "json":
        click.echo(json.dumps(data, indent=1, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), nl=False)


def _submit(kind: str, *, output: str, dry_run: bool, wait: bool, timeout: float | None, **options: Any) -> None:
    if dry_run:
        _dry_run(kind, output, **options)
        return
    from controller.commands.submitting import run_here, send
    from controller.request import Request
    from controller.view import manifest_json

    request = Request.of(kind, **options)
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
    from controller.dry_run import dry_run
    from controller.request import Request
    from controller.view import dry_run_table, spread_text

    request = Request.of(kind, **options)
    planned = dry_run(request)
    show(output, lambda: dry_run_table(planned), planned.to_json())
    if output == "text":
        for line in (*request.notes, spread_text(planned.spread) if planned.spread else planned.note):
            click.echo(line, nl=bool(line))


def _render(kind: str, **options: Any) -> None:
    import yaml

    from controller.manifest import render as render_job
    from controller.request import Request
    from controller.submission import missing_inputs

    request = Request.of(kind, **options)
    jobs = [
        render_job(step, request.profile, suspend=bool(missing_inputs(request.store, step)))
        for step in request.steps_to_render()
    ]
    if request.profile.is_local:
        click.echo("# Profile local: what runs here as processes. Its images, and a bucket that is a directory, are")
        click.echo("# not to be had on a cluster, and each Job needs the ones before it to be complete.")
    click.echo(yaml.safe_dump_all(jobs, sort_keys=False), nl=False)


observing.register(cli)


def main() -> None:
    """The console script: our errors become a message and an exit code."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("covid-ctl: cancelled\n  next: the same command continues it", err=True)
        sys.exit(EXIT_CANCELLED)
    except CovidCtlError as error:
        click.echo(f"covid-ctl: {error}", err=True)
        sys.exit(error.cli_exit_code)

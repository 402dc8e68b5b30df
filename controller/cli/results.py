"""Commands that show what complete steps made."""

from __future__ import annotations

import json

import click

from controller.cli.observing import name_argument
from controller.cli.options import output_option, place_options, profile_of, show


@click.command("artifacts", short_help="List the complete artifacts, or the files of one.")
@name_argument(required=False)
@place_options
@output_option
def artifacts(name: str | None, output: str, **place: str | None) -> None:
    """List the complete artifacts in the bucket, or the files of one."""
    from controller.cli.tables import artifacts_table, manifest_json, outputs_table
    from controller.planning.existing import complete_artifacts
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


@click.command("report", short_help="Show what preprocessing did.")
@name_argument(required=False)
@click.option("--html", "target", metavar="FILE", help="Copy the report's page to FILE.")
@place_options
@output_option
def report(name: str | None, target: str | None, output: str, **place: str | None) -> None:
    """Show what preprocessing did in step NAME, or in the newest complete preprocess step."""
    from controller.status.report import find_report, save_page
    from jobs.store import Store

    found = find_report(Store(profile_of(place).bucket), name)
    if target:
        save_page(found, target)
    if output == "json":
        click.echo(json.dumps(found.contents, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join([found.step, *found.contents["summary"], f"Page: {target or found.page}"]))


RESULTS = (artifacts, report)

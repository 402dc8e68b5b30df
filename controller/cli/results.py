"""Commands that show what complete steps made."""

from __future__ import annotations

import json

import click

from controller.cli.observing import name_argument
from controller.cli.options import output_option, place_options, profile_of, show


@click.command()
@name_argument(required=False)
@place_options
@output_option
def artifacts(name: str | None, output: str, **place: str | None) -> None:
    """The complete artifacts in the bucket, or the files of one."""
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


@click.command()
@name_argument(required=False)
@click.option("--html", "target", metavar="FILE", help="Copy the page there.")
@place_options
@output_option
def report(name: str | None, target: str | None, output: str, **place: str | None) -> None:
    """What preprocessing did: of step NAME, or of the newest preprocess step that is complete."""
    from controller.status.report import find_report, save_page
    from jobs.store import Store

    found = find_report(Store(profile_of(place).bucket), name)
    if target:
        save_page(found, target)
    if output == "json":
        click.echo(json.dumps(found.contents, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join([found.step, *found.contents["summary"], f"Page: {target or found.page}"]))


def register(group: click.Group) -> None:
    for command in (artifacts, report):
        group.add_command(command)

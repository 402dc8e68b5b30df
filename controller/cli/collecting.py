"""``gc``: what of the bucket no step needs."""

from __future__ import annotations

import click

from controller.cli.options import output_option, place_options, seconds_of
from controller.cli.output import show
from controller.cli.place import open_bucket, profile_of
from controller.cli.terminal import echo, tell_unreachable


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

    seconds = seconds_of(older_than, "--older-than")
    profile = profile_of(place)
    store = open_bucket(profile)
    now = time.time()
    found = look(profile, store, None, now=now, whole_bucket=True)
    tell_unreachable(found.unreachable)
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

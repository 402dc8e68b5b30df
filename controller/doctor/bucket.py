"""Can the bucket be written, and does it keep the one promise that commits rest on?"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from controller.doctor.check import Check, failed, ok
from jobs.store import Store

PROBES = "doctor"
"""The folder of probe objects, each under a name that nobody else uses."""


def bucket(location: str) -> Check:
    """Writes two probes create-if-absent, reads, and deletes them. Raises ``StoreError``."""
    directory = None if "://" in location else Path(location).absolute()
    if directory and not directory.exists():
        return _to_be_made(directory)
    store, run = Store(location), uuid.uuid4().hex
    probes = [f"{PROBES}/{run}-{number}" for number in range(2)]
    try:
        first = [store.create(probe, b"first") for probe in probes]
        again = [store.create(probe, b"again") for probe in probes]
        kept = [store.get(probe) for probe in probes] == [b"first", b"first"]
        listed = [found.path for found in store.objects(PROBES) if run in found.path]
    except Exception:
        _delete(store, probes, directory)
        raise
    # Whoever presses Ctrl-C is not made to wait for a bucket that hangs: then the probes, if any, stay.
    _delete(store, probes, directory)
    if not all(first) or any(again) or not kept:
        reason = f"{location} lets an object be created twice: two workers could both commit a shard"
        return failed("bucket", reason, "use a bucket of Google Cloud Storage, or a directory on a local disk")
    if listed != probes:
        return failed("bucket", f"{location} does not list what was just written", "use another bucket")
    return ok("bucket", f"{location} can be written, and creates an object once")


def _delete(store: Store, probes: Sequence[str], directory: Path | None) -> None:
    for probe in probes:
        store.delete(probe)
    if directory:
        with suppress(OSError):  # another doctor's probes are in it
            (directory / PROBES).rmdir()


def _to_be_made(directory: Path) -> Check:
    above = next(parent for parent in directory.parents if parent.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        return failed("bucket", f"{directory} cannot be made in {above}", "choose a directory that you may write to")
    return ok("bucket", f"{directory} is made when something is first written")

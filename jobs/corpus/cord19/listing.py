"""A release that lies unpacked in a directory: which of its files matter. Light."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.corpus.cord19.layouts import METADATA, PARSES, choose_metadata, is_json, is_nested_archive, is_parse, root_of
from jobs.store import ObjectInfo, Store


@dataclass(frozen=True)
class Listing:
    metadata: str
    """Path of metadata.csv; empty where there is none."""
    files: tuple[ObjectInfo, ...]
    """Parse files, sorted by path. Without a metadata.csv, every JSON file."""
    archives: tuple[ObjectInfo, ...] = ()
    """Parses that are still packed; only looked for where none lies unpacked."""


def list_release(store: Store) -> Listing:
    """Lists document_parses/ alone where it is there: what lies beside a release does not concern it."""
    if store.exists(METADATA) and (files := store.objects(PARSES)):
        return Listing(METADATA, tuple(files))
    objects = store.objects()
    metadata = choose_metadata(o.path for o in objects)
    root = root_of(metadata)
    if metadata:
        files = [o for o in objects if is_parse(o.path.removeprefix(root))]
    else:
        files = [o for o in objects if is_json(o.path)]
    return Listing(metadata, tuple(files), () if files else tuple(o for o in objects if is_nested_archive(o.path)))

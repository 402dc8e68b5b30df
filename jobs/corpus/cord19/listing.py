"""A release that lies in a directory: which of its files matter. Light."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.corpus.cord19.layouts import (
    METADATA,
    choose_metadata,
    is_json,
    is_json_leftover,
    is_metadata,
    is_nested_archive,
    is_other_text,
    is_packed_metadata,
    is_table,
    unpacked_folder,
)
from jobs.errors import ConfigurationError
from jobs.files.packing import refuse_packed_names
from jobs.store import ObjectInfo, Store


@dataclass(frozen=True)
class Listing:
    metadata: str
    """Path of metadata.csv; empty where there is none."""
    files: tuple[ObjectInfo, ...]
    """Every parse file, sorted by path."""
    archives: tuple[ObjectInfo, ...] = ()
    """Parses that are still packed: archives whose content does not lie unpacked beside them."""
    leftovers: tuple[ObjectInfo, ...] = ()
    """Named like parses, and none."""
    others: tuple[ObjectInfo, ...] = ()
    """What may hold full texts, in a form that is not read."""
    other_metadata: tuple[str, ...] = ()
    """Tables named like a release's metadata that are not the one."""


def list_release(store: Store) -> Listing:
    """Lists the whole directory.

    Raises ``ConfigurationError`` where its metadata.csv is packed, or parses are in a way that is not read.
    """
    objects = store.objects()
    metadata = choose_metadata((o.path for o in objects), store.location)
    if not metadata:
        refuse_packed_metadata([o.path for o in objects], store.location)
    files = tuple(o for o in objects if is_json(o.path))
    archives = tuple(o for o in objects if is_nested_archive(o.path))
    folders = tuple(unpacked_folder(archive.path) for archive in archives)
    unpacked = {folder for folder in folders if any(file.path.startswith(folder) for file in files)}
    _refuse_packed([o.path for o in objects], {file.path for file in files}, store.location)
    return Listing(
        metadata,
        files,
        tuple(archive for archive, folder in zip(archives, folders, strict=True) if folder not in unpacked),
        tuple(o for o in objects if is_json_leftover(o.path)),
        tuple(o for o in objects if is_other_text(o.path)),
        tuple(o.path for o in objects if is_metadata(o.path) and o.path != metadata),
    )


def _refuse_packed(paths: list[str], parses: set[str], source: str) -> None:
    """Refuse packed files whose content does not lie unpacked beside them."""

    def is_missed(inside: str) -> bool:
        if is_json(inside):
            return inside not in parses
        folder = unpacked_folder(inside)
        return is_nested_archive(inside) and not any(path.startswith(folder) for path in parses)

    refuse_packed_names(paths, source, is_missed)


def refuse_packed_metadata(paths: list[str], source: str) -> None:
    """Raises ``ConfigurationError`` where one of ``paths`` is the metadata of a release in a form that is not read."""
    for path in filter(is_packed_metadata, paths):
        raise ConfigurationError(source, f"its metadata is packed by itself ({path}), which is not read", "unpack it")
    for path in filter(is_table, paths):
        reason = f"its metadata seems to be {path}, which is not read"
        raise ConfigurationError(source, reason, f"make it a {METADATA}, or move it away")

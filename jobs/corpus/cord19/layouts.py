"""Knows the layouts of releases: which files are parses, and where metadata is. Light.

A file is a parse if its name ends like one, whatever folder it lies in.

From May 2020 on: ``document_parses/{pdf_json,pmc_json}/*.json``. Before: ``comm_use_subset/...`` and its
siblings, often twice (``comm_use_subset/comm_use_subset/pdf_json/``); in the first releases without
``pdf_json``. AI2 wraps all in a directory named by the date, with each folder a tar.gz of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from jobs.errors import ConfigurationError
from jobs.unicode_forms import normalised

METADATA = "metadata.csv"
COLUMNS = (
    "cord_uid,sha,source_x,title,doi,pmcid,pubmed_id,license,abstract,publish_time,authors,journal,mag_id,"
    "who_covidence_id,arxiv_id,pdf_json_files,pmc_json_files,url,s2_id"
)
"""The header of the final releases. Columns may be missing or more; ``cord_uid``, or else ``sha``, must be there."""
_METADATA = re.compile(
    r"(metadata([-_ .]?20\d\d-\d\d-\d\d)?|all_sources_metadata.*)\.[ct]sv", re.IGNORECASE | re.DOTALL
)
_PMC_NAME = re.compile(r"PMC\d+\b", re.IGNORECASE)
_PAPER = re.compile(r"[0-9a-f]{40}|PMC\d+(\.\d+)?", re.IGNORECASE)
_PMC_VERSION = re.compile(r"(pmc\d+)\.\d{1,3}")
_ENDING = re.compile(r"(\.xml)?\.json(\.gz)?$", re.IGNORECASE)


def is_metadata(path: str) -> bool:
    """``metadata.csv`` or ``.tsv``, also with a date; the first was ``all_sources_metadata_2020-03-13.csv``."""
    return _METADATA.fullmatch(path.rpartition("/")[2]) is not None


def is_like_metadata(path: str) -> bool:
    """``metadata.xlsx``, ``metadata.json`` and the like: tables that are not read, and must not be overlooked."""
    name = path.rpartition("/")[2].lower()
    is_named = name.startswith("metadata") or "_metadata." in name or "-metadata." in name
    return is_named and name.endswith(_TABLES) and not is_metadata(path) and not is_leftover(path)


_TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".xls", ".xlsx", ".ods", ".parquet", ".feather", ".pickle", ".db")


def is_table(path: str) -> bool:
    """Whether a file may be a release's metadata under any name, where it has no ``metadata.csv``."""
    name = path.rpartition("/")[2].lower().removesuffix(".gz")
    return is_like_metadata(path) or (name.endswith(_SHEETS) and "embeddings" not in name and not is_leftover(path))


_SHEETS = (".csv", ".tsv", ".xls", ".xlsx", ".ods", ".parquet", ".feather")


def is_packed_metadata(path: str) -> bool:
    """``metadata.csv.gz`` and the like: it is not read, and must not be overlooked either."""
    return is_metadata(path.rpartition(".")[0])


def is_tar_name(path: str) -> bool:
    """A tar of parses inside a release, gzipped or not; the embeddings are one too and have no text."""
    name = path.rpartition("/")[2].lower()
    return name.endswith((".tar", ".tar.gz", ".tgz")) and "embeddings" not in name and not is_leftover(path)


def is_zip_name(path: str) -> bool:
    """A zip of parses inside a release."""
    name = path.rpartition("/")[2].lower()
    return name.endswith(".zip") and "embeddings" not in name and not is_leftover(path)


def is_nested_archive(path: str) -> bool:
    return is_tar_name(path) or is_zip_name(path)


def unpacked_folder(archive: str) -> str:
    """The folder that unpacking an archive in place creates; ends with a slash."""
    return re.sub(r"(\.tar|\.tar\.gz|\.tgz|\.zip)$", "/", archive, flags=re.IGNORECASE)


def is_json(path: str) -> bool:
    """Whether a file is a parse, gzipped or not, by its name. In which folder it lies does not matter."""
    return path.lower().endswith((".json", ".json.gz")) and not is_leftover(path) and not is_like_metadata(path)


def is_other_text(path: str) -> bool:
    """Whether a file may hold full texts in a form that a release has none of: JSON lines, XML or plain text."""
    name = path.rpartition("/")[2].lower().removesuffix(".gz")
    return name.endswith(_TEXTS) and not _ABOUT.search(name) and not is_leftover(path)


_TEXTS = (".jsonl", ".ndjson", ".xml", ".nxml", ".txt")
_ABOUT = re.compile("read.?me|licen[cs]e|schema|change.?log|requirements")
"""In the names of files that say something about a release; ``json_schema.txt`` is in each of CORD-19's."""


def is_leftover(path: str) -> bool:
    """Whether macOS left it beside the file that it is named after (``._x.json``)."""
    return path.rpartition("/")[2].startswith("._") or path.startswith("__MACOSX/") or "/__MACOSX/" in path


def is_json_leftover(path: str) -> bool:
    return is_leftover(path) and path.lower().endswith((".json", ".json.gz"))


def parse_kind(path: str) -> Literal["pmc_json", "pdf_json"]:
    """The kind that a file's folder says or, in the first releases, which had no such folders, its name:
    ``PMC140314.xml.json`` or a PDF's SHA-1."""
    folders = path.split("/")
    if "pmc_json" in folders or ("pdf_json" not in folders and _PMC_NAME.match(folders[-1])):
        return "pmc_json"
    return "pdf_json"


def names_paper(stem: str) -> bool:
    """Whether a parse's name is its paper's wherever it lies: a PDF's SHA-1 or a PMC id."""
    return _PAPER.fullmatch(stem) is not None


def paper_folder(path: str) -> str:
    """The folder that a paper's parses share, with its slash: without those of the kinds of parses."""
    folders = path.split("/")[:-1]
    return "".join(f"{folder}/" for folder in folders if folder not in ("pdf_json", "pmc_json"))


def other_kind(path: str, kind: str) -> bool:
    """Whether the folders say that a file is not of ``kind``."""
    return {"pdf_json": "pmc_json", "pmc_json": "pdf_json"}.get(kind) in path.split("/")[:-1]


def stem(path: str) -> str:
    """The paper_id that a parse's name says: ``PMC140314`` of ``a/PMC140314.xml.json``."""
    return _ENDING.sub("", path.rpartition("/")[2])


def spelling(stem: str) -> str:
    """What spellings of one ``stem`` have in common: all but capitals, a PMC id's version and Unicode's forms."""
    return _PMC_VERSION.sub(r"\1", normalised("NFC", stem).casefold())


def root_of(metadata: str) -> str:
    """The folder of metadata.csv with its slash; other paths of the release are relative to it."""
    folder, slash, _ = metadata.rpartition("/")
    return folder + slash


def choose_metadata(paths: Iterable[str], source: str) -> str:
    """The outermost metadata.csv; empty where there is none. ``source`` is what errors call the release.

    Raises ``ConfigurationError`` where several lie as far out: then there are several releases.
    """

    def rank(path: str) -> tuple[int, bool]:
        return path.count("/"), path.rpartition("/")[2] != METADATA

    found = sorted(filter(is_metadata, paths), key=lambda path: (rank(path), path))
    if len(found) > 1 and rank(found[0]) == rank(found[1]):
        raise ConfigurationError(
            source,
            f"it holds several releases: {found[0]} and {found[1]} are both the metadata of one",
            "give one of them, or take the other away",
        )
    return found[0] if found else ""


def relative_to(root: str, path: str) -> str:
    """A file's path from metadata.csv's folder ``root``; from above it for a file that lies elsewhere."""
    return path.removeprefix(root) if path.startswith(root) else "../" * root.count("/") + path


def absolute_from(root: str, name: str) -> str:
    """The inverse of ``relative_to``."""
    return name[3 * root.count("/") :] if name.startswith("../") else root + name

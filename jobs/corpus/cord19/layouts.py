"""How releases lay out their files: which of them are parses, where metadata is. Light.

From May 2020 on: ``document_parses/{pdf_json,pmc_json}/*.json``. Before: ``comm_use_subset/...`` and its
siblings, often twice (``comm_use_subset/comm_use_subset/pdf_json/``); in the first releases without
``pdf_json``. AI2 wraps all in a directory named by the date, with each folder a tar.gz of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

METADATA = "metadata.csv"
PARSES = "document_parses"
_FOLDERS = frozenset(
    {
        *(PARSES, "pdf_json", "pmc_json"),
        *("biorxiv_medrxiv", "comm_use_subset", "noncomm_use_subset", "custom_license", "pmc_custom_license", "arxiv"),
    }
)
_PMC_NAME = re.compile(r"PMC\d+\b")


def is_metadata(path: str) -> bool:
    """``metadata.csv``, which the first release called ``all_sources_metadata_2020-03-13.csv``."""
    name = path.rpartition("/")[2]
    return name == METADATA or (name.startswith("all_sources_metadata") and name.endswith(".csv"))


def is_nested_archive(path: str) -> bool:
    """A tar.gz of parses inside a release; the embeddings are one too and have no text."""
    name = path.rpartition("/")[2]
    return name.endswith((".tar.gz", ".tgz")) and "embeddings" not in name


def is_parse(path: str) -> bool:
    """A parse file of a release that has a metadata.csv, by its folder; ``path`` relative to the release."""
    folders = path.split("/")[:-1]
    return folders[:1] == [PARSES] or (path.endswith(".json") and not _FOLDERS.isdisjoint(folders))


def is_json(path: str) -> bool:
    return path.endswith(".json")


def parse_kind(path: str) -> Literal["pmc_json", "pdf_json"]:
    """By folder; in the first releases, which had none, by name: ``PMC140314.xml.json`` or a PDF's SHA-1."""
    folders = path.split("/")
    if "pmc_json" in folders or ("pdf_json" not in folders and _PMC_NAME.match(folders[-1])):
        return "pmc_json"
    return "pdf_json"


def stem(path: str) -> str:
    """The paper_id that a parse's name says: ``PMC140314`` of ``a/PMC140314.xml.json``."""
    return path.rpartition("/")[2].removesuffix(".json").removesuffix(".xml")


def root_of(metadata: str) -> str:
    """The folder of metadata.csv with its slash; other paths of the release are relative to it."""
    folder, slash, _ = metadata.rpartition("/")
    return folder + slash


def choose_metadata(paths: Iterable[str]) -> str:
    """The outermost metadata.csv, the first by path of several; empty where there is none."""
    return min((p for p in paths if is_metadata(p)), key=lambda p: (p.count("/"), p), default="")

"""A release's papers with their parse files, whatever its age: as metadata.csv names them, or found by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from jobs.corpus.cord19.file_index import FileIndex
from jobs.corpus.cord19.metadata import Metadata, Paper
from jobs.corpus.cord19.older_releases import find_parses
from jobs.corpus.documents.document import Parse


def papers_with_files(metadata: Metadata, files: Collection[str]) -> Iterator[Paper]:
    """Every paper, at the place of its first row; ``files`` are the paths of the parse files that are there.

    A file that is named but not there keeps the path that metadata.csv has.
    """
    index = FileIndex(files)
    for paper in metadata.papers():
        if metadata.has_parse_columns:
            pdf, pmc = _found(index, paper.pdf_json, "pdf_json"), _found(index, paper.pmc_json, "pmc_json")
            if not (pdf or pmc) and paper.names.pdf:
                pdf, _ = find_parses(paper.names, index)
        else:
            pdf, pmc = find_parses(paper.names, index)
        as_named = (pdf, pmc) == (paper.pdf_json, paper.pmc_json)
        yield paper if as_named else replace(paper, pdf_json=pdf, pmc_json=pmc)


def _found(index: FileIndex, names: Sequence[str], kind: Parse) -> tuple[str, ...]:
    return tuple(dict.fromkeys(index.find(name, kind) or name for name in names))

"""A release's papers with their parse files, whatever its age: as metadata.csv names them, or found by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from jobs.corpus.cord19.metadata import Metadata, Paper
from jobs.corpus.cord19.older_releases import by_name, find_parses


def papers_with_files(metadata: Metadata, files: Mapping[str, int]) -> Iterator[Paper]:
    """Every paper, at the place of its first row; ``files`` are the parse files that are there."""
    if metadata.has_parse_columns:
        yield from metadata.papers()
        return
    found = by_name(files)
    for paper in metadata.papers():
        pdf, pmc = find_parses(paper.names, found)
        yield replace(paper, pdf_json=pdf, pmc_json=pmc)

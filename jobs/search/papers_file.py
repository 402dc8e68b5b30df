"""Papers as Parquet: one row a paper, in the order of the vectors beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import DamagedError
from jobs.search.paper import COLUMNS, Paper

_SCHEMA = pa.schema([(name, pa.int32() if name == "year" else pa.string()) for name in COLUMNS])
_ROWS_AT_ONCE = 4096


def write_papers(path: Path, papers: Iterable[Paper]) -> int:
    """Write ``papers``, returning how many; equal papers give equal bytes with one version of pyarrow."""
    rows = 0
    block: list[Paper] = []
    with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        for paper in papers:
            block.append(paper)
            if len(block) == _ROWS_AT_ONCE:
                writer.write_table(_table(block))
                rows += len(block)
                block = []
        if block or not rows:
            writer.write_table(_table(block))
            rows += len(block)
    return rows


def read_papers(path: Path, source: str) -> Iterator[Paper]:
    """The papers of a file that ``write_papers`` wrote, in order, some thousand in memory at a time.

    Raises ``DamagedError``, naming ``source``, when it is none.
    """
    try:
        file = pq.ParquetFile(path)
        if not file.schema_arrow.equals(_SCHEMA):
            raise DamagedError(source, "its columns are not those of papers", "run its step again with --fresh")
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            for row in batch.to_pylist():
                yield Paper(**row)
    except (pa.ArrowException, OSError) as error:
        raise DamagedError(source, f"not readable as Parquet: {error}", "run its step again with --fresh") from error


def _table(papers: Sequence[Paper]) -> pa.Table:
    return pa.Table.from_pylist([asdict(paper) for paper in papers], _SCHEMA)

"""Quotes that open on every line cost their rows, not the time of the whole file for each."""

from __future__ import annotations

from contextlib import suppress

import pytest

from jobs.corpus.cord19.csv_records import read_records
from jobs.errors import ConfigurationError
from tests.patterns.growth import grows_too_fast

HEADER = b"a,b,c\n"
GOOD = b"1,2,3\n"


def swallowing(lines: int, line: bytes) -> list[bytes]:
    """Each opens a quote if it begins a record, and goes on in one if it does not; the last contradicts them all."""
    return [HEADER, *[line] * lines, b'"x,y\n', *[GOOD] * 20]


@pytest.mark.parametrize(
    "line", [b'x","\n', b'x","y\n', b'1,2","3\n', b'"""\n', b'"\n', b'a,b,"c\n', b'""\n', b"\n", b'",\n']
)
def test_a_file_of_open_quotes_is_read_in_linear_time(line: bytes) -> None:
    def read(length: int) -> None:
        with suppress(ConfigurationError):  # the last of some is never closed
            for _ in read_records(swallowing(length // len(line), line), "metadata.csv"):
                pass

    assert not grows_too_fast(read, short=20_000, long=160_000, fast=0.2, most_times=24)


def test_every_line_is_still_in_one_record_and_good_rows_after_them_are_found() -> None:
    records = list(read_records(swallowing(500, b'x","\n'), "metadata.csv"))
    assert [record.line for record in records] == list(range(1, 523))
    assert [record.fields for record in records if not record.problem] == [("a", "b", "c"), *[("1", "2", "3")] * 20]

"""Estimates how much text a corpus holds from the sizes of its files, without reading it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from jobs.corpus.documents.balance import Spread
from jobs.corpus.reading.shard_forecast import forecast
from jobs.files.place import locate
from jobs.ranges import Range
from jobs.sample.sample import SAMPLE, write_sample

OF_FILES = Range(0.3, 3.0)
"""Bytes of text per byte of an archive or of your own files, packed or not: CORD-19's parses as .tar.gz hold 1.3
(measured), AI2's archives much besides them, and gzipped text up to three."""


def text_of(location: str) -> Range:
    """Bytes of text in a corpus. Raises ``ConfigurationError`` if there is nothing at its location."""
    spread = spread_of(location, shards=1)
    if spread:
        return Range(spread.mean, spread.mean)
    place = locate(location)
    return OF_FILES * (place.size if place.name else sum(found.size for found in place.store.objects()))


def spread_of(location: str, shards: int) -> Spread | None:
    """How ``ingest`` will fill the shards; None where nothing lists the documents' sizes."""
    with tempfile.TemporaryDirectory(prefix="covid-ctl-") as scratch:
        if location == SAMPLE:
            location = f"{scratch}/{SAMPLE}"
            write_sample(Path(location))
        return forecast(locate(location), shards, Path(scratch))

"""Archives changed at random places: read, or refused with an error of ours, in bounded memory."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.errors import CovidCtlError
from jobs.files.place import locate

ROUNDS = 60
PEAK = 24 << 20
"""Bytes: buffers, and what a few small documents take."""

FILES = {
    "metadata.csv": b"cord_uid,abstract,pdf_json_files\nu1,One.,document_parses/pdf_json/a.json\nu2,Two.,\n",
    "document_parses/pdf_json/a.json": b'{"paper_id": "a", "body_text": [{"text": "Body."}]}',
    "document_parses/pdf_json/" + "long" * 40 + ".json": b'{"paper_id": "b", "body_text": []}',
}


def as_tar(files: dict[str, bytes], form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def as_zip(method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return out.getvalue()


PAX, GNU = as_tar(FILES, tarfile.PAX_FORMAT), as_tar(FILES, tarfile.GNU_FORMAT)
PARSES = {name: data for name, data in FILES.items() if name != "metadata.csv"}


def nested(inner: bytes) -> bytes:
    """As AI2 packs a release, around the tar of its parses."""
    files = {"metadata.csv": FILES["metadata.csv"], "document_parses.tar.gz": gzip.compress(inner, mtime=0)}
    return gzip.compress(as_tar(files, tarfile.USTAR_FORMAT), mtime=0)


def as_it_is(data: bytes) -> bytes:
    return data


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


# What is changed, and how the result is packed then: a change of what is gzipped would be found by its checksum.
ARCHIVES: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "pax": (PAX, as_it_is),
    "gnu": (GNU, as_it_is),
    "pax, then gzip": (PAX, gzipped),
    "gnu, then gzip": (GNU, gzipped),
    "gzip": (gzip.compress(PAX, mtime=0), as_it_is),
    "two gzips": (gzip.compress(PAX[:1024], mtime=0) + gzip.compress(PAX[1024:], mtime=0), as_it_is),
    "nested": (as_tar(PARSES, tarfile.PAX_FORMAT), nested),
    "stored zip": (as_zip(zipfile.ZIP_STORED), as_it_is),
    "deflated zip": (as_zip(zipfile.ZIP_DEFLATED), as_it_is),
    "bzip2 zip": (as_zip(zipfile.ZIP_BZIP2), as_it_is),
    "lzma zip": (as_zip(zipfile.ZIP_LZMA), as_it_is),
}


def mutated(data: bytes, r: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(r.choice((1, 1, 2, 8))):
        at = r.randrange(len(changed) + 1)
        match r.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([r.randrange(256)])
            case 1:
                del changed[at:]
            case 2:
                del changed[at : at + r.choice((1, 40, 512))]
            case 3:
                changed[at:at] = changed[at : at + r.choice((1, 40, 512))]
            case 4:
                changed[at : at + 8] = struct.pack("<Q", r.choice((0, 2**32 - 1, 2**63, 2**64 - 1)))
            case 5:
                changed[at : at + 12] = r.choice(
                    (b"77777777777\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"9 size=9\n\0\0\0")
                )
    return bytes(changed)


def with_sums(data: bytes) -> bytes:
    """The tar with the checksums that its headers should have, so that their other fields are believed."""
    changed = bytearray(data)
    for at in range(0, len(changed) - 511, 512):
        if changed[at + 257 : at + 262] == b"ustar":
            changed[at + 148 : at + 156] = b"%06o\0 " % (
                sum(changed[at : at + 148]) + 256 + sum(changed[at + 156 : at + 512])
            )
    return bytes(changed)


def refusal(data: bytes, directory: Path) -> CovidCtlError | None:
    """Reads all of a corpus."""
    try:
        read(data, directory)
    except CovidCtlError as error:
        return error
    return None


def read(data: bytes, directory: Path) -> None:
    path, scratch = directory / "release", directory / "scratch"
    path.write_bytes(data)
    scratch.mkdir(exist_ok=True)
    with Workspace(scratch) as bench:
        corpus, _ = open_corpus(locate(str(path)), bench)
        for _ in corpus.outcomes():
            pass
        corpus.counts()


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_mutated_archive_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    data, packed = ARCHIVES[kind]
    r = random.Random(kind)
    for number in range(ROUNDS):
        changed = mutated(data, r)
        if number % 2:
            changed = with_sums(changed)
        tracemalloc.start()
        problem = refusal(packed(changed), tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < PEAK
        if problem:
            assert problem.container_exit_code == 43, problem
            assert str(tmp_path / "release") in problem.thing


@pytest.mark.parametrize("kind", ["pax", "gnu", "gzip", "two gzips", "nested", "stored zip", "deflated zip"])
def test_unchanged_it_is_read(kind: str, tmp_path: Path) -> None:
    data, packed = ARCHIVES[kind]
    assert refusal(packed(data), tmp_path) is None

"""Tars as every tool writes them are read; those that break off, lie or ask for too much are told by the byte."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.files.tar import BLOCK, MAX_EXTENDED_HEADER, Entry, TarError, entries

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def packed(members: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def header(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


END = bytes(2 * BLOCK)


def broken(error: TarError) -> Exception:
    return error


def found(data: bytes) -> list[Entry]:
    """Every entry, skipped over."""
    return list(entries(io.BytesIO(data), broken))


def contents(data: bytes) -> list[tuple[str, bytes]]:
    return [(entry.name, entry.file.read()) for entry in entries(io.BytesIO(data), broken)]


NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=300).filter(
    lambda name: not name.endswith("/")
)


@settings(max_examples=60)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=1500)), max_size=5), st.sampled_from(["gnu", "pax"]))
def test_what_is_packed_is_read(members: list[tuple[str, bytes]], form: str) -> None:
    data = packed(members, FORMATS[form])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [(name, content) for name, content in contents(data)] == [
            (info.name, archive.extractfile(info).read())  # type: ignore[union-attr]
            for info in archive.getmembers()
        ]


@pytest.mark.parametrize("form", FORMATS)
def test_members_that_nobody_reads_are_passed(form: str) -> None:
    members = [("a" * 60 + "/" + "b" * 60, b"one" * 1000), ("c", b""), ("d", b"x" * 512)]
    assert [(entry.name, entry.size) for entry in found(packed(members, FORMATS[form]))] == [
        (name, len(data)) for name, data in members
    ]


def test_archives_joined_to_one_are_read_on() -> None:
    assert contents(packed([("a", b"1")]) + packed([("b", b"2")])) == [("a", b"1"), ("b", b"2")]


def test_a_global_header_holds_for_all_that_follows() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", pax_headers={"comment": "a commit"}) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    assert [entry.name for entry in found(out.getvalue())] == ["a"]


def test_a_sparse_file_is_no_ordinary_one_and_what_follows_is_read() -> None:
    sparse = bytearray(header("hole", tarfile.GNUTYPE_SPARSE, 512))
    sparse[482] = 1  # its map goes on in the next block
    sparse[148:156] = b"%06o\0 " % (sum(sparse[:148]) + 8 * 32 + sum(sparse[156:]))
    map_goes_on, map_ends = bytes(504) + b"\1" + bytes(7), bytes(BLOCK)
    data = bytes(sparse) + map_goes_on + map_ends + b"x" * BLOCK + packed([("a", b"1")])
    assert [(entry.name, entry.is_file) for entry in found(data)] == [("hole", False), ("a", True)]


ORDINARY = [("metadata.csv", b"cord_uid\n" * 90), ("a" * 120, b"{}"), ("c", b"x" * 1024)]


@pytest.mark.parametrize("form", ["gnu", "pax"])
@pytest.mark.parametrize("read", [found, contents])
def test_cut_short_anywhere_it_is_an_error(form: str, read: Callable[[bytes], list[object]]) -> None:
    data = packed(ORDINARY, FORMATS[form])
    whole = len(data.rstrip(b"\0"))
    end = whole + -whole % BLOCK
    for cut in range(0, end, 61):
        with pytest.raises(TarError) as raised:
            read(data[:cut])
        assert raised.value.position <= cut
    assert read(data[: end + 1])  # a part of the end says as much as all of it


LYING: dict[str, tuple[bytes, str]] = {
    "a member larger than the file": (header("a", b"0", 10**9) + bytes(BLOCK), "unexpected end"),
    "a member of negative size": (header("a", b"0", -512) + bytes(BLOCK), "negative"),
    "a pax size larger than the file": (
        header("p", b"x", 19) + padded(b"19 size=1000000000\n") + header("a", b"0", 1) + padded(b"1") + END,
        "unexpected end",
    ),
    "a pax size that is none": (
        header("p", b"x", 11) + padded(b"11 size=-5\n") + header("a", b"0", 1) + padded(b"1") + END,
        "damaged pax header",
    ),
    "a pax record longer than its header": (header("p", b"x", 9) + padded(b"99 path=a") + END, "damaged pax header"),
    "a pax record without a length": (header("p", b"x", 9) + padded(b"path=abcd") + END, "damaged pax header"),
    "a pax record without a value": (header("p", b"x", 7) + padded(b"7 path\n") + END, "damaged pax header"),
    "an extended header and nothing after it": (header("p", b"x", 9) + padded(b"9 path=a\n"), "unexpected end"),
    "a damaged header": (packed([("a", b"1")])[:1024] + b"x" * BLOCK + END, "invalid header|bad checksum"),
    "a header that was zeroed": (
        packed([("a", b"1")])[:1024] + bytes(BLOCK) + b"{}" * 256 + END,
        "invalid header|bad checksum",
    ),
    "nothing": (b"", "unexpected end"),
}


@pytest.mark.parametrize(("data", "reason"), LYING.values(), ids=LYING.keys())
@pytest.mark.parametrize("read", [found, contents])
def test_a_lie_is_an_error(data: bytes, reason: str, read: Callable[[bytes], object]) -> None:
    with pytest.raises(TarError, match=reason):
        read(data)


class Endless(io.RawIOBase):
    """``head``, and zeros for ever."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.given = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0
        data = self._head[:size].ljust(size, b"\0")
        self._head = self._head[size:]
        self.given += size
        return data


@pytest.mark.parametrize("kind", [b"x", b"X", b"g", b"L", b"K"])
def test_an_extended_header_asks_for_no_memory_beyond_its_limit(kind: bytes) -> None:
    endless = Endless(header("p", kind, 900 << 20))
    with pytest.raises(TarError, match="an extended header of 943,718,400 bytes, more than the 1,048,576"):
        list(entries(endless, broken))  # type: ignore[arg-type]
    assert endless.given <= MAX_EXTENDED_HEADER


def test_headers_of_which_each_is_allowed_take_the_memory_of_one() -> None:
    many = b"".join(header("p", b"g", 512) + padded(b"%d comment=%s\n" % (500, b"x" * 487)) for _ in range(4000))
    tracemalloc.start()
    try:
        with pytest.raises(TarError):
            found(many + header("a", b"0", 99))
        assert tracemalloc.get_traced_memory()[1] < len(many) + (4 << 20)
    finally:
        tracemalloc.stop()

"""The bucket API over a plain directory and over HTTP."""

import errno
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from obstore.exceptions import GenericError

from jobs.errors import ConfigurationError, DamagedError, MissingObjectError, StoreError
from jobs.records import Output
from jobs.store import ObjectInfo, Store
from jobs.store_errors import translated


@pytest.fixture
def store(bucket: str) -> Store:
    return Store(bucket)


def test_what_is_put_is_got_and_replaced(store: Store) -> None:
    store.put("a/b.txt", b"one")
    store.put("a/b.txt", b"two")
    assert store.get("a/b.txt") == b"two"
    assert store.size("a/b.txt") == 3


def test_an_opened_object_is_read_piece_by_piece_and_from_any_place(store: Store) -> None:
    data = bytes(range(256)) * 100_000
    store.put("a b.bin", data)
    with store.open("a b.bin") as file:
        assert b"".join(iter(lambda: file.read(1 << 22), b"")) == data
        file.seek(-3, os.SEEK_END)
        assert file.read() == data[-3:]
        file.seek(1)
        assert file.read(2) == data[1:3]
    with pytest.raises(MissingObjectError, match="bucket/nothing: there is no such object"):
        store.open("nothing")


def test_create_writes_once(store: Store) -> None:
    assert store.create("a", b"first")
    assert not store.create("a", b"second")
    assert store.get("a") == b"first"


def test_of_many_creators_one_writes(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda writer: store.create("a", b"%d" % writer), range(32)))
    assert sum(won) == 1
    assert store.get("a") == b"%d" % won.index(True)


@pytest.mark.parametrize("has_links", [True, False])
def test_adopting_a_file_writes_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:

        def refused(_path: Path, _target: Path) -> None:
            raise OSError(errno.EXDEV, "another disk")

        monkeypatch.setattr(Path, "hardlink_to", refused)
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"first" * 2_000_000)
    second.write_bytes(b"second")
    assert store.adopt("a/b", first)
    assert not store.adopt("a/b", second)
    first.unlink()
    assert store.get("a/b") == b"first" * 2_000_000
    assert [info.path for info in store.objects()] == ["a/b"]


def test_a_directory_takes_an_adopted_file_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    store = Store(str(tmp_path / "bucket"))
    assert store.adopt("a/b", source)
    assert (tmp_path / "bucket" / "a" / "b").samefile(source)
    assert store.get("a/b") == b"bytes"


def test_missing_objects_are_named(store: Store) -> None:
    assert store.find("nothing") is None
    assert not store.exists("nothing")
    with pytest.raises(MissingObjectError, match="bucket/nothing: there is no such object"):
        store.get("nothing")


def test_objects_and_folders_are_sorted_and_exclude_siblings(store: Store) -> None:
    for path in ("run-1/b", "run-1/a/c", "run-10/x"):
        store.put(path, b"12")
    assert store.objects("run-1") == [ObjectInfo("run-1/a/c", 2), ObjectInfo("run-1/b", 2)]
    assert store.folders() == ["run-1", "run-10"]
    assert store.objects("absent") == []
    assert store.folders("absent") == []


def test_files_go_up_and_come_down(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3_000_000))
    store.upload("big", source)
    store.download("big", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_large_files_go_up_in_parts(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(12_000_000))
    store.upload("big", source)
    store.upload("big", source)
    assert store.objects() == [ObjectInfo("big", 12_000_000)]
    assert store.get("big") == source.read_bytes()


def test_names_of_any_characters_come_back(store: Store) -> None:
    for path in ("a b/ü&<.txt", "a b/100%.txt", "c+d?.txt"):
        store.put(path, path.encode())
    assert [found.path for found in store.objects()] == ["a b/100%.txt", "a b/ü&<.txt", "c+d?.txt"]
    assert store.get("a b/ü&<.txt").decode() == "a b/ü&<.txt"


def test_deleting_twice_is_no_error(store: Store) -> None:
    store.put("a", b"")
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")


def test_reading_a_directory_that_is_not_there_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such directory"):
        Store(str(tmp_path / "absent"), create=False)
    assert not (tmp_path / "absent").exists()


def test_a_file_is_no_bucket(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="not a directory"):
        Store(str(tmp_path / "file"))
    inside = Store(str(tmp_path / "file" / "bucket"))
    with pytest.raises(StoreError, match="choose a directory"):
        inside.put("a", b"")


def test_a_directory_is_made_when_something_is_written(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "new" / "bucket"))
    assert (store.objects(), store.folders(), store.find("a")) == ([], [], None)
    assert not (tmp_path / "new").exists()
    store.put("a", b"1")
    assert store.get("a") == b"1"


def test_a_directory_that_another_process_makes_is_seen(tmp_path: Path) -> None:
    place = str(tmp_path / "later")
    reader = Store(place)
    assert reader.objects() == []
    Store(place).put("folder/a", b"1")
    assert reader.folders() == ["folder"]
    assert [found.path for found in reader.objects()] == ["folder/a"]
    assert (reader.get("folder/a"), reader.size("folder/a")) == (b"1", 1)
    reader.delete("folder/a")
    assert not Store(place).exists("folder/a")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "not JSON"),
        (b'{"path": "x", "size": -1, "crc32c": "00000000"}', "size: -1 is less than 0"),
        (b'{"path": "x", "crc32c": "0000000"}', "size: it is missing; crc32c: '0000000' is not of the form"),
    ],
)
def test_what_is_no_record_is_named_with_its_fields(store: Store, data: bytes, said: str) -> None:
    store.put("a", data)
    with pytest.raises(DamagedError, match=re.escape("bucket/a: ") + ".*" + re.escape(said)):
        store.find_record(Output, "a")


def test_unknown_schemes_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="name a bucket as gs://"):
        Store("ftp://somewhere/else")


def test_a_full_disk_leaves_no_half_object(tmp_path: Path) -> None:
    """A limit on file sizes stands in for a full disk: the write fails half-way all the same."""
    program = """
import resource, signal, sys
from jobs.errors import StoreError
from jobs.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store = Store(sys.argv[1])
for write in (store.put, store.create):
    try:
        write("shard", bytes(1_000_000))
    except StoreError as error:
        assert "shard" in str(error)
    else:
        raise SystemExit("written in spite of the limit")
    assert store.find("shard") is None and store.objects() == []
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("number", "words"), [(1, "Operation not permitted"), (95, "Operation not supported")])
def test_a_file_system_without_hard_links_is_named(number: int, words: str) -> None:
    refused = GenericError(f"Generic LocalFileSystem error: Unable to copy file: {words} (os error {number})")
    error = translated("/mnt/stick", "doctor/probe", refused, creating=True)
    assert "its file system has no hard links" in error.reason
    assert "hard links" not in translated("/mnt/stick", "a", refused).reason


def test_what_a_killed_writer_left_is_found_and_removed(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.put("a/b", b"whole")
    (tmp_path / "a" / "b#1").write_bytes(b"ha")
    assert [found.path for found in store.objects()] == ["a/b"]
    (left,) = store.temporary_files()
    assert (left.path, left.size) == ("a/b#1", 2)
    store.delete_temporary(left.path)
    assert store.temporary_files() == []
    with pytest.raises(ValueError, match="a/b"):
        store.delete_temporary("a/b")

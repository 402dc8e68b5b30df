"""Archives that are broken or mean harm: each ends in the quarantine list or in a clear error."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.corpus.cord19.corpus import Cord19
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.errors import ConfigurationError
from jobs.files import limits, zips
from jobs.files.packing import refuse_other_packing
from jobs.files.place import locate
from tests.jobs.corpus.packing import ai2_release, kaggle_zip, member, tar, tar_gz

METADATA = b"cord_uid,abstract,pdf_json_files\nu1,One.,document_parses/pdf_json/a.json\nu2,Two.,\n"
PARSE = b'{"paper_id": "a", "body_text": [{"text": "Body."}]}'
FILES = {"metadata.csv": METADATA, "document_parses/pdf_json/a.json": PARSE}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "scratch").mkdir()
    with Workspace(tmp_path / "scratch") as bench:
        yield bench


def opened(data: bytes, bench: Workspace) -> Cord19:
    path = bench.scratch.parent / "release"
    path.write_bytes(data)
    corpus, _ = open_corpus(locate(str(path)), bench)
    assert isinstance(corpus, Cord19)
    return corpus


def refused(corpus: Cord19) -> list[tuple[str, str]]:
    return [(entry.file, entry.reason) for entry in corpus.refused]


def bodies(corpus: Cord19) -> list[tuple[str, ...]]:
    return [tuple(p.text for p in outcome.document.body) for outcome in corpus.outcomes() if outcome.document]


REFUSED = {
    "up and away": (member("../../etc/cron.d/x.json", b"{}"), "../../etc/cron.d/x.json", "leads out"),
    "up from inside": (member("document_parses/../../x.json", b"{}"), "document_parses/../../x.json", "leads out"),
    "absolute": (member("/etc/passwd.json", b"{}"), "/etc/passwd.json", "leads out"),
    "of another system": (member("..\\x.json", b"{}"), "..\\x.json", "leads out"),
    "drive": (member("C:\\x.json", b"{}"), "C:\\x.json", "leads out"),
    "control character": (member("a\n.json", b"{}"), "a\\n.json", "characters that no name should have"),
    "symbolic link": (
        member("document_parses/b.json", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "document_parses/b.json",
        "it is a link (to /etc/passwd)",
    ),
    "hard link": (member("b.json", type=tarfile.LNKTYPE, linkname="../a"), "b.json", "it is a link (to ../a)"),
    "character device": (member("dev/zero", type=tarfile.CHRTYPE), "dev/zero", "it is a device or a pipe"),
    "block device": (member("dev/sda", type=tarfile.BLKTYPE), "dev/sda", "it is a device or a pipe"),
    "pipe": (member("pipe.json", type=tarfile.FIFOTYPE), "pipe.json", "it is a device or a pipe"),
}


@pytest.mark.parametrize(("bad", "name", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_harmful_member_is_refused_by_name_and_the_rest_is_read(
    bench: Workspace, bad: tuple[tarfile.TarInfo, bytes], name: str, reason: str
) -> None:
    members = [member(path, data) for path, data in FILES.items()]
    corpus = opened(gzip.compress(tar([members[0], bad, members[1]])), bench)
    assert bodies(corpus) == [("Body.",), ()]
    [(found, why)] = refused(corpus)
    assert found == name
    assert reason in why
    assert corpus.counts()["refused_members"] == 1
    assert sorted(p.name for p in bench.scratch.parent.iterdir()) == ["release", "scratch"]


def test_an_archive_of_refused_members_alone_says_why(bench: Workspace) -> None:
    absolute = tar(member(f"/home/me/{path}", data) for path, data in FILES.items())  # as tar -P packs
    with pytest.raises(ConfigurationError, match=r"2 members were refused, first /home/me/metadata\.csv: .* leads out"):
        opened(gzip.compress(absolute), bench)


def test_metadata_that_may_not_be_read_is_missed(bench: Workspace) -> None:
    """Else a release would be read as parses without titles, abstracts and licences."""
    link = member("metadata.csv", type=tarfile.SYMTYPE, linkname="../m.csv")
    parse = member("document_parses/pdf_json/a.json", PARSE)
    with pytest.raises(ConfigurationError, match=r"its metadata, metadata\.csv: .* it is a link"):
        opened(gzip.compress(tar([link, parse])), bench)


OTHER_PACKINGS = {
    "xz": lzma.compress(tar([member("metadata.csv", METADATA)])),
    "bzip2": bz2.compress(tar([member("metadata.csv", METADATA)])),
    "zstd": b"\x28\xb5\x2f\xfd" + bytes(100),
    "7-Zip": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    "RAR": b"Rar!\x1a\x07\x01\0" + bytes(100),
}


@pytest.mark.parametrize(("name", "data"), OTHER_PACKINGS.items(), ids=OTHER_PACKINGS.keys())
def test_another_packing_is_refused_by_name(bench: Workspace, name: str, data: bytes) -> None:
    with pytest.raises(ConfigurationError, match=f"it is packed with {name}, which is not read\\n  next: unpack it"):
        opened(data, bench)


def test_a_text_that_begins_like_a_packing_is_text() -> None:
    refuse_other_packing(b"BZh91 is a gene, LZIP another; 7zip, Rar! are words", "text")


def test_a_zip_of_too_many_members_is_refused_before_they_are_listed(
    bench: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "MAX_MEMBERS", 100)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(101):
            archive.writestr(f"{number}.json", b"{}")
    with pytest.raises(ConfigurationError, match=r"it lists more than the 100 members"):
        opened(out.getvalue(), bench)


def test_a_zip_whose_directory_is_too_large_is_refused_unread(
    bench: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "MAX_DIRECTORY", 100)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a" * 100, b"")
    with pytest.raises(ConfigurationError, match=r"it has \d+ bytes, more than the 100 that are read"):
        opened(out.getvalue(), bench)


def test_an_encrypted_zip_is_refused_by_name(bench: Workspace) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("metadata.csv", METADATA)
    data = bytearray(out.getvalue())
    for signature, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(signature) + flags] |= 1
    with pytest.raises(
        ConfigurationError, match=r"first metadata.csv: .* it is encrypted\n  next: unpack it with its password"
    ):
        opened(bytes(data), bench)


def test_a_plain_tar_cut_inside_a_member_is_an_error_with_archive_and_byte(bench: Workspace) -> None:
    data = tar([member("metadata.csv", METADATA), member("document_parses/pdf_json/a.json", PARSE * 999)])
    with pytest.raises(
        ConfigurationError, match=r"release.*cannot be read beyond byte 9,999 \(unexpected end of data\)"
    ):
        opened(data[:9999], bench)


def test_a_huge_gzip_header_is_refused(bench: Workspace) -> None:
    with pytest.raises(ConfigurationError):
        opened(b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 3_000_000, bench)


def test_names_that_are_not_utf8_are_refused_and_can_be_listed(bench: Workspace) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        for info, data in [member("caf\xe9.json", b"{}"), *(member(p, d) for p, d in FILES.items())]:
            archive.addfile(info, io.BytesIO(data))
    corpus = opened(out.getvalue(), bench)
    assert [entry.to_json_line() for entry in corpus.refused]
    assert bodies(corpus) == [("Body.",), ()]


def test_a_zips_links_and_escapes_are_refused(bench: Workspace) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("document_parses/pdf_json/link.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../up.json", b"{}")
        ordinary = zipfile.ZipInfo("document_parses/pdf_json/a.json")
        ordinary.external_attr = (stat.S_IFREG | 0o644) << 16
        archive.writestr(ordinary, PARSE)
        archive.writestr("metadata.csv", METADATA)
    corpus = opened(out.getvalue(), bench)
    assert [file for file, _ in refused(corpus)] == ["document_parses/pdf_json/link.json", "../up.json"]
    assert bodies(corpus) == [("Body.",), ()]


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_the_first_of_two_members_of_one_name_wins(bench: Workspace, form: str) -> None:
    name = "document_parses/pdf_json/a.json"
    second = PARSE.replace(b"Body.", b"Forged.")
    if form == "tar":
        data = tar([member(name, PARSE), member("metadata.csv", METADATA), member("./" + name, second)])
    else:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for path, content in [(name, PARSE), ("metadata.csv", METADATA), (name, second)]:
                archive.writestr(path, content)
        data = out.getvalue()
    corpus = opened(data, bench)
    assert bodies(corpus) == [("Body.",), ()]
    assert refused(corpus) == [(name, "a second member of this name: the first is read")]
    assert corpus.counts()["parse_files"]["found"] == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_gzip_is_an_error_with_archive_and_byte(bench: Workspace, sample: bytes, share: float) -> None:
    cut = int(len(sample) * share)
    with pytest.raises(ConfigurationError, match=rf"release.*: truncated: the file ends at byte {cut:,}, in"):
        opened(sample[:cut], bench)


def test_a_gzip_without_its_last_bytes_is_truncated_too(bench: Workspace) -> None:
    data = tar_gz(FILES)
    with pytest.raises(ConfigurationError, match=rf"truncated: the file ends at byte {len(data) - 4:,}"):
        opened(data[:-4], bench)


def test_a_truncated_nested_gzip_is_named(bench: Workspace) -> None:
    inner = tar_gz({"document_parses/pdf_json/a.json": PARSE})
    data = tar([member("x/document_parses.tar.gz", inner[:-20]), member("x/metadata.csv", METADATA)])
    with pytest.raises(ConfigurationError) as raised:
        opened(data, bench)
    assert raised.value.thing.endswith("/release: x/document_parses.tar.gz")
    assert f"truncated: the file ends at byte {len(inner) - 20:,}" in raised.value.reason


@pytest.mark.parametrize("cut", [600, 1024, 1500, 2048])
def test_a_truncated_plain_tar_is_an_error(bench: Workspace, cut: int) -> None:
    data = tar([member(path, content) for path, content in FILES.items()])
    with pytest.raises(ConfigurationError, match="truncated"):
        opened(data[:cut], bench)


def test_a_damaged_header_is_not_taken_for_the_end(bench: Workspace) -> None:
    data = bytearray(tar([member(path, content) for path, content in FILES.items()]))
    data[1024 + 5] ^= 0xFF
    with pytest.raises(ConfigurationError, match="truncated or damaged: its tar cannot be read beyond byte"):
        opened(bytes(data), bench)


def test_a_damaged_gzip_is_an_error(bench: Workspace, sample: bytes) -> None:
    damaged = bytearray(sample)
    damaged[len(damaged) // 2] ^= 0xFF
    with pytest.raises(ConfigurationError, match=r"damaged"):
        opened(bytes(damaged), bench)


def test_a_truncated_zip_is_an_error(bench: Workspace, sample_directory: Path) -> None:
    data = kaggle_zip(sample_directory)
    with pytest.raises(ConfigurationError, match="truncated or damaged: the directory at the end"):
        opened(data[: len(data) // 2], bench)


def test_a_damaged_member_of_a_zip_is_quarantined(bench: Workspace) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in FILES.items():
            archive.writestr(path, content)
    corpus = opened(out.getvalue().replace(b"Body.", b"Bodi."), bench)
    first, second = corpus.outcomes()
    assert first.document is None
    assert "cannot be unpacked (Bad CRC-32" in first.quarantine[0].reason
    assert second.document is not None


@pytest.fixture
def small_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EXPANSION_SLACK", 1 << 20)


@pytest.mark.usefixtures("small_slack")
def test_a_bomb_of_gzip_is_refused_before_it_has_unfolded(bench: Workspace) -> None:
    head = tarfile.TarInfo("document_parses/pdf_json/a.json")
    head.size = 10 << 30
    data = gzip.compress(head.tobuf() + bytes(20 << 20))
    with pytest.raises(ConfigurationError, match=rf"{len(data):,} bytes unpack to more than .*"):
        opened(data, bench)


@pytest.mark.usefixtures("small_slack")
def test_nested_bombs_share_one_limit(bench: Workspace) -> None:
    inner = gzip.compress(tar([member("x.bin", bytes(1 << 20))]))
    data = tar(member(f"{number}.tar.gz", inner) for number in range(600))
    with pytest.raises(ConfigurationError, match="as only a zip bomb would"):
        opened(data, bench)


@pytest.mark.usefixtures("small_slack")
def test_a_bomb_of_a_zip_is_refused_by_what_it_declares(bench: Workspace) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.csv", METADATA)
        for number in range(5):
            archive.writestr(f"document_parses/pdf_json/{number}.json", bytes(4 << 20))
    with pytest.raises(ConfigurationError, match="as only a zip bomb would"):
        opened(out.getvalue(), bench)


def huge_in_tar(parse: bytes) -> bytes:
    return tar_gz({**FILES, "document_parses/pdf_json/a.json": parse})


def huge_in_zip(parse: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("metadata.csv", METADATA)
        archive.writestr("document_parses/pdf_json/a.json", parse)
    return out.getvalue()


@pytest.mark.parametrize("pack", [huge_in_tar, huge_in_zip])
def test_a_parse_of_200_megabytes_is_quarantined_with_its_size(bench: Workspace, pack) -> None:  # type: ignore[no-untyped-def]
    parse = PARSE + bytes(200_000_000 - len(PARSE))
    corpus = opened(pack(parse), bench)
    outcome = next(corpus.outcomes())
    assert outcome.document is None
    [entry] = outcome.quarantine
    assert entry.reason == "200,000,000 bytes, more than the 33,554,432 that a parse may have"
    assert sum(p.stat().st_size for p in bench.scratch.iterdir()) < 1000


def test_a_tar_of_other_things_is_refused(bench: Workspace) -> None:
    with pytest.raises(ConfigurationError, match=r"neither metadata\.csv nor a JSON file"):
        opened(tar_gz({"photo.jpg": b"\xff\xd8"}), bench)


@pytest.fixture(scope="module")
def sample_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    (directory / "document_parses/pdf_json").mkdir(parents=True)
    (directory / "metadata.csv").write_bytes(METADATA)
    for number in range(200):
        text = " ".join(str(number**k) for k in range(200))
        path = directory / f"document_parses/pdf_json/{number}.json"
        path.write_text(f'{{"paper_id": "{number}", "body_text": [{{"text": "{text}"}}]}}')
    return directory


@pytest.fixture(scope="module")
def sample(sample_directory: Path) -> bytes:
    return ai2_release(sample_directory)


UNREAD = {
    "a tar beside the metadata": ({"metadata.csv": METADATA, "document_parses.tar.xz": b""}, "xz"),
    "a tar alone": ({"document_parses.tar.bz2": b""}, "bzip2"),
    "a tar by its short ending": ({"metadata.csv": METADATA, "parses.tzst": b""}, "zstd"),
    "one parse": (FILES | {"document_parses/pdf_json/b.json.xz": b""}, "xz"),
    "own files": ({"papers.jsonl.xz": b""}, "xz"),
    "own files beside others": ({"papers.jsonl": b'{"text": "One."}', "more.jsonl.zst": b""}, "zstd"),
    "text": ({"papers.txt.lz4": b""}, "lz4"),
    "another kind of archive": ({"metadata.csv": METADATA, "document_parses.7z": b""}, "7-Zip"),
}


@pytest.mark.parametrize(("files", "kind"), UNREAD.values(), ids=UNREAD)
def test_a_directory_with_files_packed_in_another_way_is_refused_by_name(
    files: dict[str, bytes], kind: str, bench: Workspace
) -> None:
    root = bench.scratch.parent / "corpus"
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    with pytest.raises(ConfigurationError) as raised:
        open_corpus(locate(str(root)), bench)
    assert f"is packed with {kind}, which is not read" in raised.value.reason


def test_what_lies_unpacked_beside_it_may_be_packed_in_any_way(bench: Workspace) -> None:
    root = bench.scratch.parent / "corpus"
    packed = {"document_parses.tar.xz": b"", "document_parses/pdf_json/a.json.zst": b"", "embeddings.tar.xz": b""}
    for path, data in {**FILES, **packed}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    corpus, _ = open_corpus(locate(str(root)), bench)
    assert isinstance(corpus, Cord19)
    assert bodies(corpus) == [("Body.",), ()]


def test_a_member_packed_in_another_way_is_noted(bench: Workspace) -> None:
    corpus = opened(tar_gz({**FILES, "more.tar.xz": b"", "notes.xz": b""}), bench)
    assert refused(corpus) == [("more.tar.xz", "it is packed with xz, which is not read")]

"""What ``ingest`` would refuse is refused before a step is submitted, in the same words, where a look tells."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.first_look import first_look
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.errors import ConfigurationError
from jobs.files.place import Place, locate

TEXT = "The bats were seen in the caves of the south. They were many.\n\nThe next were seen in spring.\n"
LINES = "".join(json.dumps({"id": str(number), "text": TEXT}) + "\n" for number in range(30)).encode()
PARSE = json.dumps({"paper_id": "a", "metadata": {}, "abstract": [], "body_text": [{"text": "Bats."}]}).encode()
METADATA = b"cord_uid,title,pdf_json_files\n1,T,pdf_json/a.json\n"


def written(root: Path, files: Mapping[str, bytes]) -> Path:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, encrypted: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    packed = bytearray(out.getvalue())
    for signature, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)) if encrypted else ():
        at = packed.find(signature)
        while at >= 0:
            packed[at + flags] |= 1
            at = packed.find(signature, at + 4)
    return bytes(packed)


def ingested(place: Place, scratch: Path) -> None:
    with Workspace(scratch) as workspace:
        list(open_corpus(place, workspace)[0].outcomes())


def refusal(root: Path, *, by_ingest: bool = False) -> str:
    place = locate(str(root))
    with pytest.raises(ConfigurationError) as caught:
        ingested(place, root.parent) if by_ingest else first_look(place)
    return str(caught.value)


REFUSED: Mapping[str, tuple[Mapping[str, bytes], str]] = {
    "UTF-16": ({"a.txt": TEXT.encode("utf-16"), "b.txt": TEXT.encode()}, "text in UTF-16"),
    "UTF-16 without mark": ({"a.txt": TEXT.encode("utf-16-le")}, "text in UTF-16"),
    "UTF-16, gzipped": ({"a.txt.gz": gzip.compress(TEXT.encode("utf-16"))}, "text in UTF-16"),
    "UTF-16, JSON lines": ({"a.jsonl": LINES.decode().encode("utf-16")}, "text in UTF-16"),
    "UTF-32": ({"a.txt": TEXT.encode("utf-32")}, "text in UTF-32"),
    "UTF-32 without mark": ({"a.txt": TEXT.encode("utf-32-be"), "b.txt": TEXT.encode()}, "text in UTF-32"),
    "UTF-32, the other end": ({"a.txt": TEXT.encode("utf-32-le")}, "text in UTF-32"),
    "PDF": ({"a.txt": b"%PDF-1.4\n%\xe2\xe3\n"}, "neither an archive nor text"),
    "Word": ({"a.txt": b"PK\x03\x04\x14" + bytes(9), "b.txt": TEXT.encode()}, "neither an archive nor text"),
    "bytes": ({"a.txt": bytes(range(256)) * 9}, "neither an archive nor text"),
    "HTML": ({"a.txt": b"<html><body>x</body></html>"}, "XML or HTML"),
    "JSON array": ({"a.jsonl": b'[{"text": "a"}, {"text": "b"}]'}, "a JSON array"),
    "JSON lines as text": ({"a.txt": LINES}, "JSON objects"),
    "xz": ({"a.txt": b"\xfd7zXZ\0aaaa"}, "packed with xz"),
    "columns": ({"metadata.csv": b"id,name\n1,x\n", "a.json": PARSE}, "neither column cord_uid nor sha"),
    "columns that name no file": (
        {"metadata.csv": b"cord_uid,title\n1,x\n", "a.json": PARSE},
        "1 parse files are lost",
    ),
    "metadata in UTF-16": ({"metadata.csv": METADATA.decode().encode("utf-16"), "a.json": PARSE}, "text in UTF-16"),
    "empty metadata": ({"metadata.csv": b"", "a.json": PARSE}, "it is empty"),
    "encrypted zip": (
        {"a.zip": zipped({"metadata.csv": METADATA, "a.json": PARSE}, encrypted=True)},
        "it is encrypted",
    ),
    "zip by LZMA": ({"a.zip": zipped({"a.json": PARSE}, zipfile.ZIP_LZMA)}, "packed by method 14"),
}


@pytest.mark.parametrize(("files", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_told_by_its_beginning_is_refused_alike(
    tmp_path: Path, files: Mapping[str, bytes], reason: str
) -> None:
    root = written(tmp_path / "corpus", files)
    assert reason in refusal(root)
    assert reason in refusal(root, by_ingest=True)


ZIPS: Mapping[str, tuple[bytes, str]] = {
    "encrypted": (
        zipped({"metadata.csv": METADATA, "a.json": PARSE}, encrypted=True),
        "next: unpack it with its password",
    ),
    "encrypted, bare": (zipped({"a.json": PARSE}, encrypted=True), "it is encrypted"),
    "LZMA": (zipped({"metadata.csv": METADATA, "a.json": PARSE}, zipfile.ZIP_LZMA), "packed by method 14"),
    "columns": (zipped({"metadata.csv": b"id\n1\n", "a.json": PARSE}), "neither column cord_uid nor sha"),
    "UTF-16": (zipped({"metadata.csv": METADATA.decode().encode("utf-16")}), "text in UTF-16"),
    "texts": (zipped({"a.txt": TEXT.encode()}), "neither metadata.csv nor a JSON file"),
}


@pytest.mark.parametrize(("data", "reason"), ZIPS.values(), ids=ZIPS.keys())
def test_a_zip_is_refused_by_its_directory(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "release.zip").write_bytes(data)
    assert reason in refusal(tmp_path / "release.zip")
    assert reason in refusal(tmp_path / "release.zip", by_ingest=True)


NONE_READ: Mapping[str, tuple[Mapping[str, bytes], str]] = {
    "other fields": (
        {"a.jsonl": b"".join(json.dumps({"n": n, "content": TEXT}).encode() + b"\n" for n in range(30))},
        "as in a.jsonl line 1: its text is in content",
    ),
    "parses in UTF-16": (
        {f"p/{n}.json": PARSE.decode().encode("utf-16") for n in range(30)},
        "none of the first 10 documents",
    ),
}


@pytest.mark.parametrize(("files", "reason"), NONE_READ.values(), ids=NONE_READ.keys())
def test_documents_that_all_fail_for_one_reason_are_refused(
    tmp_path: Path, files: Mapping[str, bytes], reason: str
) -> None:
    assert reason in refusal(written(tmp_path / "corpus", files))


READ: Mapping[str, Mapping[str, bytes]] = {
    "texts": {"a.txt": TEXT.encode(), "b.txt.gz": gzip.compress(b"\xef\xbb\xbf" + TEXT.encode()), "c.txt": b""},
    "lines": {"a.jsonl": LINES, "b.jsonl": b'{"body": "Bats."}\n'},
    "one bad line among good ones": {"a.jsonl": b'{"content": "Many bats were seen here."}\n' + LINES},
    "bare parses": {"p/a.json": PARSE, "p/b.json": b"{"},
    "a release": {"metadata.csv": METADATA, "pdf_json/a.json": PARSE, "settings.json": b"[]"},
    "a release in archives": {"metadata.csv": METADATA, "parses.zip": zipped({"pdf_json/a.json": PARSE})},
    "a zip": {"release.zip": zipped({"metadata.csv": METADATA, "pdf_json/a.json": PARSE})},
}


@pytest.mark.parametrize("files", READ.values(), ids=READ.keys())
def test_what_can_be_read_is_let_through(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    first_look(locate(str(written(tmp_path / "corpus", files))))

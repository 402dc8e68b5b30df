"""However a release's files lie, each full text is read or refused, and each file is in one class of the accounts."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cord19.corpus import Cord19, open_cord19
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.detect_format import form_of
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.errors import ConfigurationError
from jobs.files.place import locate
from tests.jobs.corpus.packing import member, tar, tar_gz

Files = dict[str, bytes]
PAPERS = 6


def parse(paper_id: str, text: str = "") -> bytes:
    return json.dumps({"paper_id": paper_id, "body_text": [{"text": text or f"Body of {paper_id}."}]}).encode()


def metadata(rows: Mapping[str, str]) -> bytes:
    """cord_uid -> its pdf_json_files."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("cord_uid", "abstract", "pdf_json_files"))
    writer.writerows((uid, "An abstract.", paths) for uid, paths in rows.items())
    return out.getvalue().encode()


def path_of(number: int) -> str:
    return f"document_parses/pdf_json/{number:040x}.json"


def parses(place: Callable[[str], str] = str, pack: Callable[[bytes], bytes] = bytes) -> Files:
    return {place(path_of(n)): pack(parse(f"{n:040x}")) for n in range(PAPERS)}


def as_is(change: Callable[[str], str] = str) -> bytes:
    return metadata({f"u{n}": change(path_of(n)) for n in range(PAPERS)})


def name_of(path: str) -> str:
    return path.rpartition("/")[2]


def zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def plain_tar(files: Files) -> bytes:
    return tar(member(name, data) for name, data in files.items())


LAYOUTS: dict[str, Files] = {
    "as released": {"metadata.csv": as_is(), **parses()},
    "beside metadata.csv": {"metadata.csv": as_is(), **parses(name_of)},
    "in a folder of another name": {"metadata.csv": as_is(), **parses(lambda path: f"papers/{name_of(path)}")},
    "in a folder beside that of metadata.csv": {"meta/metadata.csv": as_is(), **parses(lambda path: f"json/{path}")},
    "back-slash paths": {"metadata.csv": as_is(lambda path: str(PureWindowsPath(path))), **parses()},
    "paths on somebody's disk": {"metadata.csv": as_is("/home/me/cord/{}".format), **parses()},
    "paths on somebody's Windows": {"metadata.csv": as_is(lambda path: str(PureWindowsPath("C:/x", path))), **parses()},
    "document_parses.zip": {"metadata.csv": as_is(), "document_parses.zip": zipped(parses())},
    "document_parses.tar": {"metadata.csv": as_is(), "document_parses.tar": plain_tar(parses())},
    "document_parses.tgz": {"metadata.csv": as_is(), "document_parses.tgz": tar_gz(parses())},
    "gzipped one by one": {"metadata.csv": as_is(), **parses("{}.gz".format, gzip.compress)},
    "gzipped, and named so": {"metadata.csv": as_is("{}.gz".format), **parses("{}.gz".format, gzip.compress)},
    "gzipped, under their old names": {"metadata.csv": as_is(), **parses(pack=gzip.compress)},
    "ending in capitals": {"metadata.csv": as_is(), **parses(lambda path: path.replace(".json", ".JSON"))},
}
LISTS = {"semicolons": "; ", "bare semicolons": ";", "commas": ", ", "bare commas": ",", "bars": " | ", "lines": "\n"}


def write(files: Files, directory: Path) -> Path:
    for path, data in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    return directory


PACKINGS: dict[str, Callable[[Files, Path], object]] = {
    "directory": write,
    "tar.gz": lambda files, target: target.write_bytes(tar_gz(files)),
    "tar": lambda files, target: target.write_bytes(plain_tar(files)),
    "zip": lambda files, target: target.write_bytes(zipped(files)),
    "tar.gz in a directory": lambda files, target: write({"x/cord-19.tar.gz": tar_gz(files)}, target),
}


def opened(place: Path, workspace: Workspace) -> Cord19:
    located = locate(str(place))
    assert fingerprint(located)
    return open_cord19(located, form_of(located), workspace)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_full_text_is_found(layout: str, packing: str, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    PACKINGS[packing](LAYOUTS[layout], tmp_path / "release")
    with Workspace(tmp_path / "scratch") as workspace:
        corpus = opened(tmp_path / "release", workspace)
        bodies = {o.cord_uid: o.document and [p.text for p in o.document.body] for o in corpus.outcomes()}
        assert bodies == {f"u{n}": [f"Body of {n:040x}."] for n in range(PAPERS)}
        counts = corpus.counts()
        assert counts["parse_files"] == {
            **{"found": PAPERS, "chosen": PAPERS},
            **{"set_aside": 0, "quarantined": 0, "unreferenced": 0},
        }
        assert (counts["missing_files"], counts["refused_members"]) == (0, 0)


@pytest.mark.parametrize("separator", LISTS.values(), ids=LISTS)
def test_a_list_of_files_is_read_however_it_is_written(separator: str, tmp_path: Path) -> None:
    both = metadata({"u0": separator.join(map(path_of, (0, 1))), "u1": str([path_of(2), path_of(3)])})
    write({"metadata.csv": both, **parses()}, tmp_path / "release")
    with Workspace(tmp_path) as workspace:
        corpus = opened(tmp_path / "release", workspace)
        assert [len(o.set_aside) + bool(o.chosen) for o in corpus.outcomes()] == [2, 2]


def test_an_archive_that_lies_unpacked_beside_itself_is_not_read_again(tmp_path: Path) -> None:
    files = {"metadata.csv": as_is(), **parses(), "document_parses.tar.gz": tar_gz(parses())}
    write(files, tmp_path / "release")
    with Workspace(tmp_path) as workspace:
        corpus = opened(tmp_path / "release", workspace)
        assert sum(bool(o.chosen) for o in corpus.outcomes()) == PAPERS
        assert corpus.refused == ()


def test_an_archive_too_deep_in_others_is_refused_by_name(tmp_path: Path) -> None:
    inner = tar_gz({"document_parses.tar.gz": tar_gz(parses())})
    release = tmp_path / "release.tar.gz"
    release.write_bytes(tar_gz({"metadata.csv": as_is(), "a/parses.tar.gz": inner}))
    with Workspace(tmp_path) as workspace:
        [entry] = opened(release, workspace).refused
        assert entry.file == "a/document_parses.tar.gz"
        assert entry.reason == "an archive in 2 archives is not read: unpack the outer ones"


@pytest.mark.parametrize("packing", PACKINGS)
def test_metadata_that_is_packed_by_itself_is_refused_by_name(packing: str, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    PACKINGS[packing]({"metadata.csv.gz": gzip.compress(as_is()), **parses()}, tmp_path / "release")
    with (
        Workspace(tmp_path / "scratch") as workspace,
        pytest.raises(ConfigurationError, match=r"packed by itself \(.*metadata\.csv\.gz\)"),
    ):
        opened(tmp_path / "release", workspace)


def test_what_macos_leaves_beside_files_is_ignored_and_counted(tmp_path: Path) -> None:
    twins = {f"document_parses/pdf_json/._{name_of(path_of(n))}": b"\0\5\x16\7" for n in range(PAPERS)}
    finder = {f"__MACOSX/{path_of(n)}": b"\0\5\x16\7" for n in range(PAPERS)}
    for number, files in enumerate(({"metadata.csv": as_is(), **parses(), **twins, **finder}, {**parses(), **twins})):
        for name, pack in (("tar.gz", tar_gz), ("zip", zipped)):
            (tmp_path / f"{number}.{name}").write_bytes(pack(files))
        write(files, tmp_path / str(number))
        for place in (f"{number}", f"{number}.tar.gz", f"{number}.zip"):
            (scratch := tmp_path / f"scratch-{place}").mkdir()
            with Workspace(scratch) as workspace:
                corpus = opened(tmp_path / place, workspace)
                outcomes = list(corpus.outcomes())
                assert [o.quarantine for o in outcomes] == [()] * PAPERS
                assert corpus.counts()["parse_files"]["found"] == PAPERS
                assert corpus.counts()["ignored_files"] == len(files) - PAPERS - ("metadata.csv" in files)


GOOD, EMPTY, BROKEN, OTHERS = "good", "empty", "broken", "another paper's"
CONTENTS = {
    GOOD: lambda name: parse(name),
    EMPTY: lambda name: parse(name, " "),
    BROKEN: lambda name: parse(name)[:20],
    OTHERS: lambda name: parse(f"not {name}"),
}
FOLDERS = ["", "papers/", "document_parses/pdf_json/", "document_parses/pmc_json/", "../outside/", "a/b/c/"]
SPELLINGS: list[Callable[[str], str]] = [
    str,
    name_of,
    lambda path: path.replace("/", "\\"),
    lambda path: f"./{path}",
    lambda path: f"document_parses/pdf_json/{name_of(path)}",
    lambda path: path.removesuffix(".gz"),
    str.upper,
]


@st.composite
def releases(draw: st.DrawFn) -> tuple[Files, Files, Files, dict[str, set[str]]]:
    """Files that lie unpacked, those of a zip and of a tar beside them, and the good files each paper may mean."""
    unpacked: Files = {}
    in_zip: Files = {}
    in_tar: Files = {}
    rows: dict[str, str] = {}
    good: dict[str, set[str]] = {}
    paths: list[str] = []
    contents: dict[str, str] = {}
    for number in range(draw(st.integers(1, 8))):
        content = draw(st.sampled_from([GOOD, GOOD, EMPTY, BROKEN, OTHERS]))
        packed = draw(st.booleans())
        path = f"{draw(st.sampled_from(FOLDERS))}n{number}.json{'.gz' * packed}"
        data = CONTENTS[content](f"n{number}")
        where = draw(st.sampled_from([unpacked, unpacked, in_zip, in_tar]))
        where[path] = gzip.compress(data) if packed else data
        paths.append(path)
        contents[path] = content
    for number in range(draw(st.integers(1, 6))):
        named = draw(st.lists(st.sampled_from(paths), max_size=3))
        spelled = [draw(st.sampled_from(SPELLINGS))(path) for path in named]
        if draw(st.booleans()):
            spelled.append("document_parses/pdf_json/gone.json")
        rows[f"u{number}"] = draw(st.sampled_from(["; ", ","])).join(spelled)
        good[f"u{number}"] = {path for path in named if contents[path] == GOOD}
    unpacked["metadata.csv"] = metadata(rows)
    for number in range(draw(st.integers(0, 2))):
        unpacked[f"papers/._n{number}.json"] = b"\0"
        unpacked[f"papers/notes{number}.txt"] = b"Not a parse."
    return unpacked, in_zip, in_tar, good


@given(releases(), st.booleans())
def test_every_file_found_is_in_one_class_whatever_the_layout(
    release: tuple[Files, Files, Files, dict[str, set[str]]], as_tar: bool
) -> None:
    unpacked, in_zip, in_tar, good = release
    top = {f"top/release/{path}".replace("/release/../", "/"): data for path, data in unpacked.items()}
    for name, pack, files in (("extra.zip", zipped, in_zip), ("more.tar", plain_tar, in_tar)):
        if files:
            inside = {f"release/{path}".replace("release/../", ""): data for path, data in files.items()}
            top[f"top/{name}"] = pack(inside)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "place"
        if as_tar:
            place.write_bytes(tar_gz(top))
        else:
            write(top, place)
        (Path(directory) / "scratch").mkdir()
        with Workspace(Path(directory) / "scratch") as workspace:
            corpus = opened(place, workspace)
            outcomes = list(corpus.outcomes())
            counts = corpus.counts()
            files = counts["parse_files"]
            found = files.pop("found")
            jsons = [p for part in (unpacked, in_zip, in_tar) for p in part if ".json" in p and "._" not in p]
            assert found == sum(files.values()) == len(jsons)
            assert len(corpus.listings()["unreferenced_parses.txt"]) == files["unreferenced"]
            assert counts["other_texts"] == sum("notes" in path for path in unpacked)
            assert corpus.unused_files == files["unreferenced"] + counts["other_texts"]
            assert counts["ignored_files"] == sum("._" in path for path in unpacked)
            assert counts["refused_members"] == 0
            assert counts["rows"]["read"] == len(outcomes) == len(good)
            for outcome in outcomes:
                assert (outcome.document is not None) + bool(outcome.dropped) <= 1
                if good[outcome.cord_uid]:
                    assert outcome.document is not None
                    assert outcome.document.body
                    assert name_of(outcome.chosen) in {name_of(path) for path in good[outcome.cord_uid]}

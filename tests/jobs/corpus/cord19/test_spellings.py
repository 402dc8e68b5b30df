"""A full text is found however its name is spelled; what cannot be read, or belongs to another release, is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cord19.corpus import open_cord19
from jobs.corpus.cord19.file_index import FileIndex
from jobs.corpus.cord19.layouts import spelling
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.detect_format import form_of
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.errors import ConfigurationError
from jobs.files.place import locate
from tests.jobs.corpus.packing import tar_gz
from tests.patterns.growth import grows_too_fast

from .test_layouts import write

SHA = "00ab{}cdef"
PDF, PMC = f"document_parses/pdf_json/{SHA}.json", "document_parses/pmc_json/PMC70000{}.xml.json"
Row = dict[str, str]
BY_PATH: Row = {"pdf_json_files": PDF}
BY_PMC_PATH: Row = {"pmc_json_files": PMC}


def parse(name: str) -> bytes:
    return json.dumps({"paper_id": name, "body_text": [{"text": "The body."}]}).encode()


def metadata(row: Mapping[str, str], separator: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", delimiter=separator)
    writer.writerow(("cord_uid", "abstract", *row))
    writer.writerows((f"u{n}", "An abstract.", *(value.format(n) for value in row.values())) for n in range(4))
    return out.getvalue().encode()


FOUND: dict[str, tuple[Row, str, str]] = {
    "name in capitals": (BY_PATH, PDF.replace(SHA, SHA.upper()), SHA),
    "path in capitals": ({"pdf_json_files": PDF.replace(SHA, SHA.upper())}, PDF, SHA),
    "paper_id in capitals": (BY_PATH, PDF, SHA.upper()),
    "path of a URL": (
        {"pdf_json_files": "https://x.org/my%20files%2Fpdf_json%2F00ab{}cdef.json"},
        f"my files/{PDF}",
        SHA,
    ),
    "column in capitals": ({"PDF_JSON_FILES": PDF}, PDF, SHA),
    "sha in capitals": ({"sha": SHA.upper()}, PDF, SHA),
    "sha beside an empty path": ({"sha": SHA, "pdf_json_files": ""}, PDF, SHA),
    "PMC id with a version": (BY_PMC_PATH, PMC.replace(".xml", ".1.xml"), "PMC70000{}"),
    "PMC id with a version inside": (BY_PMC_PATH, PMC, "PMC70000{}.2"),
    "PMC id in small letters": (BY_PMC_PATH, PMC.lower(), "PMC70000{}"),
    "PMC id without its letters": ({"pmcid": "70000{}"}, PMC, "PMC70000{}"),
    "composed letters": ({"pdf_json_files": "caf\u00e9{}.json"}, "cafe\u0301{}.json", "caf\u00e9{}"),
    "a missing value beside it": (BY_PATH | {"pmc_json_files": "nan"}, PDF, SHA),
}


@pytest.mark.parametrize(("row", "path", "paper_id"), FOUND.values(), ids=FOUND)
def test_it_is_found(row: Row, path: str, paper_id: str, tmp_path: Path) -> None:
    files = {path.format(n): parse(paper_id.format(n)) for n in range(4)}
    write({"metadata.csv": metadata(row), **files}, tmp_path / "release")
    place = locate(str(tmp_path / "release"))
    with Workspace(tmp_path) as workspace:
        corpus = open_cord19(place, form_of(place), workspace)
        assert [o.document and len(o.document.body) for o in corpus.outcomes()] == [1] * 4
        assert corpus.counts()["parse_files"]["chosen"] == 4
        assert corpus.counts()["missing_files"] == 0


def test_a_file_of_the_very_name_is_preferred() -> None:
    index = FileIndex(["a/ABC.json", "b/abc.json", "c/PMC1.2.xml.json", "c/PMC1.xml.json"])
    assert index.find("ABC.json", "pdf_json") == "a/ABC.json"
    assert index.find("Abc.json", "pdf_json") == "b/abc.json"
    assert index.find("PMC1.2.xml.json", "pmc_json") == "c/PMC1.2.xml.json"
    assert index.find("PMC1.xml.json", "pmc_json") == "c/PMC1.xml.json"
    assert spelling("PMC12.x") != spelling("PMC12")


def test_many_files_of_one_name_are_told_apart_by_their_folders_in_linear_time() -> None:
    def papers(count: int) -> list[str]:
        return [f"papers/{number % 2}/{number}/paper.json" for number in range(count)]

    def find(count: int) -> list[str | None]:
        index = FileIndex(dict.fromkeys(papers(count), 0))
        return [index.find(f"C:/mine/{number}/paper.json", "pdf_json") for number in range(count)]

    assert find(500) == papers(500)
    assert not grows_too_fast(find, 1000, 8000, 0.02, 24)


@given(
    st.lists(st.sampled_from(["a/1", "b/1", "pdf_json/1", "pmc_json/1", "a/2", "pmc_json", "c"]), min_size=20),
    st.sampled_from(["z/1", "1", "a/2", "9", "pmc_json", "y/pdf_json/1", "c"]),
)
def test_which_of_many_is_taken_is_as_of_a_few(folders: list[str], wanted: str) -> None:
    paths = sorted({f"{number}/{folder}/x.json" for number, folder in enumerate(folders)})
    found = FileIndex(paths).find(f"{wanted}/x.json", "pdf_json")
    assert found
    pairs = [FileIndex({path, found}).find(f"{wanted}/x.json", "pdf_json") for path in paths]
    assert set(pairs) == {found}


FILES = {PDF.format(n): parse(SHA.format(n)) for n in range(4)}
ROWS = metadata(BY_PATH)
RELEASE = {"metadata.csv": ROWS, **FILES}
DATES = ("2020-05-01", "2020-06-01")
REFUSED: dict[str, tuple[dict[str, bytes], str]] = {
    "two releases": (
        {f"{date}/{path}": data for date in DATES for path, data in RELEASE.items()},
        "several releases: 2020-05-01/metadata.csv and 2020-06-01/metadata.csv",
    ),
    "two archives": (
        {f"{date}.tar.gz": tar_gz({f"{date}/{path}": data for path, data in RELEASE.items()}) for date in DATES},
        "several releases: 2020-05-01/metadata.csv and 2020-06-01/metadata.csv",
    ),
    "metadata in two bytes a character": (
        {"metadata.csv": ROWS.decode().encode("utf-16"), **FILES},
        "it is text in UTF-16",
    ),
    "metadata under any name": ({"cord19.csv": ROWS, **FILES}, r"metadata seems to be cord19\.csv"),
    "metadata of a spreadsheet": ({"papers/all.xlsx": b"PK", **FILES}, r"metadata seems to be papers/all\.xlsx"),
    "metadata in JSON": ({"metadata.json": b"[]", **FILES}, r"metadata seems to be metadata\.json"),
    "a column twice": ({"metadata.csv": ROWS.replace(b"abstract", b"PDF_json_files"), **FILES}, "several columns pdf"),
}


@pytest.mark.parametrize("pack", [write, lambda files, path: path.write_bytes(tar_gz(files))], ids=["directory", "tar"])
@pytest.mark.parametrize(("files", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_one_release_is_refused(
    files: dict[str, bytes], said: str, pack: Callable[[dict[str, bytes], Path], object], tmp_path: Path
) -> None:
    (tmp_path / "scratch").mkdir()
    pack(files, tmp_path / "release")
    place = locate(str(tmp_path / "release"))
    with Workspace(tmp_path / "scratch") as workspace, pytest.raises(ConfigurationError, match=said):
        open_cord19(place, form_of(place), workspace)


@pytest.mark.parametrize("separator", list(",\t;|"), ids=["commas", "tabs", "semicolons", "bars"])
@pytest.mark.parametrize("name", ["Metadata.csv", "METADATA.CSV", "metadata_2020-07-16.csv", "metadata.tsv"])
def test_metadata_under_another_name_is_read_whatever_separates_its_fields(
    name: str, separator: str, tmp_path: Path
) -> None:
    write({name: metadata(BY_PATH, separator), "cord_19_embeddings.csv": b"0.1,0.2", **FILES}, tmp_path / "release")
    place = locate(str(tmp_path / "release"))
    with Workspace(tmp_path) as workspace:
        corpus = open_cord19(place, form_of(place), workspace)
        assert [o.cord_uid for o in corpus.outcomes()] == ["u0", "u1", "u2", "u3"]


@pytest.mark.parametrize("pack", [write, lambda files, path: path.write_bytes(tar_gz(files))], ids=["directory", "tar"])
def test_of_several_tables_it_tells_which_is_read(
    pack: Callable[[dict[str, bytes], Path], object], tmp_path: Path
) -> None:
    (tmp_path / "scratch").mkdir()
    other = ROWS.replace(b"u0", b"other")
    pack({"metadata_2020-05-01.csv": other, "old/metadata.csv": other, "metadata.csv": ROWS, **FILES}, tmp_path / "one")
    place = locate(str(tmp_path / "one"))
    with Workspace(tmp_path / "scratch") as workspace:
        corpus = open_cord19(place, form_of(place), workspace)
        assert [o.cord_uid for o in corpus.outcomes()] == ["u0", "u1", "u2", "u3"]
        assert corpus.tables() == {
            "metadata": "metadata.csv",
            "metadata_not_read": ["metadata_2020-05-01.csv", "old/metadata.csv"],
        }


def test_texts_in_a_form_that_is_not_read_are_counted_and_part_of_the_fingerprint(tmp_path: Path) -> None:
    path = write({"metadata.csv": metadata({"license": "cc0"})}, tmp_path / "release")
    before = fingerprint(locate(str(path)))
    write({"xml/1.xml": b"<article/>", "papers.jsonl.gz": b"", "txt/u1.txt": b"A text."}, path)
    write({"json_schema.txt": b"# What a parse has", "README.txt": b"", "docs/LICENSE.txt": b""}, path)
    place = locate(str(path))
    assert fingerprint(place) != before
    with Workspace(tmp_path) as workspace:
        corpus = open_cord19(place, form_of(place), workspace)
        assert list(corpus.outcomes())
        assert corpus.unused_files == corpus.counts()["other_texts"] == 3

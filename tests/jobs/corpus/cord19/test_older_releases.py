"""Releases from March to May 2020: other folders, other columns, no cord_uid."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from jobs.corpus.cord19.corpus import Cord19, open_cord19
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.detect_format import form_of
from jobs.files.place import locate
from tests.jobs.corpus.packing import member, tar, tar_gz

FIRST_COLUMNS = [
    "sha",
    "source_x",
    "title",
    "doi",
    "pmcid",
    "pubmed_id",
    "license",
    "abstract",
    "publish_time",
    "authors",
    "journal",
    "Microsoft Academic Paper ID",
    "WHO #Covidence",
    "has_full_text",
]
APRIL_COLUMNS = [
    "cord_uid",
    "sha",
    "source_x",
    "title",
    "doi",
    "pmcid",
    "pubmed_id",
    "license",
    "abstract",
    "publish_time",
    "authors",
    "journal",
    "Microsoft Academic Paper ID",
    "WHO #Covidence",
    "has_pdf_parse",
    "has_pmc_xml_parse",
    "full_text_file",
    "url",
]
Open = Callable[[Mapping[str, bytes]], Cord19]


def table(columns: Sequence[str], *rows: Mapping[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def parse(paper_id: str, text: str) -> bytes:
    return json.dumps({"paper_id": paper_id, "body_text": [{"text": text}]}).encode()


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def open_it(files: Mapping[str, bytes]) -> Cord19:
        for path, data in files.items():
            target = tmp_path / "release" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        (tmp_path / "scratch").mkdir()
        place = locate(str(tmp_path / "release"))
        return open_cord19(place, form_of(place), Workspace(tmp_path / "scratch"))

    return open_it


def texts(corpus: Cord19) -> dict[str, tuple[str, ...]]:
    return {o.cord_uid: (o.document.parse, *(p.text for p in o.document.body)) for o in corpus.outcomes() if o.document}


def test_the_first_release_has_no_cord_uid_and_joins_by_sha(opened: Open) -> None:
    rows = (
        {"sha": "aa; bb", "title": "Two PDFs", "doi": "10.1/x", "has_full_text": "True"},
        {"title": "By DOI", "doi": "10.1/Y", "abstract": "A.", "has_full_text": "False"},
        {"title": "By PMC", "pmcid": "PMC7", "abstract": "A."},
        {"title": "By PubMed", "pubmed_id": "77", "abstract": "A."},
        {"title": " By  TITLE", "abstract": "A."},
        {"title": "by title", "abstract": "A second row of it."},
        {"abstract": "Of nothing."},
        {"sha": "gone", "title": "Lost", "has_full_text": "True"},
    )
    corpus = opened(
        {
            "2020-03-13/all_sources_metadata_2020-03-13.csv": table(FIRST_COLUMNS, *rows),
            "2020-03-13/comm_use_subset/comm_use_subset/aa.json": parse("aa", "First."),
            "2020-03-13/comm_use_subset/comm_use_subset/bb.json": parse("bb", "The second is longer."),
            "2020-03-13/biorxiv_medrxiv/biorxiv_medrxiv/stray.json": parse("stray", "Of no row."),
        }
    )
    assert corpus.total == 6
    assert texts(corpus) == {
        "aa": ("pdf_json", "The second is longer."),
        "10.1/Y": ("",),
        "PMC7": ("",),
        "77": ("",),
        f"title-{hashlib.blake2b(b'by title', digest_size=8).hexdigest()}": ("",),
    }
    assert [e.reason for e in corpus.broken] == [
        "nothing to make a cord_uid of: no sha, doi, pmcid, pubmed_id or title"
    ]
    counts = corpus.counts()
    assert counts["rows"] == {"read": 8, "merged": 1, "quarantined": 1}
    assert counts["parse_files"] == {"found": 3, "chosen": 1, "set_aside": 1, "quarantined": 0, "unreferenced": 1}
    assert counts["missing_files"] == 1
    assert corpus.listings()["unreferenced_parses.txt"] == ["biorxiv_medrxiv/biorxiv_medrxiv/stray.json"]


def test_april_has_cord_uids_and_says_which_parses_there_are(opened: Open) -> None:
    rows = (
        {"cord_uid": "u1", "sha": "aa", "pmcid": "PMC1", "has_pdf_parse": "True", "has_pmc_xml_parse": "True"},
        {"cord_uid": "u2", "sha": "cc", "has_pdf_parse": "True", "full_text_file": "custom_license", "abstract": "A."},
        {"cord_uid": "u3", "sha": "dd", "pmcid": "PMC3", "has_pdf_parse": "False", "abstract": "A."},
    )
    corpus = opened(
        {
            "metadata.csv": table(APRIL_COLUMNS, *rows),
            "noncomm_use_subset/pdf_json/aa.json": parse("aa", "PDF."),
            "noncomm_use_subset/pmc_json/PMC1.xml.json": parse("PMC1", "XML."),
        }
    )
    first, second, third = corpus.outcomes()
    assert first.document is not None
    assert (first.document.parse, first.document.body) == ("pmc_json", plain(["XML."]))
    assert first.set_aside == ("noncomm_use_subset/pdf_json/aa.json",)
    assert [entry.file for entry in second.quarantine] == ["custom_license/pdf_json/cc.json"]
    assert second.document is not None
    assert third.quarantine == ()


def test_its_archives_are_read_as_they_are(tmp_path: Path) -> None:
    metadata = table(FIRST_COLUMNS, {"sha": "aa", "title": "T"}, {"sha": "bb", "title": "U"})
    inner = {
        "comm_use_subset": {"comm_use_subset/aa.json": parse("aa", "A.")},
        "biorxiv_medrxiv": {"biorxiv_medrxiv/bb.json": parse("bb", "B.")},
    }
    members = [member(f"2020-03-20/{name}.tar.gz", tar_gz(files)) for name, files in inner.items()]
    release = tmp_path / "cord-19_2020-03-20.tar"
    release.write_bytes(tar([*members, member("2020-03-20/metadata.csv", metadata)]))
    place = locate(str(release))
    with Workspace(tmp_path) as bench:
        assert texts(open_cord19(place, form_of(place), bench)) == {"aa": ("pdf_json", "A."), "bb": ("pdf_json", "B.")}


def test_bare_parses_of_one_name_in_several_folders_are_several_papers(opened: Open) -> None:
    corpus = opened(
        {
            "2019/1.json": parse("1", "Text of 2019."),
            "2020/pdf_json/1.json": parse("1", "Text of 2020."),
            "2020/pmc_json/1.xml.json": parse("1", "Text of 2020, typeset."),
            "2020/2.json": parse("2", "Text of two."),
        }
    )
    assert texts(corpus) == {
        "2019/1": ("pdf_json", "Text of 2019."),
        "2020/1": ("pmc_json", "Text of 2020, typeset."),
        "2": ("pdf_json", "Text of two."),
    }
    counts = corpus.counts()["parse_files"]
    assert counts == {"found": 4, "chosen": 3, "set_aside": 1, "quarantined": 0, "unreferenced": 0}


@pytest.mark.parametrize("name", ["c" * 40, "PMC77"])
def test_a_sha1_or_a_pmc_id_is_one_paper_in_whatever_folders(opened: Open, name: str) -> None:
    paths = (f"a/{name}.json", f"b/{name}.xml.json", f"a/a/{name}.json")
    corpus = opened({path: parse(name, "Text." * (1 + len(path))) for path in paths})
    assert list(texts(corpus)) == [name]
    assert corpus.counts()["parse_files"]["set_aside"] == 2


def test_bare_parses_are_one_paper_a_name(opened: Open) -> None:
    corpus = opened(
        {
            "x/pdf_json/aa.json": parse("aa", "Text of aa."),
            "x/pmc_json/PMC1.xml.json": parse("PMC1", "Text of PMC1."),
            "bb.json": parse("bb", "Text of bb."),
            "README.md": b"Not a parse.",
        }
    )
    assert texts(corpus) == {
        "bb": ("pdf_json", "Text of bb."),
        "aa": ("pdf_json", "Text of aa."),
        "PMC1": ("pmc_json", "Text of PMC1."),
    }
    assert corpus.counts()["parse_files"]["unreferenced"] == 0

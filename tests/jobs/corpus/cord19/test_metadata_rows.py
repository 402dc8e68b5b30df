"""metadata.csv: good rows are merged by cord_uid, broken ones are quarantined with their line, none is lost."""

from __future__ import annotations

import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cord19 import csv_records as records
from jobs.corpus.cord19.corpus import Cord19
from jobs.corpus.cord19.metadata import Paper, merge, survey
from jobs.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.jobs.corpus.conftest import Corpus

Open = Callable[[bytes], Cord19]


def broken(opened: Cord19) -> list[tuple[str, str]]:
    return [(entry.position, entry.reason) for entry in opened.metadata.quarantined]


def uids(opened: Cord19) -> list[str]:
    return [paper.cord_uid for paper in opened.metadata.papers()]


def test_rows_of_one_paper_are_merged_at_the_first(corpus: Corpus) -> None:
    corpus.row("u1", title="First", pdf_json_files="a.json; b.json", license="")
    corpus.row("u2", title="Other")
    corpus.row("u1", title="Second", abstract="An abstract.", license="cc-by", pdf_json_files="b.json; c.json")
    corpus.row("u1", abstract="Late.", pmc_json_files="d.json", publish_time="2020")
    metadata = corpus.open().metadata
    first, second = metadata.papers()
    assert (first.cord_uid, first.title, first.abstract, first.license, first.publish_time) == (
        "u1",
        "First",
        "An abstract.",
        "cc-by",
        "2020",
    )
    assert first.pdf_json == ("a.json", "b.json", "c.json")
    assert first.pmc_json == ("d.json",)
    assert second.cord_uid == "u2"
    assert (metadata.rows, metadata.merged, metadata.distinct) == (4, 2, 2)


FIELDS = ("cord_uid", "source_x", "title", "abstract", "license", "pdf_json_files")
CELLS = st.sampled_from(["", "a", "b; c", "c"])
ROWS = st.lists(st.tuples(st.sampled_from("uvw"), CELLS, CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=12)


@given(ROWS)
def test_what_is_kept_of_rows_is_what_merging_all_of_them_makes(rows: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "metadata.csv"
        table.write_text("".join(",".join(row) + "\n" for row in (FIELDS, *rows)))
        found = list(survey(table, "metadata.csv").papers())
    by_uid: dict[str, list[Paper]] = {}
    for uid, source, title, abstract, license_, files in rows:
        paths = tuple(filter(None, files.split("; ")))
        paper = Paper(uid, title=title, abstract=abstract, license=license_, source=source, pdf_json=paths)
        by_uid.setdefault(uid, []).append(paper)
    assert found == [merge(papers) if len(papers) > 1 else papers[0] for papers in by_uid.values()]


def test_a_table_that_is_joined_to_a_copy_of_itself_takes_no_memory_for_its_texts(tmp_path: Path) -> None:
    rows = "".join(f"u{number},{'x' * 400_000}\n" for number in range(50))
    (tmp_path / "metadata.csv").write_text(f"cord_uid,abstract\n{rows}{rows}")
    metadata = survey(tmp_path / "metadata.csv", "metadata.csv")
    tracemalloc.start()
    try:
        assert sum(len(paper.abstract) for paper in metadata.papers()) == 20_000_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_quoted_line_breaks_commas_and_quotes_are_text(raw_metadata: Open) -> None:
    opened = raw_metadata(b'cord_uid,title,abstract\nu1,"A, ""B""","one\ntwo"\nu2,t,a\n')
    assert [(p.cord_uid, p.title, p.abstract) for p in opened.metadata.papers()] == [
        ("u1", 'A, "B"', "one\ntwo"),
        ("u2", "t", "a"),
    ]
    assert opened.metadata.rows == 2


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfcord_uid,title\nu1,t\n", b"cord_uid,title\r\nu1,t\r\n\r\n"])
def test_byte_order_mark_and_line_ends_of_other_systems_do_not_matter(raw_metadata: Open, data: bytes) -> None:
    metadata = raw_metadata(data).metadata
    assert [(p.cord_uid, p.title) for p in metadata.papers()] == [("u1", "t")]
    assert metadata.rows == 1


def test_a_row_with_another_number_of_fields_is_quarantined(raw_metadata: Open) -> None:
    opened = raw_metadata(b"cord_uid,title\nu1,t\nu2\nu3,t,more\nu4,t\n")
    assert broken(opened) == [
        ("line 3", "1 fields where the header has 2"),
        ("line 4", "3 fields where the header has 2"),
    ]
    assert uids(opened) == ["u1", "u4"]
    assert opened.metadata.rows == 4


def test_a_row_without_cord_uid_is_quarantined(raw_metadata: Open) -> None:
    assert broken(raw_metadata(b"cord_uid,title\n ,t\nu1,t\n")) == [("line 2", "no cord_uid")]


def test_a_cord_uid_of_two_lines_is_quarantined(raw_metadata: Open) -> None:
    opened = raw_metadata(b'cord_uid,title\n"u\n1",t\nu2,t\n')
    assert broken(opened) == [("line 2", "a control character in its cord_uid")]


def test_a_row_that_is_not_utf8_is_quarantined(raw_metadata: Open) -> None:
    opened = raw_metadata(b"cord_uid,title\nu1,caf\xe9\nu2,t\n")
    assert broken(opened) == [("line 2", "not UTF-8 (line 2, byte 6)")]
    assert uids(opened) == ["u2"]


def test_a_stray_quote_costs_its_own_row_only(raw_metadata: Open) -> None:
    opened = raw_metadata(b'cord_uid,title\nu1,"t"x\nu2,t\n')
    [(position, reason)] = broken(opened)
    assert position == "line 2"
    assert reason.startswith("broken quoting")
    assert uids(opened) == ["u2"]


def test_an_open_quote_does_not_swallow_the_rows_up_to_the_next_quote(raw_metadata: Open) -> None:
    opened = raw_metadata(b'cord_uid,title\nu1,"open\nu2,t\nu3,t\nu4,"closed"\nu5,t\n')
    assert [position for position, _ in broken(opened)] == ["line 2"]
    assert uids(opened) == ["u2", "u3", "u4", "u5"]
    assert opened.metadata.rows == 5


def test_a_quote_that_is_never_closed_is_fatal_and_located(raw_metadata: Open) -> None:
    with pytest.raises(ConfigurationError, match=r"metadata\.csv, line 3: a quote .* never closed"):
        raw_metadata(b'cord_uid,title\nu1,t\nu2,"open\nu3,t\nu4,t\n')


def test_an_open_quote_over_an_endless_file_stays_within_memory(
    raw_metadata: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_FIELD_CHARACTERS", 1000)
    with pytest.raises(ConfigurationError, match=r"line 2: a quote .* never closed"):
        raw_metadata(b'cord_uid,title\nu1,"open\n' + b"u,t\n" * 1000 + b'u,"closed"\n')


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"who,title\nx,t\n", "neither column cord_uid nor sha; its columns are who, title"),
        (b"cord_uid,\xe9\nx,t\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_metadata_is_refused(raw_metadata: Open, data: bytes, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=r"metadata\.csv") as raised:
        raw_metadata(data)
    assert reason in str(raised.value)


def test_metadata_that_cannot_name_parses_is_refused_where_there_are_some(corpus: Corpus, raw_metadata: Open) -> None:
    assert raw_metadata(b"cord_uid,title\nu1,t\n").metadata.rows == 1
    corpus.parse("pdf_json/a.json", "Text.")
    with pytest.raises(ConfigurationError, match="no column pdf_json_files"):
        raw_metadata(b"cord_uid,title\nu1,t\n")


def test_a_field_of_ten_megabytes_is_read(corpus: Corpus) -> None:
    corpus.row("u1", abstract="word " * 2_000_000)
    [paper] = corpus.open().metadata.papers()
    assert len(paper.abstract) == 9_999_999


_BROKEN = st.sampled_from([b'x,"open', b"x", b"x,y,z", b"\xff,a", b'x,"a"b', b",t", b""])


@given(st.lists(st.one_of(st.just(b"good"), _BROKEN), max_size=30))
def test_no_good_row_is_lost_among_broken_ones(lines: list[bytes]) -> None:
    rows = [b"u%d,t" % number if line == b"good" else line for number, line in enumerate(lines)]
    try:
        found = list(records.read_records([line + b"\n" for line in [b"cord_uid,title", *rows]], "metadata.csv"))
    except ConfigurationError as error:
        assert "never closed" in error.reason  # noqa: PT017 - either outcome is right
        return
    good = [record.fields[0] for record in found if not record.problem and record.fields[0]]
    assert good == ["cord_uid", *(row.split(b",")[0].decode() for row in rows if row.startswith(b"u"))]
    assert len(found) == 1 + sum(bool(row) for row in rows)

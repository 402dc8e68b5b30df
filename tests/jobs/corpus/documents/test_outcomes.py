"""Every paper ends kept, dropped or quarantined, and every bad file is listed."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from jobs.corpus.cord19.corpus import open_cord19
from jobs.corpus.documents.encoding import decoded, encoded
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.documents.quarantine import Quarantined
from jobs.corpus.documents.workspace import Workspace
from jobs.errors import ConfigurationError
from jobs.files.place import locate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jobs.corpus.conftest import Corpus

PDF, PMC = "pdf_json_files", "pmc_json_files"

MALFORMED = {
    "truncated": (b'{"body_text": [{"text": "abc', "not JSON", "byte "),
    "empty": (b"", "not JSON (the file is empty)", "byte 0"),
    "not UTF-8": (b'{"body_text": "\xe9"}', "not UTF-8", "byte 15"),
    "position counts bytes": ('{"ä":x}'.encode(), "not JSON", "byte 6"),
    "lone surrogate": (b'{"body_text": [{"text": "\\ud800"}]}', "not JSON", "byte "),
    "not an object": (b"[1, 2]", "not a JSON object", ""),
    "no body_text": (b'{"paper_id": "x"}', "no body_text", ""),
    "body_text of another type": (b'{"body_text": "text"}', "body_text is not a list", ""),
    "paragraph of another type": (b'{"body_text": [{"text": "a"}, "b"]}', "body_text[1] has no text", ""),
    "paragraph without text": (b'{"body_text": [{"section": "a"}]}', "body_text[0] has no text", ""),
    "text of another type": (b'{"body_text": [{"text": 5}]}', "body_text[0] has no text", ""),
    "abstract of another type": (b'{"abstract": {}, "body_text": []}', "abstract is not a list", ""),
    "NaN, and a number that Python does not read": (
        b'{"body_text": [], "x": NaN, "n": %s}' % (b"1" * 5000),
        "not JSON",
        "byte ",
    ),
    "nested without end": (b"[" * 100_000, "not JSON", "byte "),
}


@pytest.mark.parametrize(("data", "reason", "position"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_parse_quarantines_its_paper(corpus: Corpus, data: bytes, reason: str, position: str) -> None:
    path = corpus.file("pdf_json/bad.json", data)
    outcome = corpus.row("u1", abstract="An abstract.", pdf_json_files=path).outcome()
    [entry] = outcome.quarantine
    assert outcome.document is None
    assert not outcome.dropped
    assert (entry.file, entry.cord_uid, entry.kept_from) == (path, "u1", "")
    assert entry.reason.startswith(reason)
    assert entry.position.startswith(position)
    assert bool(entry.position) == bool(position)


@pytest.mark.parametrize(("data", "reason", "position"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_good_parse_saves_the_paper_and_the_bad_one_is_listed(
    corpus: Corpus, data: bytes, reason: str, position: str
) -> None:
    bad = corpus.file("pmc_json/bad.json", data)
    good = corpus.parse("pdf_json/good.json", "Body text.")
    outcome = corpus.row("u1", pdf_json_files=good, pmc_json_files=bad).outcome()
    [entry] = outcome.quarantine
    assert outcome.document is not None
    assert outcome.document.body == plain(["Body text."])
    assert outcome.document.parse == "pdf_json"
    assert (entry.file, entry.kept_from) == (bad, good)
    assert entry.reason.startswith(reason)
    assert entry.position.startswith(position)


TOLERATED = {
    "NaN where nobody reads": b'{"body_text": [{"text": "Body."}], "bib_entries": {"b0": {"year": NaN}}}',
    "NaN and a number of 5,000 digits": b'{"body_text": [{"text": "Body."}], "x": NaN, "n": 1.%s}' % (b"1" * 5000),
    "infinity": b'{"body_text": [{"text": "Body."}], "bib_entries": [Infinity, -Infinity]}',
    "a byte order mark": b'\xef\xbb\xbf{"body_text": [{"text": "Body."}]}',
    "a mark and a NaN": b'\xef\xbb\xbf{"body_text": [{"text": "Body."}], "x": NaN}',
    "a null abstract": b'{"abstract": null, "body_text": [{"text": "Body."}]}',
    "an abstract of nulls": b'{"abstract": [null, {"text": null}], "body_text": [{"text": "Body."}]}',
    "a null title": b'{"metadata": {"title": null}, "body_text": [{"text": "Body."}]}',
    "null metadata": b'{"metadata": null, "body_text": [{"text": "Body."}]}',
    "a null paragraph": b'{"body_text": [null, {"text": "Body."}]}',
    "a paragraph whose text is null": b'{"body_text": [{"text": "Body."}, {"text": null}]}',
    "a paragraph without text": b'{"body_text": [{"text": "Body."}, {"section": "S"}]}',
    "null spans": b'{"body_text": [{"text": "Body.", "cite_spans": null, "ref_spans": null}]}',
    "half a character where nobody reads": b'{"body_text": [{"text": "Body."}], "bib_entries": "\\ud800"}',
    "another encoding where nobody reads": b'{"body_text": [{"text": "Body."}], "bib_entries": "caf\xe9"}',
    "a null paper_id": b'{"paper_id": null, "body_text": [{"text": "Body."}]}',
}


@pytest.mark.parametrize("data", TOLERATED.values(), ids=TOLERATED.keys())
def test_what_nobody_reads_is_no_fault(corpus: Corpus, data: bytes) -> None:
    path = corpus.file("pdf_json/a.json", data)
    opened = corpus.row("u1", pdf_json_files=path).open()
    [outcome] = opened.outcomes()
    assert outcome.quarantine == ()
    assert outcome.document is not None
    assert outcome.document.body == plain(["Body."])
    without = {"an abstract of nulls": 2, "a null paragraph": 1}
    without |= dict.fromkeys(["a paragraph whose text is null", "a paragraph without text"], 1)
    [name] = (name for name, tolerated in TOLERATED.items() if tolerated == data)
    assert opened.counts()["paragraphs_without_text"] == without.get(name, 0)


def test_pmc_goes_before_a_longer_pdf_and_borrows_its_abstract(corpus: Corpus) -> None:
    pdf = corpus.parse("pdf_json/a.json", "A much longer body text.", title="PDF title", abstract=["One.", "Two."])
    pmc = corpus.parse("pmc_json/a.xml.json", "Short.")
    document = corpus.row("u1", pdf_json_files=pdf, pmc_json_files=pmc).outcome().document
    assert document is not None
    assert (document.parse, document.body) == ("pmc_json", plain(["Short."]))
    assert (document.title, document.abstract) == ("PDF title", plain(["One.", "Two."]))


def test_a_pmc_parse_without_body_does_not_hide_the_pdf(corpus: Corpus) -> None:
    pdf = corpus.parse("pdf_json/a.json", "Body.")
    pmc = corpus.parse("pmc_json/a.xml.json", "  ")
    document = corpus.row("u1", pdf_json_files=pdf, pmc_json_files=pmc).outcome().document
    assert document is not None
    assert (document.parse, document.body) == ("pdf_json", plain(["Body."]))


def test_the_longest_of_several_pdfs_is_chosen_and_the_first_path_of_equals(corpus: Corpus) -> None:
    corpus.parse("pdf_json/a.json", "four", "five")
    corpus.parse("pdf_json/b.json", "the longest one")
    corpus.parse("pdf_json/c.json", "the longest two")
    paths = "; ".join(f"document_parses/pdf_json/{name}.json" for name in "cab")
    document = corpus.row("u1", pdf_json_files=paths).outcome().document
    assert document is not None
    assert document.body == plain(["the longest one"])


def test_metadata_goes_before_the_parse_for_title_and_abstract(corpus: Corpus) -> None:
    pdf = corpus.parse("pdf_json/a.json", "Body.", title="Theirs", abstract=["Theirs."])
    document = (
        corpus.row("u1", title="Ours", abstract="Ours.", license="cc0", publish_time="2020-04-01", pdf_json_files=pdf)
        .outcome()
        .document
    )
    assert document is not None
    assert (document.title, document.abstract) == ("Ours", plain(["Ours."]))
    assert (document.license, document.publish_time) == ("cc0", "2020-04-01")


def test_a_document_says_where_its_paper_can_be_read(corpus: Corpus) -> None:
    corpus.row("u1", abstract="Text.", journal="J Virol", url="https://a.example; https://b.example")
    document = corpus.row("u1", doi="10.1101/x").outcome().document
    assert document is not None
    assert (document.journal, document.doi) == ("J Virol", "10.1101/x")
    assert document.url == "https://a.example; https://b.example"
    assert decoded(encoded(document)) == document


def test_an_abstract_alone_is_a_document_and_a_title_alone_is_not(corpus: Corpus) -> None:
    corpus.row("u1", title="T", abstract="A.").row("u2", title="T", abstract=" ")
    first, second = corpus.open().outcomes()
    assert first.document is not None
    assert (first.document.abstract, first.document.body, first.document.parse) == (plain(["A."]), (), "")
    assert (second.document, second.dropped, second.quarantine) == (None, "no_text", ())


def test_an_empty_parse_is_no_text(corpus: Corpus) -> None:
    path = corpus.parse("pdf_json/a.json", "", " \n", title="T", abstract=[""])
    assert corpus.row("u1", pdf_json_files=path).outcome().dropped == "no_text"


def test_a_missing_file_is_listed_and_the_abstract_serves(corpus: Corpus) -> None:
    path = "document_parses/pdf_json/gone.json"
    outcome = corpus.row("u1", abstract="A.", pdf_json_files=path).outcome()
    reason = "no such file, though metadata.csv names it"
    assert outcome.document is not None
    assert outcome.quarantine == (Quarantined(path, reason, "", "u1", "metadata.csv"),)


def test_a_missing_file_without_anything_else_is_a_quarantined_paper(corpus: Corpus) -> None:
    outcome = corpus.row("u1", title="T", pdf_json_files="document_parses/pdf_json/gone.json").outcome()
    assert (outcome.document, outcome.dropped) == (None, "")
    assert [entry.kept_from for entry in outcome.quarantine] == [""]


@pytest.mark.parametrize(
    "path", ["../secret.json", "document_parses/../../secret.json", "/etc/passwd", "document_parses/pdf_json/../x"]
)
def test_a_path_out_of_the_corpus_is_quarantined_and_not_read(corpus: Corpus, path: str) -> None:
    (corpus.root.parent / "secret.json").write_bytes(b'{"body_text": [{"text": "secret"}]}')
    outcome = corpus.row("u1", abstract="A.", pdf_json_files=path).outcome()
    assert outcome.document is None
    assert [(entry.file, entry.reason) for entry in outcome.quarantine] == [
        (path, "the path leads out of the corpus directory")
    ]


@pytest.mark.parametrize("path", ["what?.json", "a\x00b", "document_parses", "./", "//", "%2e%2e/x", "x" * 5000])
def test_a_strange_path_is_only_a_missing_file(corpus: Corpus, path: str) -> None:
    outcome = corpus.row("u1", abstract="A.", pdf_json_files=path).outcome()
    assert len(outcome.quarantine) == 1


@pytest.mark.parametrize(
    ("data", "paper_id"),
    [
        (b'{"paper_id": "other", "body_text": [{"text": "Body."}]}', "'other'"),
        (b'{"body_text": [{"text": "Body."}], "paper_id": "other"}', "'other'"),
        (b'{"paper_id": "\\u0061!", "body_text": [{"text": "Body."}]}', "'a!'"),
        (b'{"paper_id": 5, "body_text": [{"text": "Body."}]}', "5"),
    ],
)
def test_a_parse_of_another_paper_is_quarantined_with_both_ids(corpus: Corpus, data: bytes, paper_id: str) -> None:
    path = corpus.file("pdf_json/a.json", data)
    opened = corpus.row("u1", abstract="A.", pdf_json_files=path).open()
    [outcome] = opened.outcomes()
    assert outcome.document is None
    assert [(e.file, e.reason) for e in outcome.quarantine] == [
        (path, f"its paper_id {paper_id} contradicts its name 'a'")
    ]
    assert (outcome.set_aside, opened.counts()["parse_files"]["quarantined"]) == ((), 1)


def test_a_parse_without_paper_id_contradicts_nothing(corpus: Corpus) -> None:
    path = corpus.file("pdf_json/a.json", b'{"body_text": [{"text": "a \\"paper_id\\": \\"b\\""}]}')
    assert corpus.row("u1", pdf_json_files=path).outcome().document is not None


def test_a_parse_that_is_too_large_is_quarantined_unread(corpus: Corpus) -> None:
    path = corpus.file("pdf_json/a.json", b"")
    with (corpus.root / path).open("wb") as file:
        file.truncate(200_000_000)
    tracemalloc.start()
    outcome = corpus.row("u1", pdf_json_files=path).outcome()
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert outcome.quarantine[0].reason == "200,000,000 bytes, more than the 33,554,432 that a parse may have"


def test_escaped_control_characters_are_text_and_raw_ones_are_not_json(corpus: Corpus) -> None:
    good = corpus.file("pdf_json/a.json", b'{"body_text": [{"text": "a\\u0000b\\u001fc"}]}')
    bad = corpus.file("pdf_json/b.json", b'{"body_text": [{"text": "a\x00b"}]}')
    first, second = corpus.row("u1", pdf_json_files=good).row("u2", pdf_json_files=bad).open().outcomes()
    assert first.document is not None
    assert first.document.body == plain(["a\x00b\x1fc"])
    assert second.quarantine[0].reason.startswith("not JSON")


def test_parses_that_no_row_names_are_listed(corpus: Corpus) -> None:
    named = corpus.parse("pdf_json/a.json", "A.")
    stray = corpus.parse("pmc_json/b.xml.json", "B.")
    opened = corpus.row("u1", pdf_json_files=f"./{named}").open()
    [outcome] = opened.outcomes()
    assert outcome.document is not None
    assert opened.listings() == {"unreferenced_parses.txt": [stray]}


def test_a_paragraph_of_ten_megabytes_is_read(corpus: Corpus) -> None:
    path = corpus.parse("pdf_json/a.json", "word " * 2_000_000)
    document = corpus.row("u1", pdf_json_files=path).outcome().document
    assert document is not None
    assert document.text_bytes == 9_999_999


def test_a_directory_that_is_not_there_or_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such directory"):
        locate(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"metadata\.csv: there is no such file"):
        open_cord19(locate(str(tmp_path / "empty")), Form.RELEASE, Workspace(tmp_path))

"""Plain text and JSON Lines: every document ends kept, dropped or quarantined, within bounded memory."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from jobs.corpus.documents.outcome import OpenedCorpus, Outcome
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading import own_files, plain_text
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.errors import ConfigurationError
from jobs.files.place import locate


def opened(path: Path) -> OpenedCorpus:
    return open_corpus(locate(str(path)), Workspace(path.parent))[0]


def outcomes(path: Path, data: bytes = b"") -> list[Outcome]:
    if data:
        path.write_bytes(data)
    return list(opened(path).outcomes())


def bodies(found: list[Outcome]) -> list[tuple[str, tuple[str, ...]]]:
    return [(o.cord_uid, tuple(p.text for p in o.document.body)) for o in found if o.document]


def reasons(found: list[Outcome]) -> list[tuple[str, str]]:
    return [(entry.position, entry.reason) for o in found for entry in o.quarantine]


def test_a_blank_line_ends_a_document_and_every_line_is_a_paragraph(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "notes.txt", "\ufeff\n\nOne.\n Two. \r\n\r\n \t\nThree.".encode())
    assert bodies(found) == [("notes-00000001", ("One.", "Two.")), ("notes-00000002", ("Three.",))]


def test_a_directory_of_text_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    root = tmp_path / "texts"
    (root / "sub").mkdir(parents=True)
    (root / "b.txt").write_text("B1.\n\nB2.\n")
    (root / "a.txt.gz").write_bytes(gzip.compress(b"A."))
    (root / "sub/c.txt").write_text("C.")
    (root / "photo.jpg").write_bytes(b"\xff")
    assert bodies(outcomes(root)) == [
        ("a-00000001", ("A.",)),
        ("b-00000001", ("B1.",)),
        ("b-00000002", ("B2.",)),
        ("sub/c-00000001", ("C.",)),
    ]


def test_text_that_is_not_utf8_costs_its_own_document(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "notes.txt", b"One.\nTwo\xe9.\nThree.\n\nFour.\n\n\xc2\xa0\n")
    assert reasons(found) == [("line 2, byte 3", "not UTF-8")]
    assert bodies(found) == [("notes-00000002", ("Four.",))]
    assert [o.dropped for o in found] == ["", ""]


SPACES = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace() and chr(code) != "\n"]
NONE = ["\u200b", "\u2060", "\ufeff", "\u180e", "\xad", "\x1b"]


@pytest.mark.parametrize("space", SPACES, ids=ascii)
def test_a_line_of_any_white_space_ends_a_document(tmp_path: Path, space: str) -> None:
    data = f"One.\n{space}\nTwo.\n{space} \t{space}\r\nThree{space}four.\n".encode()
    assert [body for _, body in bodies(outcomes(tmp_path / "notes.txt", data))] == [
        ("One.",),
        ("Two.",),
        (f"Three{space}four.",),
    ]


@pytest.mark.parametrize("sign", NONE, ids=ascii)
def test_a_line_of_what_is_no_white_space_does_not(tmp_path: Path, sign: str) -> None:
    assert len(bodies(outcomes(tmp_path / "notes.txt", f"{'One. ' * 300}\n{sign}\nTwo.\n".encode()))) == 1


def test_a_line_of_white_space_is_no_document_of_json_lines(tmp_path: Path) -> None:
    found = outcomes(tmp_path / "notes.jsonl", '{"text": "One."}\n\xa0\n\u3000\n{"text": "Two."}\n'.encode())
    assert [body for _, body in bodies(found)] == [("One.",), ("Two.",)]
    assert len(found) == 2


def test_jsonl_has_ids_titles_abstracts_and_texts(tmp_path: Path) -> None:
    lines = (
        {
            "id": "a",
            "title": "T",
            "abstract": "A.",
            "text": "One.\n\nTwo.",
            "license": "cc0",
            "publish_time": "2021",
            "journal": "J",
            "doi": "10.1/x",
            "url": "https://a.example",
        },
        {"id": 7, "body": ["One.", "Two.\nThree."], "other": [1]},
        {"text": "Without an id."},
        {"id": "d", "title": "Only a title"},
        {"id": "e", "abstract": ["Only an abstract."], "text": None},
    )
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    found = outcomes(tmp_path / "papers.jsonl.gz", gzip.compress(data))
    assert bodies(found) == [
        ("a", ("One.", "Two.")),
        ("7", ("One.", "Two.", "Three.")),
        ("papers-00000003", ("Without an id.",)),
        ("e", ()),
    ]
    assert found[0].document is not None
    document = found[0].document
    assert (document.title, document.abstract, document.license, document.publish_time) == (
        "T",
        plain(["A."]),
        "cc0",
        "2021",
    )
    assert (document.journal, document.doi, document.url) == ("J", "10.1/x", "https://a.example")
    assert found[3].dropped == "no_text"


def test_what_is_wrong_with_a_line_of_json_is_said(tmp_path: Path) -> None:
    lines = [
        b'{"id": "a", "text": "Good."}',
        b'{"id": "b", "text": "cut',
        b"[]",
        b'{"id": "c", "text": 5}',
        b'{"id": "d", "text": ["x", {}]}',
        b'{"id": "a", "text": "The same id."}',
        b'{"id": "", "text": "x"}',
        b'{"id": true, "text": "x"}',
        b'{"id": "two\\nlines", "text": "x"}',
        b'{"id": "e", "text": "\\ud800"}',
        b'{"id": "f", "text": "x", "body": "y"}',
        b'{"id": "g", "text": "\xff"}',
        b"",
        b'{"id": "h", "text": "Good\\u0000 too."}',
    ]
    found = outcomes(tmp_path / "papers.jsonl", b"\n".join(lines))
    assert bodies(found) == [("a", ("Good.",)), ("h", ("Good\0 too.",))]
    assert [(position, reason.split(" (")[0]) for position, reason in reasons(found)] == [
        ("line 2, byte 24", "not JSON"),
        ("line 3", "not a JSON object"),
        ("line 4", "text is neither text nor a list of texts"),
        ("line 5", "text is neither text nor a list of texts"),
        ("line 6", "its id 'a' is an earlier document's"),
        ("line 7", "its id '' is neither a line of text nor a whole number"),
        ("line 8", "its id True is neither a line of text nor a whole number"),
        ("line 9", "its id 'two\\nlines' is neither a line of text nor a whole number"),
        ("line 10, byte 21", "not JSON"),
        ("line 11", "it has both text and body"),
        ("line 12, byte 21", "not UTF-8"),
    ]


TOLERATED = {
    "NaN where nobody reads": b'{"text": "The text.", "score": NaN}',
    "half a character where nobody reads": b'{"text": "The text.", "other": "\\ud800"}',
    "another encoding where nobody reads": b'{"text": "The text.", "other": "caf\xe9"}',
    "nulls": b'{"id": null, "title": null, "abstract": null, "text": ["The text.", null], "doi": null}',
    "a year as a number": b'{"text": "The text.", "publish_time": 2020}',
}


@pytest.mark.parametrize("line", TOLERATED.values(), ids=TOLERATED.keys())
def test_what_nobody_reads_is_no_fault(line: bytes, tmp_path: Path) -> None:
    found = outcomes(tmp_path / "papers.jsonl", line)
    assert reasons(found) == []
    assert bodies(found) == [("papers-00000001", ("The text.",))]


OTHER_NAMES = {
    "body_text": {"paper_id": "1", "title": "T", "body_text": "The text."},
    "full_text beside an abstract": {"id": "1", "abstract": "A.", "full_text": "The text."},
    "paragraphs": {"id": "1", "title": "T", "paragraphs": ["One.", "Two."]},
    "CORD-19's": {"paper_id": "1", "abstract": [], "body_text": [{"text": "The text."}]},
    "paragraphs beside a short text": {"id": "1", "text": "A note.", "paragraphs": ["One sentence. " * 9] * 9},
    "sections beside an abstract as text": {"text": "A note.", "sections": [{"heading": "A", "says": "One. " * 200}]},
    "in capitals": {"ID": "1", "Title": "T", "Text": "The text."},
    "an abstract in capitals": {"Title": "T", "Abstract": "The text."},
    "a name of its own": {"id": "1", "prose": "Words. " * 100},
    "an answer": {"question": "Where?", "content": {"answer": "It was found in the caves near to the old mine."}},
    "words": {"id": "1", "prose": ["It", "was", "found", "in", "the", "caves", "near", "the", "mine", "."]},
    "a shorter text beside it": {"id": "1", "text": "An extract.", "full_text": "The text. " * 60},
    "an empty text": {"id": "1", "text": "", "content": "The text."},
}


@pytest.mark.parametrize("line", OTHER_NAMES.values(), ids=OTHER_NAMES.keys())
def test_a_text_under_another_name_is_not_passed_over(line: dict[str, object], tmp_path: Path) -> None:
    [outcome] = outcomes(tmp_path / "papers.jsonl", json.dumps(line).encode())
    assert outcome.document is None
    [name] = line.keys() & {"body_text", "full_text", "paragraphs", "Text", "Abstract", "prose", "content", "sections"}
    assert reasons([outcome]) == [("line 1", f"its text is in {name}, which is not read: call it text (or body)")]


def test_other_fields_beside_a_text_are_not_read(tmp_path: Path) -> None:
    line = {"text": "The text.", "content": "Other text.", "notes": "Words. " * 100, "tags": ["a"]}
    title = {"id": "t", "title": "T", "authors": "Li W., Okoro A., Diaz P. and Rossi M.", "year": 2020}
    assert [o.dropped for o in outcomes(tmp_path / "titles.jsonl", json.dumps(title).encode())] == ["no_text"]
    assert bodies(outcomes(tmp_path / "papers.jsonl", json.dumps(line).encode())) == [
        ("papers-00000001", ("The text.",))
    ]


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_files, "MAX_DOCUMENT_BYTES", 100)
    monkeypatch.setattr(plain_text, "MAX_DOCUMENT_BYTES", 100)


@pytest.mark.usefixtures("small_limit")
def test_a_document_beyond_the_limit_is_quarantined_with_its_size(tmp_path: Path) -> None:
    lines = b'{"text": "%s"}\n{"text": "short"}\n' % (b"x" * 1000)
    found = outcomes(tmp_path / "papers.jsonl", lines)
    assert [position for position, _ in reasons(found)] == ["line 1"]
    assert "1,013 bytes" in reasons(found)[0][1]
    assert bodies(found) == [("papers-00000002", ("short",))]

    found = outcomes(tmp_path / "notes.txt", b"short\n\n" + b"a line\n" * 20 + b"\n" + b"y" * 300 + b"\n\nend")
    assert [position for position, _ in reasons(found)] == ["line 3", "line 24"]
    assert bodies(found) == [("notes-00000001", ("short",)), ("notes-00000004", ("end",))]


def test_a_truncated_gzip_is_an_error_with_file_and_byte(tmp_path: Path) -> None:
    data = gzip.compress(b"".join(b'{"text": "%d"}\n' % number for number in range(9999)))
    with pytest.raises(ConfigurationError, match=r"papers\.jsonl\.gz: truncated: the file ends at byte 1,000, in"):
        outcomes(tmp_path / "papers.jsonl.gz", data[:1000])


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b" \n", "it is empty"),
        ("photo.jpg", b"\xff\xd8\x00\x00", "neither an archive nor text"),
        ("paper.pdf", b"%PDF-1.4\n1 0 obj", "neither an archive nor text"),
        ("broken.gz", b"\x1f\x8bnot gzip at all", "it begins like gzip but is not"),
    ],
)
def test_what_is_no_corpus_is_refused_before_anything_is_submitted(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigurationError, match=reason):
        fingerprint(locate(str(tmp_path / name)))


def test_a_directory_of_text_and_jsonl_is_ambiguous(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A.")
    (tmp_path / "b.jsonl").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"holds both \.jsonl and \.txt"):
        fingerprint(locate(str(tmp_path)))


def test_the_estimate_grows_towards_the_number_of_documents(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"A sentence of this document.\n\n" * 300_000)
    corpus = opened(path)
    estimates = [corpus.estimate(done) for done, _ in enumerate(corpus.outcomes(), 1)]
    assert 30_000 < estimates[100_000] < 600_000
    assert estimates[-1] == 300_000

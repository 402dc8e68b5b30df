"""No parse makes the time that reading it takes grow faster than its bytes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest

from jobs.corpus.cord19.paper_id import check_paper_id
from jobs.corpus.cord19.parse import read_parse
from jobs.corpus.documents.quarantine import LONGEST_REASON, MalformedError
from tests.patterns.growth import grows_too_fast

BODY = b'"body_text":[{"text":"a"}]'


def marked(text: str, spans: list[tuple[int, int]]) -> bytes:
    marks = [{"start": start, "end": end, "text": "b"} for start, end in spans]
    return json.dumps({"body_text": [{"text": text, "cite_spans": marks, "ref_spans": marks}]}).encode()


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "marks that share an end": lambda n: marked("a" * n, [(at, n) for at in range(n // 8)]),
    "marks that share a beginning": lambda n: marked("a" * n, [(0, n - at) for at in range(n // 8)]),
    "the same mark": lambda n: marked("a" * n, [(1, n)] * (n // 8)),
    "marks of one character": lambda n: marked("a" * n, [(at, at + 1) for at in range(n // 8)]),
    "an id of accents": lambda n: (
        json.dumps({"paper_id": "\u0301\u0323" * (n // 20)}).encode()[:-1] + b"," + BODY + b"}"
    ),
    "an id of digits": lambda n: b'{"paper_id":' + b"9" * n + b"," + BODY + b"}",
    "an id of lists": lambda n: b'{"paper_id":' + b"[" * n + b"]" * n + b"," + BODY + b"}",
    "a number of digits beside NaN": lambda n: b'{"x":[NaN,' + b"9" * n + b"]," + BODY + b"}",
    "paragraphs without text": lambda n: b'{"body_text":[' + b"null," * n + b'{"text":"a"}]}',
    "paragraphs of a letter": lambda n: b'{"body_text":[' + b'{"text":"a"},' * n + b'{"text":"a"}]}',
    "one key again and again": lambda n: b"{" + (BODY + b",") * n + BODY + b"}",
    "half characters": lambda n: b'{"x":"' + b"\\ud83d" * n + b'",' + BODY + b"}",
    "bytes that are no text": lambda n: b'{"x":"' + b"\xff" * n + b'",' + BODY + b"}",
    "blanks around": lambda n: json.dumps({"body_text": [{"text": "\u3000" * n + "a" + " " * n}]}).encode(),
}


def read(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        check_paper_id("pdf_json/x.json", read_parse(data).paper_id)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_parse_of_one_thing(hostile: Callable[[int], bytes]) -> None:
    short, long = 100_000, 400_000
    made = {length: hostile(length) for length in (short, long)}
    assert not grows_too_fast(lambda length: read(made[length]), short, long, fast=0.03, most_times=10)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_reason_is_short_whatever_it_names(hostile: Callable[[int], bytes]) -> None:
    reasons = [""]
    try:
        check_paper_id("pdf_json/x.json", read_parse(hostile(5000)).paper_id)
    except MalformedError as error:
        reasons.append(error.reason)
    assert max(map(len, reasons)) < LONGEST_REASON + 10

"""Records are checked wherever they come from: made by this code, or read from the bucket."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from pydantic import ValidationError

from jobs.errors import ConfigurationError
from jobs.records import Manifest, Output, ShardRecord
from jobs.spec import Kind, Spec
from jobs.validation import parsed

OUTPUT = Output("train/00000.tfrecord", 7, "00c0ffee")
RECORD = ShardRecord("ab" * 32, 3, (OUTPUT,), {"documents": {"read": 2}}, {"score": 0.5}, 1.5)
MANIFEST = Manifest("preprocess-12345678", Spec(Kind.PREPROCESS, {}), (OUTPUT,), {}, {}, 1.5)


def test_a_record_survives_json() -> None:
    assert parsed(ShardRecord, json.dumps(asdict(RECORD)).encode()) == RECORD


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": "x"},
        {"seconds": float("nan")},
        {"seconds": -1.0},
        {"shard": -1},
        {"shard": None},
        {"outputs": ({"path": "a"},)},
        {"counts": {"documents": {"read": "two"}}},
        {"counts": {"documents": True}},
        {"counts": {"documents": None}},
    ],
    ids=str,
)
def test_what_is_no_record_is_not_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ShardRecord(**{**asdict(RECORD), "outputs": RECORD.outputs, **wrong})


@pytest.mark.parametrize("path", ["../other/manifest.json", "/etc/passwd", "a//b", "", "a/.."])
def test_an_output_lies_in_its_artifact(path: str) -> None:
    with pytest.raises(ValidationError, match="leads out of the artifact"):
        Output(path, 1, "00000000")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"spec_sha256": "a", "shard": 1, "outputs": [], "seconds": NaN}', "not JSON"),
        (b'{"spec_sha256": "a", "shard": 1, "outputs": [], "facts": {"loss": Infinity}}', "not JSON"),
        (b'{"spec_sha256": "\\ud800", "shard": 1, "outputs": []}', "not JSON"),
        (b'{"facts": ' + b"[" * 100_000, "recursion limit"),
        (b"\xff", "not JSON"),
        (b"null", "top level"),
        (b'{"spec_sha256": 1, "shard": "1", "outputs": 1, "counts": 1, "facts": 1}', "and 2 more"),
    ],
)
def test_what_is_read_is_named_by_its_fields(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parsed(ShardRecord, data)


def test_a_later_version_may_have_added_fields_but_not_to_a_spec() -> None:
    assert parsed(ShardRecord, json.dumps({**asdict(RECORD), "mood": "fine"}).encode()) == RECORD
    with pytest.raises(ValueError, match="mood"):
        parsed(Spec, json.dumps({**Spec(Kind.INGEST, {}).to_json(), "mood": "fine"}).encode())


def test_outputs_are_found_by_path() -> None:
    assert MANIFEST.output("train/00000.tfrecord") is OUTPUT
    assert MANIFEST.find("vocab.txt") is None
    with pytest.raises(ConfigurationError, match=r"preprocess-12345678: it has no output vocab\.txt"):
        MANIFEST.output("vocab.txt")

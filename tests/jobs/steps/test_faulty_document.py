"""A document at which a rule fails is counted and named by the step that it fails in; all others are trained on."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from jobs.artifact import Artifact
from jobs.corpus.cleaning import clean_document
from jobs.corpus.cleaning.hyphenation import join_torn_words
from jobs.corpus.documents import guard
from jobs.corpus.screening import screening
from jobs.corpus.screening.minhash import word_hashes
from jobs.store import Store

from .pipeline import Pipeline

FAULTY = 7
MARK = "zzfaultyzz"
HARD = re.compile("(?:a|b|ab)*c")


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    corpus = tmp_path / "papers.jsonl"
    lines = [
        {
            "id": f"p{number}",
            "title": f"Virus {number}",
            "text": [
                f"Patient {number} of ward {number * k} was seen on day {k} by nurse {number * 7 + k}. "
                f"Cells of sample {number * 13 + k} were grown. {MARK if number == FAULTY else ''}"
                for k in range(1, 9)
            ],
        }
        for number in range(40)
    ]
    corpus.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return Pipeline(tmp_path, corpus, shards=2, similarity=1.0)


def fail_at_the_mark(texts: Sequence[str], how: str) -> None:
    if any(MARK in text for text in texts):
        if how == "does not end":
            HARD.match("ab" * 60)
        raise RecursionError("too deep")


@pytest.mark.parametrize("how", ["fails", "does not end"])
def test_cleaning(pipeline: Pipeline, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    join = join_torn_words

    def faulty(texts: Sequence[str]) -> list[str]:
        fail_at_the_mark(texts, how)
        return join(texts)

    monkeypatch.setattr(guard, "SECONDS", 0.3)
    monkeypatch.setattr(clean_document, "join_torn_words", faulty)
    screened = pipeline.screened(languages=[])
    encoded = pipeline.preprocessed(screened)
    learned = pipeline.learned(screened).require()
    assert screened.require().counts["documents"]["quarantined"] == 0
    assert encoded.counts["documents"] | {"held_out": 0, "dropped": {}} == {
        "read": 40, "kept": 39, "quarantined": 1, "held_out": 0, "dropped": {},
    }  # fmt: skip
    assert learned.counts["documents"]["quarantined"] in (0, 1)  # held-out documents are not learned from
    artifact = Artifact.open(Store(str(pipeline.root / "bucket")), encoded.name)
    (output,) = encoded.under("quarantine")
    entry = json.loads(artifact.read(output))
    assert entry["cord_uid"] == "p7"
    assert ("took more than" if how == "does not end" else "RecursionError: too deep") in entry["reason"]
    assert entry["file"].startswith(f"{screened.spec.inputs['documents']}/documents/0000")
    report = json.loads(artifact.read(encoded.output("report.json")))
    assert report["documents"]["quarantined"] == 1
    assert report["documents"]["kept"] == 39


def test_screening(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = word_hashes

    def faulty(texts: Sequence[str]) -> object:
        fail_at_the_mark(texts, "fails")
        return hashes(texts)

    monkeypatch.setattr(screening, "word_hashes", faulty)
    screened = pipeline.screened(languages=[])
    counts = screened.require().counts["documents"]
    assert counts == {"read": 40, "kept": 39, "dropped": {}, "quarantined": 1}
    assert len(screened.require().under("quarantine")) == 1
    encoded = pipeline.preprocessed(screened)
    assert encoded.counts["documents"]["quarantined"] == 1
    assert encoded.counts["documents"]["kept"] == 39
    assert encoded.under("quarantine") == ()  # it is in the list of the step that it failed in

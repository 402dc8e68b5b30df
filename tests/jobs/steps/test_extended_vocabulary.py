"""The vocabulary step extends a published vocabulary: the same bytes however the documents are spread."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.artifact import Artifact
from jobs.errors import ConfigurationError
from jobs.vocabulary import SPECIALS, Vocabulary, parse_vocabulary

from .pipeline import Pipeline

LETTERS = "".join(map(chr, (*range(97, 123), *range(65, 91), *range(48, 58))))
CORPUS = "\n\n".join(
    f"The coronavirus of bat {n} binds ACE2 in Vero cells. We counted {n * 7} of them. {word} came back to Wuhan."
    for n, word in enumerate(("None", "Some", "Many", "Hardly", "Twelve", "Nine", "Others", "Most", "Seven", "Six"))
)
BASE = Vocabulary((*SPECIALS, *LETTERS, *(f"##{letter}" for letter in LETTERS), *".,()", "The", "of", "cells"))


def extended(root: Path, *, shards: int, add: int = 5, min_documents: int = 4) -> Artifact:
    root.mkdir()
    (root / "papers.txt").write_text(CORPUS, "utf-8")
    pipeline = Pipeline(root, root / "papers.txt", shards=shards)
    return pipeline.extended(pipeline.screened(languages=()), BASE, add=add, min_documents=min_documents)


def test_its_bytes_do_not_depend_on_the_number_of_shards_or_their_order(tmp_path: Path) -> None:
    one, three = (extended(tmp_path / str(shards), shards=shards) for shards in (1, 3))
    names = [output.path for output in one.require().outputs]
    assert names == ["extension.json", "vocab.txt"]
    for name in names:
        assert one.read(one.require().output(name)) == three.read(three.require().output(name))
    vocabulary = parse_vocabulary(one.read(one.require().output("vocab.txt")), "extended")
    found = json.loads(one.read(one.require().output("extension.json")))
    assert vocabulary.tokens == (*BASE.tokens, *(new["word"] for new in found["added"]))
    assert found["added"][0]["word"] == "coronavirus"
    # Held-out documents have no say.
    assert found["documents"] < 10
    assert one.require().counts["added"] == 5


def test_more_words_than_qualify_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"words occur in at least 4 of \d training documents"):
        extended(tmp_path / "many", shards=1, add=1000)

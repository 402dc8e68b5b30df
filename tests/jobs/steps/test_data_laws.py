"""What holds of the whole data side, whatever the corpus: every document is accounted for, none is on both sides of
the held-out line, and the bytes are the same however many work on them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.artifact import Artifact, Manifest
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.files.place import locate
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import Examples, Filters
from jobs.spec import Kind, Spec
from jobs.steps import ingest, preprocess, signatures
from jobs.steps.context import StepContext
from jobs.store import Store
from jobs.vocabulary import SPECIALS
from tests.e2e.corpora import sentences

TERMS = [f"{first}{second}ase" for first in "bdfgklmnpr" for second in "aeiou"]
"""One for each document: it tells where an example is from."""
LETTERS = [chr(code) for code in range(33, 127)]
VOCABULARY = [*SPECIALS, *TERMS, *LETTERS, *(f"##{letter}" for letter in LETTERS if letter.isalnum())]
EXAMPLES = Examples(max_seq_length=48, max_predictions_per_seq=8, whole_word_mask=True, dupe_factor=2)
RUN = {Kind.INGEST: ingest.run, Kind.SIGNATURES: signatures.run, Kind.PREPROCESS: preprocess.run}
Line = dict[str, Any] | str
SCREENING = {**Filters().model_dump(mode="json"), "near_duplicate_similarity": 0.8}


def text(number: int) -> str:
    return "\n".join(f"The enzyme {TERMS[number]} is new. {sentences(number * 31 + part, 3)}" for part in range(2))


GOOD = st.integers(0, len(TERMS) - 1).map(lambda n: {"id": f"paper {n}", "text": text(n)})
OTHER: st.SearchStrategy[Line] = st.one_of(
    st.sampled_from(["{", "[]", '{"id": 5, "text": 5}']),  # malformed
    st.integers(0, 3).map(lambda n: {"title": f"A title {n} alone"}),  # no text
    st.integers(0, 5).map(lambda n: {"title": "Copy", "text": text(n)}),  # near duplicates, often
    st.integers(0, 5).map(lambda n: {"text": text(n)}),  # duplicates
    st.just({"text": "..."}),  # no sentence is left of it
)
CORPUS = st.tuples(
    st.lists(GOOD, min_size=4, max_size=12, unique_by=lambda paper: paper["id"]), st.lists(OTHER, max_size=8)
).flatmap(lambda parts: st.permutations([*parts[0], *parts[1]]))


class DataSide:
    """Ingest, signatures and preprocess on one corpus, ``at_once`` shards at a time."""

    def __init__(self, root: Path, corpus: Sequence[Line], shards: int, at_once: int = 1) -> None:
        self._root = root
        self._at_once = at_once
        self._corpus = root / "papers.jsonl"
        lines = (line if isinstance(line, str) else json.dumps(line) for line in corpus)
        self._corpus.write_text("\n".join(lines))
        self.store = Store(str(root / "bucket"))
        vocabulary = give_vocabulary(self.store, "".join(f"{entry}\n" for entry in VOCABULARY).encode())
        shares = {"document_shards": shards, "validation_share": 0.3, "max_quarantined_share": 1.0}
        self.ingested = self._step(Kind.INGEST, shares, {"corpus": fingerprint(locate(str(self._corpus)))})
        inputs = {"documents": self.ingested.name}
        self.screened = self._step(Kind.SIGNATURES, SCREENING, inputs, shards)
        inputs |= {"signatures": self.screened.name, "vocabulary": vocabulary}
        chosen = {
            "sections": ["title", "abstract", "body"],
            "clean_text": False,
            **EXAMPLES.model_dump(),
        }
        self.preprocessed = self._step(Kind.PREPROCESS, chosen, inputs, shards)

    def _step(self, kind: Kind, chosen: dict[str, Any], inputs: dict[str, str], shards: int = 1) -> Manifest:
        artifact = Artifact(self.store, Spec(kind, chosen, inputs, shards))
        artifact.submit()

        def work(shard: int) -> None:
            with tempfile.TemporaryDirectory(dir=self._root) as scratch:
                RUN[kind](StepContext(artifact, shard, Path(scratch), lambda: False, str(self._corpus)))

        with ThreadPoolExecutor(self._at_once) as workers:
            list(workers.map(work, range(shards)))
        artifact.finish(signatures.finalize if kind == Kind.SIGNATURES else None)
        return artifact.require()

    def terms(self, part: str) -> set[str]:
        """The terms of the documents that the examples of ``train`` or ``validation`` are from."""
        pieces = {piece for output in self.preprocessed.under(part) for piece in self._pieces(output.path)}
        return {VOCABULARY[piece] for piece in pieces} & set(TERMS)

    def _pieces(self, path: str) -> Iterator[int]:
        """As they were before masking, which shows any word in place of another."""
        records = tf.data.TFRecordDataset(f"{self.store.location}/{self.preprocessed.name}/{path}")
        for record in records.as_numpy_iterator():
            features = tf.train.Example.FromString(record).features.feature
            ids, positions, masked = (
                list(features[name].int64_list.value) for name in ("input_ids", "masked_lm_positions", "masked_lm_ids")
            )
            for position, piece in zip(positions, masked, strict=True):
                if piece:  # the rest is padding
                    ids[position] = piece
            yield from ids


@settings(max_examples=8)
@given(CORPUS, st.integers(1, 4))
def test_every_document_is_accounted_for_and_on_one_side(corpus: Sequence[Line], shards: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        made = DataSide(Path(directory), corpus, shards)
        read, screened, encoded = (m.counts["documents"] for m in (made.ingested, made.screened, made.preprocessed))
        assert read["read"] == len(corpus)
        for counts in (read, screened, encoded):
            assert counts["read"] == counts["kept"] + sum(counts["dropped"].values()) + counts.get("quarantined", 0)
        assert screened["read"] == encoded["read"] == read["kept"]
        assert encoded["dropped"].get("near_duplicate", 0) <= screened["kept"]
        assert encoded["held_out"] <= encoded["kept"]

        train, validation = made.terms("train"), made.terms("validation")
        assert train
        assert bool(validation) == bool(encoded["held_out"])
        assert not train & validation


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> DataSide:
    return DataSide(tmp_path_factory.mktemp("one"), PAPERS, shards=8)


PAPERS: list[Line] = [{"id": f"paper {n}", "text": text(n)} for n in range(len(TERMS))]


@pytest.mark.parametrize("at_once", [3, 8])
def test_the_bytes_are_the_same_however_many_work(at_once: int, one_by_one: DataSide, tmp_path: Path) -> None:
    other = DataSide(tmp_path, PAPERS, shards=8, at_once=at_once)
    assert other.screened.outputs == one_by_one.screened.outputs
    assert other.preprocessed.outputs == one_by_one.preprocessed.outputs
    assert one_by_one.preprocessed.counts["examples"]["train"] > 100

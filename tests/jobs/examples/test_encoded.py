"""Encoded documents: what was added, without what is empty."""

from pathlib import Path

import numpy as np

from jobs.examples.encoded import DocumentEncoder


def test_empty_sentences_and_documents_are_left_out(tmp_path: Path) -> None:
    encoder = DocumentEncoder(tmp_path / "ids", 9)
    kept = [
        encoder.add(np.array(ids, dtype=np.int32), np.array(ends, dtype=np.int64))
        for ids, ends in (([5, 6, 7], [0, 2, 2, 3, 3]), ([], [0, 0]), ([], []), ([8], [1]))
    ]
    documents = encoder.finish()
    assert kept == [2, 0, 0, 1]
    assert documents.ids.tolist() == [5, 6, 7, 8]
    assert documents.sentence_ends.tolist() == [2, 3, 4]
    assert documents.document_ends.tolist() == [2, 3]
    assert len(documents) == 2


def test_nothing_is_a_valid_shard(tmp_path: Path) -> None:
    assert len(DocumentEncoder(tmp_path / "ids", 9).finish()) == 0

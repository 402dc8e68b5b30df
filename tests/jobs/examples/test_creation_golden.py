"""Examples equal those of google-research/bert's ``create_pretraining_data.py``.

The digests were taken from that script's own output (commit eedf571, Python 3.11) on the same text,
vocabulary, seed and flags: token ids, segment ids, masked positions, masked ids and the next-sentence
label of every example, in order.
"""

import hashlib
import json
from pathlib import Path

import pytest

from jobs.examples.wordpiece import WordPiece
from jobs.recipe import Examples
from tests.jobs.examples.synthetic import VOCABULARY, synthetic_documents
from tests.jobs.examples.written import write_and_read


@pytest.mark.parametrize(
    ("whole_word_mask", "dupe_factor", "seed", "length", "predictions", "count", "digest"),
    [
        (True, 1, 12345, 128, 20, 286, "2b0b58339435ee423f4b1213f352b9afea4b576e527d35189b10f779706c0d43"),
        (True, 5, 12345, 128, 20, 1592, "6694a3c739cd2720944a1e41f3fa2cd5e4ca6656d66f306fe7f9bb5fed99e24a"),
        (False, 2, 1, 32, 5, 1103, "380d3fc02864401e186f8ff8a4aeb063c04d019809282070c39aa91a57384250"),
    ],
)
def test_examples_equal_the_originals(
    whole_word_mask: bool,
    dupe_factor: int,
    seed: int,
    length: int,
    predictions: int,
    count: int,
    digest: str,
    tmp_path: Path,
) -> None:
    wordpiece = WordPiece(VOCABULARY)
    examples = write_and_read(
        [[wordpiece.encode(sentence) for sentence in document] for document in synthetic_documents()],
        VOCABULARY,
        Examples(max_seq_length=length, max_predictions_per_seq=predictions, whole_word_mask=whole_word_mask),
        tmp_path,
        dupe_factor=dupe_factor,
        random_seed=seed,
    )
    values = [[e.input_ids, e.segment_ids, e.positions, e.masked_ids, e.is_random_next] for e in examples]
    assert len(values) == count
    assert hashlib.sha256(json.dumps(values).encode()).hexdigest() == digest

"""A shard's documents to its examples, in google-research/bert's order for the same random seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from jobs.examples.masking import Example, masker
from jobs.examples.pairing import Sentence, pair_document
from jobs.recipe import Examples
from jobs.vocabulary import Vocabulary

Record = TypeVar("Record")


def create_records(
    documents: Sequence[Sequence[Sentence]],
    vocabulary: Vocabulary,
    settings: Examples,
    *,
    dupe_factor: int,
    random_seed: int,
    serialize: Callable[[Example], Record],
    before_document: Callable[[int], None],
) -> list[Record]:
    """The examples of ``documents`` (encoded sentences each), ``dupe_factor`` times over, shuffled.

    Equal in value and order to ``create_pretraining_data.py --random_seed`` over one text file of the
    same sentences. Documents without sentences are passed over. ``serialize`` turns an example into
    the compact form that waits for the shuffle; ``before_document`` is told how many are done.
    """
    rng = random.Random(random_seed)
    pool = [document for document in documents if document]
    rng.shuffle(pool)
    mask = masker(
        vocabulary,
        masked_lm_prob=settings.masked_lm_prob,
        max_predictions_per_seq=settings.max_predictions_per_seq,
        whole_word_mask=settings.whole_word_mask,
        rng=rng,
    )

    def examples() -> Iterator[Example]:
        for turn in range(dupe_factor):
            for index in range(len(pool)):
                before_document(turn * len(pool) + index)
                for pair in pair_document(
                    pool,
                    index,
                    max_seq_length=settings.max_seq_length,
                    short_seq_prob=settings.short_seq_prob,
                    rng=rng,
                ):
                    yield mask(pair)

    records = [serialize(example) for example in examples()]
    rng.shuffle(records)
    return records

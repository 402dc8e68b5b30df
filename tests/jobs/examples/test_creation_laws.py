"""What holds of all examples, whatever the text and the settings."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.examples.masking import Example, masker
from jobs.examples.pairing import Pair, pair_document
from jobs.vocabulary import MASK
from tests.jobs.examples.synthetic import VOCABULARY

IDS = VOCABULARY.ids
WORDS = [i for t, i in IDS.items() if not t.startswith("[")]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=60)
DOCUMENTS = st.lists(st.lists(SENTENCE, min_size=1, max_size=12), min_size=1, max_size=5)


@given(DOCUMENTS, st.integers(8, 64), st.floats(0, 1), st.integers(0, 2**32))
def test_pairs_fit_and_neither_side_is_empty(
    documents: list[list[list[int]]], max_seq_length: int, short_seq_prob: float, seed: int
) -> None:
    for index in range(len(documents)):
        for pair in pair_document(
            documents,
            index,
            max_seq_length=max_seq_length,
            short_seq_prob=short_seq_prob,
            rng=random.Random(seed),
        ):
            assert pair.first
            assert pair.second
            assert len(pair.first) + len(pair.second) <= max_seq_length - 3


def masked(first: list[int], second: list[int], seed: int, whole_word_mask: bool) -> Example:
    mask = masker(
        VOCABULARY,
        masked_lm_prob=0.15,
        max_predictions_per_seq=20,
        whole_word_mask=whole_word_mask,
        rng=random.Random(seed),
    )
    return mask(Pair(first, second, is_random_next=False))


@given(SENTENCE, SENTENCE, st.integers(0, 2**32), st.booleans())
def test_masks_fall_on_words_and_can_be_undone(
    first: list[int], second: list[int], seed: int, whole_word_mask: bool
) -> None:
    original = [IDS["[CLS]"], *first, IDS["[SEP]"], *second, IDS["[SEP]"]]
    example = masked(first, second, seed, whole_word_mask)
    restored = list(example.input_ids)
    for position, piece in zip(example.masked_positions, example.masked_ids, strict=True):
        assert original[position] == piece
        assert piece not in (IDS["[CLS]"], IDS["[SEP]"])
        restored[position] = piece
    assert restored == original
    assert example.masked_positions == sorted(set(example.masked_positions))
    assert len(example.masked_positions) <= max(1, round(len(original) * 0.15))


@given(SENTENCE, SENTENCE, st.integers(0, 2**32))
def test_whole_words_are_masked_whole(first: list[int], second: list[int], seed: int) -> None:
    example = masked(first, second, seed, whole_word_mask=True)
    chosen = set(example.masked_positions)
    original = [IDS["[CLS]"], *first, IDS["[SEP]"], *second, IDS["[SEP]"]]
    separator = len(first) + 1
    for position in range(2, len(original) - 1):
        before = position - 2 if position - 1 == separator else position - 1  # words join across [SEP]
        if VOCABULARY.tokens[original[position]].startswith("##") and position != separator and before > 0:
            assert (position in chosen) == (before in chosen)


@settings(max_examples=5)
@given(st.integers(0, 2**32))
def test_of_the_chosen_80_percent_are_masked_and_10_percent_kept(seed: int) -> None:
    rng = random.Random(seed)
    mask = masker(VOCABULARY, masked_lm_prob=0.15, max_predictions_per_seq=20, whole_word_mask=True, rng=rng)
    words = [i for i in WORDS if not VOCABULARY.tokens[i].startswith("##")]
    kept = hidden = total = 0
    for _ in range(600):
        example = mask(Pair(rng.choices(words, k=60), rng.choices(words, k=60), is_random_next=False))
        for position, piece in zip(example.masked_positions, example.masked_ids, strict=True):
            total += 1
            hidden += example.input_ids[position] == IDS[MASK]
            kept += example.input_ids[position] == piece
    assert abs(hidden / total - 0.8) < 0.02
    assert abs(kept / total - 0.1) < 0.02

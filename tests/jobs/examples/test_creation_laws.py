"""What holds of all examples, whatever the text and the settings."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.recipe import Examples
from jobs.vocabulary import MASK
from tests.jobs.examples.synthetic import VOCABULARY
from tests.jobs.examples.written import Documents, Written, write_and_read

IDS = VOCABULARY.ids
CLS, SEP = IDS["[CLS]"], IDS["[SEP]"]
WORDS = [i for t, i in IDS.items() if not t.startswith("[")]
STARTS = [i for i in WORDS if not VOCABULARY.tokens[i].startswith("##")]
SENTENCE = st.lists(st.sampled_from(WORDS), max_size=60)
DOCUMENTS = st.lists(st.lists(SENTENCE, min_size=1, max_size=12), min_size=1, max_size=5)
SETTINGS = st.builds(
    Examples,
    max_seq_length=st.integers(24, 80),
    max_predictions_per_seq=st.integers(1, 24),
    masked_lm_prob=st.floats(0.05, 0.5),
    short_seq_prob=st.floats(0, 1),
    whole_word_mask=st.booleans(),
    variant=st.sampled_from(["original", "corrected"]),
)


def created(documents: Documents, chosen: Examples, **how: Any) -> list[Written]:
    with tempfile.TemporaryDirectory() as directory:
        return write_and_read(documents, VOCABULARY, chosen, Path(directory), **how)


@settings(max_examples=40)
@given(DOCUMENTS, SETTINGS, st.integers(0, 2**32))
def test_examples_are_whole_pairs_masked_on_words(documents: Documents, chosen: Examples, seed: int) -> None:
    for example in created(documents, chosen, random_seed=seed):
        original = example.original
        assert len(original) <= chosen.max_seq_length
        assert original[0] == CLS
        assert original[-1] == SEP
        assert original.count(SEP) == 2
        middle = original.index(SEP)
        assert 1 < middle < len(original) - 2  # neither side is empty
        assert example.segment_ids == [0] * (middle + 1) + [1] * (len(original) - middle - 1)
        assert example.positions == sorted(set(example.positions))
        assert not {0, middle, len(original) - 1} & set(example.positions)
        assert max(example.positions, default=0) < len(original)
        assert all(0 <= piece < len(VOCABULARY) for piece in (*example.input_ids, *example.masked_ids))
        assert len(example.positions) <= min(
            chosen.max_predictions_per_seq, max(1, round(len(original) * chosen.masked_lm_prob))
        )
        if chosen.whole_word_mask:
            assert_whole_words(example, original, middle, chosen.variant == "corrected")


def assert_whole_words(example: Written, original: list[int], middle: int, ends_at_sep: bool) -> None:
    chosen = set(example.positions)
    for position in range(2, len(original) - 1):
        before = position - 1
        if before == middle:
            before -= 1  # with the original, words join across [SEP]
            if ends_at_sep:
                continue
        if VOCABULARY.tokens[original[position]].startswith("##") and position != middle and before > 0:
            assert (position in chosen) == (before in chosen)


@settings(max_examples=20)
@given(DOCUMENTS, SETTINGS, st.integers(0, 2**32))
def test_every_id_comes_from_the_documents(documents: Documents, chosen: Examples, seed: int) -> None:
    known = {CLS, SEP} | {piece for document in documents for sentence in document for piece in sentence}
    for example in created(documents, chosen, random_seed=seed):
        assert set(example.original) <= known


def documents_of_words(count: int, sentences: int) -> Documents:
    """Each document has a word of its own, so that a pair tells where it is from."""
    return [[[STARTS[number]] * 10 for _ in range(sentences)] for number in range(count)]


def plain(**changed: Any) -> Examples:
    return Examples(**{"max_seq_length": 64, "max_predictions_per_seq": 10, "whole_word_mask": True} | changed)


def is_from_one_document(example: Written) -> bool:
    return len(set(example.original) - {CLS, SEP}) == 1


def test_actual_nexts_are_from_the_document_and_random_ones_from_another() -> None:
    examples = created(documents_of_words(10, 30), plain(variant="corrected"), dupe_factor=20)
    assert len(examples) > 500
    assert all(is_from_one_document(example) != example.is_random_next for example in examples)


def test_corrected_halves_are_halves_where_the_originals_are_not() -> None:
    # Sentences longer than the target: every chunk is one sentence, which the original can only pair at random.
    long = [[[STARTS[number]] * 70 for _ in range(20)] for number in range(10)]
    shares = {
        variant: [e.is_random_next for e in created(long, plain(variant=variant), dupe_factor=20)]
        for variant in ("original", "corrected")
    }
    assert all(shares["original"])
    assert abs(sum(shares["corrected"]) / len(shares["corrected"]) - 0.5) < 0.03


def test_a_lone_document_is_its_own_random_next_in_the_original_and_has_none_in_the_corrected() -> None:
    for variant in ("original", "corrected"):
        examples = created(documents_of_words(1, 30), plain(variant=variant), dupe_factor=9)
        assert len(examples) > 50
        assert any(example.is_random_next for example in examples) == (variant == "original")


@settings(max_examples=2)
@given(st.integers(0, 2**32))
def test_of_the_chosen_80_percent_are_masked_and_10_percent_kept(seed: int) -> None:
    documents = [[STARTS[i % 15 :] + STARTS[: i % 15] for i in range(60)] for _ in range(10)]
    examples = created(
        documents, plain(max_seq_length=128, max_predictions_per_seq=20), random_seed=seed, dupe_factor=6
    )
    pairs = [(e.input_ids[at], piece) for e in examples for at, piece in zip(e.positions, e.masked_ids, strict=True)]
    assert len(pairs) > 5000
    assert abs(sum(shown == IDS[MASK] for shown, _ in pairs) / len(pairs) - 0.8) < 0.02
    assert abs(sum(shown == piece for shown, piece in pairs) / len(pairs) - 0.1) < 0.02


@pytest.mark.parametrize("variant", ["original", "corrected"])
def test_a_paragraph_without_end_is_no_obstacle(variant: str) -> None:
    endless = [[STARTS[0], STARTS[1]] * 1_000_000]
    examples = created([endless, *documents_of_words(3, 5)], plain(variant=variant))
    assert all(len(example.original) <= 64 for example in examples)


def test_nothing_comes_of_nothing() -> None:
    assert created([], plain()) == []
    assert created([[[]], []], plain()) == []

"""Dynamic masking: its laws, whatever the examples, and that it is a function of batch and random stream alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.model.dataset import Arrays
from jobs.model.masking import Masking, originals
from jobs.vocabulary import CLS, MASK, SEP, SPECIALS, Vocabulary

VOCABULARY = Vocabulary((*SPECIALS, *(f"w{n}" for n in range(40)), *(f"##c{n}" for n in range(15))))
IDS = VOCABULARY.ids
BEGINS, CONTINUES = (5, 45), (45, 60)
LENGTH, PREDICTIONS = 24, 4
MASKING = Masking.of(VOCABULARY, share=0.15, whole_words=True)

GOLDEN = {
    "masked_lm_positions": [[1, 2, 3, 8], [1, 4, 6, 8]],
    "input_ids": [[2, 4, 4, 4, 7, 46, 47, 3, 4, 9, 48, 3], [2, 4, 10, 3, 4, 11, 4, 13, 4, 3, 0, 0]],
}


def stream(seed: int = 1, step: int = 0) -> np.random.Philox:
    return np.random.Philox(key=np.array([seed, step], np.uint64))


def unmasked(*texts: tuple[list[int], list[int]]) -> Arrays:
    """[CLS] A [SEP] B [SEP] of each pair of id lists, as a batch without any masked word."""
    ids, used = np.zeros((2, len(texts), LENGTH), np.int32)
    for row, (first, second) in enumerate(texts):
        whole = [IDS[CLS], *first, IDS[SEP], *second, IDS[SEP]]
        ids[row, : len(whole)], used[row, : len(whole)] = whole, 1
    nothing = np.zeros((len(texts), PREDICTIONS), np.int32)
    return {
        "input_ids": ids,
        "input_mask": used,
        "segment_ids": np.zeros_like(ids),
        "masked_lm_positions": nothing,
        "masked_lm_ids": nothing,
        "masked_lm_weights": nothing.astype(np.float32),
        "next_sentence_labels": np.zeros((len(texts), 1), np.int32),
    }


TEXT = st.lists(st.integers(BEGINS[0], CONTINUES[1] - 1), min_size=1, max_size=(LENGTH - 3) // 2)
BATCHES = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5).map(lambda texts: unmasked(*texts))


def words(ids: list[int]) -> list[list[int]]:
    """The positions of each word, by the plainest rule."""
    found: list[list[int]] = []
    for at, index in enumerate(ids):
        if index >= BEGINS[0]:
            if index >= CONTINUES[0] and ids[at - 1] >= BEGINS[0]:
                found[-1].append(at)
            else:
                found.append([at])
    return found


@settings(max_examples=100, deadline=None)
@given(batch=BATCHES, share=st.floats(0.05, 0.9), seed=st.integers(0, 2**31 - 1), step=st.integers(0, 10**6))
def test_laws_of_masking(batch: Arrays, share: float, seed: int, step: int) -> None:
    masking = Masking.of(VOCABULARY, share=share, whole_words=True)
    masked = masking.anew(batch, stream(seed, step))

    np.testing.assert_array_equal(originals(masked), batch["input_ids"])
    for name in ("input_mask", "segment_ids", "next_sentence_labels"):
        assert masked[name] is batch[name]
    assert {name: (a.dtype, a.shape) for name, a in masked.items()} == {n: (a.dtype, a.shape) for n, a in batch.items()}
    for row, ids in enumerate(batch["input_ids"].tolist()):
        count = int(masked["masked_lm_weights"][row].sum())
        chosen = masked["masked_lm_positions"][row, :count].tolist()
        assert masked["masked_lm_weights"][row].tolist() == [1.0] * count + [0.0] * (PREDICTIONS - count)
        assert masked["masked_lm_ids"][row].tolist() == [ids[at] for at in chosen] + [0] * (PREDICTIONS - count)
        assert not masked["masked_lm_positions"][row, count:].any()
        # Ascending, no special one among them, no word in part.
        of_words = words(ids)
        taken = [word for word in of_words if word[0] in chosen]
        assert chosen == sorted(at for word in taken for at in word)
        # As many as asked for, unless no word that is left would fit.
        wanted = min(max(round(int(batch["input_mask"][row].sum()) * share), 1), PREDICTIONS)
        assert count <= wanted
        assert all(len(word) > wanted - count for word in of_words if word not in taken)
        untouched = np.delete(masked["input_ids"][row] == batch["input_ids"][row], chosen)
        assert untouched.all()


@settings(max_examples=30, deadline=None)
@given(batch=BATCHES, seed=st.integers(0, 2**31 - 1))
def test_masks_do_not_depend_on_those_before(batch: Arrays, seed: int) -> None:
    before = MASKING.anew(batch, stream(7))
    for name, values in MASKING.anew(before, stream(seed)).items():
        np.testing.assert_array_equal(values, MASKING.anew(batch, stream(seed))[name], err_msg=name)


def test_the_masks_are_the_same_in_every_version() -> None:
    batch = unmasked(([5, 45, 6, 7, 46, 47], [8, 9, 48]), ([50, 10], [49, 11, 12, 13, 14]))
    masked = Masking.of(VOCABULARY, share=0.4, whole_words=True).anew(batch, stream(42, 3))
    assert masked["masked_lm_positions"].tolist() == GOLDEN["masked_lm_positions"]
    assert masked["input_ids"][:, :12].tolist() == GOLDEN["input_ids"]


def test_every_word_gets_its_turn_and_is_replaced_by_the_rule() -> None:
    text = ([10, 50, 11, 12, 13, 14, 15, 16], [17, 18, 19, 20])
    batch = unmasked(*[text] * 4000)
    masked = MASKING.anew(batch, stream())
    rows, slots = np.nonzero(masked["masked_lm_weights"])
    positions = masked["masked_lm_positions"][rows, slots]
    there, was = masked["input_ids"][rows, positions], masked["masked_lm_ids"][rows, slots]

    assert len(rows) == 4000 * 2  # 15 % of 15
    chosen = Counter(positions.tolist())
    assert chosen[1] == chosen[2]
    singles = [chosen[at] for at in (3, 4, 5, 6, 7, 8, 10, 11, 12, 13)]
    assert min(singles) > 0.9 * np.mean(singles)
    assert max(singles) < 1.1 * np.mean(singles)
    assert np.mean(there == IDS[MASK]) == pytest.approx(0.8 + 0.1 / 60, abs=0.02)
    assert np.mean(there == was) == pytest.approx(0.1 + 0.1 / 60, abs=0.02)
    assert set(there.tolist()) == set(range(60))


def test_without_whole_words_each_piece_is_its_own() -> None:
    pieces = Masking.of(VOCABULARY, share=0.15, whole_words=False)
    masked = pieces.anew(unmasked(*[([10, 50, 51, 52, 53, 54, 55], [11])] * 50), stream())
    assert masked["masked_lm_weights"].sum(axis=1).tolist() == [2.0] * 50


def test_a_batch_without_text_stays_without_masks() -> None:
    masked = MASKING.anew(unmasked(([], []), ([], [])), stream())
    assert not masked["masked_lm_weights"].any()

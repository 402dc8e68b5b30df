"""Near-duplicates: the groups a search of all pairs would find, one of each kept, whatever the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.screening.minhash import PERMUTATIONS, similarity
from jobs.corpus.screening.near_duplicates import ROWS, Signatures, groups, near_duplicates

Array = np.ndarray


def signatures_of(*agreements: float, seed: int = 0) -> Array:
    """A first signature, and for each number one that agrees with it in that share of places."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 1 << 16, PERMUTATIONS, dtype=np.uint16)
    rows = [first]
    for share in agreements:
        row = first.copy()
        changed = rng.permutation(PERMUTATIONS)[: round((1 - share) * PERMUTATIONS)]
        row[changed] += 1
        rows.append(row)
    return np.array(rows)


def documents(signatures: Array, pmc: str = "", words: tuple[int, ...] = (), uids: tuple[str, ...] = ()) -> Signatures:
    count = len(signatures)
    return Signatures(
        uids or tuple(f"uid{i}" for i in range(count)),
        np.array([str(i) in pmc for i in range(count)], np.bool_),
        np.array(words or [100] * count, np.uint32),
        signatures,
    )


@pytest.mark.parametrize(
    ("agreement", "similarity", "found"),
    [(1.0, 0.8, True), (0.95, 0.8, True), (0.82, 0.8, True), (0.75, 0.8, False), (0.75, 0.7, True), (0.98, 1.0, False)],
)
def test_a_pair_is_found_from_the_threshold_on(agreement: float, similarity: float, found: bool) -> None:
    assert groups(signatures_of(agreement), similarity) == ([[0, 1]] if found else [])


@pytest.mark.parametrize(
    ("pmc", "words", "uids", "kept"),
    [
        ("1", (900, 100, 800), (), "uid1"),
        ("12", (900, 100, 101), (), "uid2"),
        ("", (900, 901, 800), (), "uid1"),
        ("", (), ("b", "c", "a"), "a"),
    ],
    ids=["from PMC", "the longer of two from PMC", "the longest", "the first cord_uid"],
)
def test_the_best_of_a_group_is_kept(pmc: str, words: tuple[int, ...], uids: tuple[str, ...], kept: str) -> None:
    found = documents(signatures_of(0.95, 0.95), pmc, words, uids)
    assert near_duplicates(found, 0.8) == sorted(set(found.cord_uids) - {kept})


def test_what_hangs_together_is_one_document() -> None:
    rows = signatures_of(0.85)
    third = rows[1].copy()
    places = np.flatnonzero(rows[0] == rows[1])[:20]
    third[places] += 1
    assert similarity(rows[0], third) < 0.8
    assert groups(np.array([rows[0], third, rows[1]]), 0.8) == [[0, 1, 2]]


def test_none_and_one_document_have_no_twin() -> None:
    assert groups(np.empty((0, PERMUTATIONS), np.uint16), 0.8) == []
    assert groups(signatures_of(), 0.8) == []


@st.composite
def crowds(draw: st.DrawFn) -> Array:
    """Up to 12 signatures in a few families, with agreements around the threshold."""
    rows: list[Array] = []
    for seed in range(draw(st.integers(1, 3))):
        shares = draw(st.lists(st.sampled_from([0.6, 0.76, 0.79, 0.8, 0.81, 0.9, 1.0]), max_size=3))
        rows.extend(signatures_of(*shares, seed=seed))
    order = draw(st.permutations(range(len(rows))))
    return np.array([rows[i] for i in order])


@given(crowds(), st.sampled_from([0.5, 0.7, 0.8, 0.95]))
def test_the_groups_are_those_of_a_search_of_all_pairs(rows: Array, threshold: float) -> None:
    def linked(i: int, j: int) -> bool:
        bands = (rows[i] == rows[j]).reshape(-1, ROWS).all(axis=1).any()
        return bool(bands) and similarity(rows[i], rows[j]) >= threshold

    found: list[set[int]] = []
    for i in range(len(rows)):
        near = [group for group in found if any(linked(i, j) for j in group)]
        found = [group for group in found if group not in near] + [{i}.union(*near)]
    expected = sorted(sorted(group) for group in found if len(group) > 1)
    assert groups(rows, threshold) == expected


@given(crowds(), st.randoms(use_true_random=False))
def test_the_order_of_documents_does_not_matter(rows: Array, rng: object) -> None:
    one = documents(rows, pmc="0", words=tuple(100 + i % 3 for i in range(len(rows))))
    order = list(range(len(rows)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    other = Signatures([one.cord_uids[i] for i in order], one.from_pmc[order], one.words[order], rows[order])
    assert near_duplicates(one, 0.8) == near_duplicates(other, 0.8)


@given(crowds())
def test_of_what_is_alike_one_remains(rows: Array) -> None:
    """So none is held out while its twin is trained on, whatever is held out."""
    found = documents(rows)
    dropped = near_duplicates(found, 0.8)
    kept = [i for i, uid in enumerate(found.cord_uids) if uid not in dropped]
    assert groups(rows[kept], 0.8) == []
    assert len(kept) == len(rows) - sum(len(group) - 1 for group in groups(rows, 0.8))


def test_a_large_family_is_one_group() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 1 << 16, PERMUTATIONS, dtype=np.uint16)
    family = np.where(rng.random((500, PERMUTATIONS)) < 0.97, first, 0).astype(np.uint16)
    others = rng.integers(0, 1 << 16, (500, PERMUTATIONS), dtype=np.uint16)
    (group,) = groups(np.concatenate([others, family]), 0.8)
    assert group == list(range(500, 1000))


def test_two_families_that_share_bands_stay_two() -> None:
    """Pairs of one band and not alike, many of them, in an order in which the families mix."""
    rng = np.random.default_rng(5)
    first, second = signatures_of(0.6, seed=5)
    rows = np.array([(first, second)[i % 2] for i in range(400)])
    rows[rng.random(rows.shape) < 0.03] = 0
    assert groups(rows, 0.8) == [list(range(0, 400, 2)), list(range(1, 400, 2))]

"""Near-duplicates: each dropped for a better one that is kept and alike, as a search of all pairs finds them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.screening.minhash import PERMUTATIONS
from jobs.corpus.screening.near_duplicates import MOST_COMPARED, ROWS, NearDuplicate, Signatures, near_duplicates

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


def dropped(found: Signatures, similarity: float) -> dict[str, str]:
    """cord_uid -> the one it is dropped for."""
    return {twin.cord_uid: twin.kept for twin in near_duplicates(found, similarity)}


@pytest.mark.parametrize(
    ("agreement", "similarity", "found"),
    [(1.0, 0.8, True), (0.95, 0.8, True), (0.82, 0.8, True), (0.75, 0.8, False), (0.75, 0.7, True), (0.98, 1.0, False)],
)
def test_a_pair_is_found_from_the_threshold_on(agreement: float, similarity: float, found: bool) -> None:
    twin = NearDuplicate("uid1", "uid0", round(round(agreement * PERMUTATIONS) / PERMUTATIONS, 3))
    assert near_duplicates(documents(signatures_of(agreement)), similarity) == ([twin] if found else [])


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
def test_the_best_is_kept(pmc: str, words: tuple[int, ...], uids: tuple[str, ...], kept: str) -> None:
    found = documents(signatures_of(0.95, 0.95), pmc, words, uids)
    assert dropped(found, 0.8) == {uid: kept for uid in found.cord_uids if uid != kept}


def test_a_chain_of_small_changes_swallows_nothing_unlike_what_is_kept() -> None:
    """Each of forty versions is alike to the one before it; the last has nothing of the first."""
    rows = [signatures_of()[0]]
    for version in range(1, 40):
        row = rows[-1].copy()
        row[np.arange(version * 13, version * 13 + 13) % PERMUTATIONS] += 1
        rows.append(row)
    found = documents(np.array(rows), words=tuple(range(1000, 960, -1)))
    lost = dropped(found, 0.8)
    places = {uid: i for i, uid in enumerate(found.cord_uids)}
    assert "uid2" not in lost  # 0.797 like the first; the second, which is like both, went
    assert len(found) / 3 < len(found) - len(lost) < len(found)
    for uid, kept in lost.items():
        assert kept not in lost
        assert (rows[places[uid]] == rows[places[kept]]).mean() >= 0.8


def test_a_template_swallows_no_paper_that_is_half_its_own() -> None:
    """Case reports of one form: four tenths of each signature are the form's, and a few whole bands of them."""
    rng = np.random.default_rng(11)
    form = np.arange(PERMUTATIONS) < 0.4 * PERMUTATIONS
    rows = np.where(form, signatures_of()[0], rng.integers(0, 1 << 16, (500, PERMUTATIONS), dtype=np.uint16))
    rows[1] = rows[0]
    assert dropped(documents(rows), 0.5) == {"uid1": "uid0"}


def test_twins_are_found_among_more_of_one_template_than_are_compared() -> None:
    rng = np.random.default_rng(12)
    form = np.arange(PERMUTATIONS) < 0.4 * PERMUTATIONS
    rows = np.where(form, signatures_of()[0], rng.integers(0, 1 << 16, (4 * MOST_COMPARED, PERMUTATIONS), np.uint16))
    twins = rows.copy()
    twins[:, ::10] += 1
    found = documents(np.concatenate([rows, twins]), words=tuple(range(8 * MOST_COMPARED, 0, -1)))
    assert dropped(found, 0.8) == {f"uid{i + 4 * MOST_COMPARED}": f"uid{i}" for i in range(4 * MOST_COMPARED)}


def test_none_and_one_document_have_no_twin() -> None:
    assert near_duplicates(documents(np.empty((0, PERMUTATIONS), np.uint16)), 0.8) == []
    assert near_duplicates(documents(signatures_of()), 0.8) == []


@st.composite
def crowds(draw: st.DrawFn) -> Signatures:
    """Up to 12 documents in a few families, with agreements around the threshold, of a few ranks."""
    rows: list[Array] = []
    for seed in range(draw(st.integers(1, 3))):
        shares = draw(st.lists(st.sampled_from([0.6, 0.76, 0.79, 0.8, 0.81, 0.9, 1.0]), max_size=3))
        rows.extend(signatures_of(*shares, seed=seed))
    order = draw(st.permutations(range(len(rows))))
    words = draw(st.lists(st.integers(100, 102), min_size=len(rows), max_size=len(rows)))
    return documents(np.array([rows[i] for i in order]), draw(st.sampled_from(["", "0", "13"])), tuple(words))


@given(crowds(), st.sampled_from([0.5, 0.7, 0.8, 0.95]))
def test_it_is_what_a_search_of_all_pairs_finds(found: Signatures, threshold: float) -> None:
    def alike(i: int, j: int) -> float:
        same = found.signatures[i] == found.signatures[j]
        return float(same.mean()) if same.reshape(-1, ROWS).all(axis=1).any() else 0.0

    def rank(i: int) -> tuple[bool, int, str]:
        return not found.from_pmc[i], -int(found.words[i]), found.cord_uids[i]

    kept: list[int] = []
    lost: dict[str, float] = {}
    for i in sorted(range(len(found)), key=rank):
        nearest = max((alike(i, j) for j in kept), default=0.0)
        if nearest >= threshold:
            lost[found.cord_uids[i]] = nearest
        else:
            kept.append(i)
    assert {twin.cord_uid: twin.similarity for twin in near_duplicates(found, threshold)} == pytest.approx(
        lost, abs=1e-3
    )
    assert {twin.kept for twin in near_duplicates(found, threshold)} <= {found.cord_uids[i] for i in kept}


@given(crowds(), st.randoms(use_true_random=False))
def test_the_order_of_documents_does_not_matter(one: Signatures, rng: random.Random) -> None:
    order = list(range(len(one)))
    rng.shuffle(order)
    other = Signatures([one.cord_uids[i] for i in order], one.from_pmc[order], one.words[order], one.signatures[order])
    assert near_duplicates(one, 0.8) == near_duplicates(other, 0.8)


def test_a_large_family_is_one_document() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 1 << 16, PERMUTATIONS, dtype=np.uint16)
    family = np.where(rng.random((500, PERMUTATIONS)) < 0.97, first, 0).astype(np.uint16)
    others = rng.integers(0, 1 << 16, (500, PERMUTATIONS), dtype=np.uint16)
    lost = dropped(documents(np.concatenate([others, family])), 0.8)
    assert lost == {f"uid{i}": "uid500" for i in range(501, 1000)}

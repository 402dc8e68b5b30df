"""MinHash: blind to how a text is set, close to the true similarity, and the same numbers for ever."""

from __future__ import annotations

import hashlib
import random
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.screening.minhash import PERMUTATIONS, SHINGLE_WORDS, signature, similarities, word_hashes

WORDS = [f"{a}{b}{c}" for a in "bcdfgklm" for b in "aeiou" for c in ("r", "st", "nd", "x", "")]
BASIC_PLANE = st.text(st.characters(max_codepoint=0xFFFE), max_size=60)


def text_of(seed: int, words: int) -> list[str]:
    rng = random.Random(seed)
    return [rng.choice(WORDS) for _ in range(words)]


def jaccard(left: list[str], right: list[str]) -> float:
    one, other = (
        {tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1)} for words in (left, right)
    )
    return len(one & other) / len(one | other)


def signed(*texts: str) -> np.ndarray:
    return signature(word_hashes(texts))


def similarity(left: str, right: str) -> float:
    return float(similarities(signed(left), signed(right)[None])[0])


@pytest.mark.parametrize("changed_every", [1, 2, 5, 10, 20, 50, 200])
@pytest.mark.parametrize("words", [60, 400, 5000])
def test_the_estimate_is_close_to_the_true_similarity(words: int, changed_every: int) -> None:
    left = text_of(words, words)
    right = [f"other{i}" if i % changed_every == 0 else word for i, word in enumerate(left)]
    true = jaccard(left, right)
    deviation = (true * (1 - true) / PERMUTATIONS) ** 0.5
    assert similarity(" ".join(left), " ".join(right)) == pytest.approx(true, abs=4 * deviation + 1e-9)


def test_estimates_are_unbiased() -> None:
    errors = []
    for seed in range(100):
        left = text_of(seed, 300)
        right = [f"other{i}" if i % 12 == 0 else word for i, word in enumerate(left)]
        estimate = similarity(" ".join(left), " ".join(right))
        errors.append(estimate - jaccard(left, right))
    assert abs(sum(errors) / len(errors)) < 0.015
    assert np.std(errors) < 0.055


@given(st.lists(st.sampled_from(WORDS), max_size=40), st.lists(st.sampled_from([" ", ", ", ".\n", " - ", "_", "“"])))
def test_case_blanks_and_punctuation_do_not_count(words: list[str], separators: list[str]) -> None:
    again = "".join(
        word.upper() + (separators[i % len(separators)] if separators else "  ") for i, word in enumerate(words)
    )
    assert np.array_equal(signed(" ".join(words)), signed(again))


@given(BASIC_PLANE)
def test_words_are_runs_of_letters_and_digits(text: str) -> None:
    words = re.findall(r"[^\W_]+", text.casefold())
    hashes = word_hashes([text])
    assert len(hashes) == len(words)
    assert len(set(hashes.tolist())) == len(set(words))


@given(BASIC_PLANE | st.text(max_size=60))
@example("Straße İstanbul ﬁt ŉ Ⱥ Σας")
@example("a𐐀 𝛼-helix")
def test_a_word_is_hashed_as_python_folds_it(text: str) -> None:
    assert word_hashes([text]).tolist() == word_hashes([text.casefold()]).tolist()


@given(st.lists(BASIC_PLANE, max_size=4))
def test_a_paragraphs_end_ends_a_word(texts: list[str]) -> None:
    apart = [value for text in texts for value in word_hashes([text]).tolist()]
    assert word_hashes(texts).tolist() == apart


@pytest.mark.parametrize("text", ["", " .,; ", "\ud800", "𝛼-helix 𝟙"])
def test_any_text_has_a_signature(text: str) -> None:
    assert signed(text).shape == (PERMUTATIONS,)


@pytest.mark.parametrize("begin", ["", "é", "Straße "])
def test_words_end_where_a_window_does(begin: str) -> None:
    text = begin + " ".join(text_of(1, 20_000)) + " 中é " + "αb" * 50_000
    folded = text.casefold()
    windows = [folded[start : start + (1 << 16)] for start in range(0, len(folded), 1 << 16)]
    assert word_hashes([text]).tolist() == [value for window in windows for value in word_hashes([window]).tolist()]


def test_a_long_text_is_the_same_wherever_it_begins() -> None:
    words = text_of(1, 60_000)  # several windows
    text = " ".join(words)
    assert similarity(text, f"a line before it all\n{text}") > 0.97


def test_golden() -> None:
    digest = hashlib.sha256(signed("Spike protein of SARS-CoV-2 binds β-arrestin.").astype("<u2").tobytes()).hexdigest()
    assert digest[:16] == "138ed6996700ecbc", (
        "signatures have changed: raise the number of Kind.SIGNATURES in jobs/spec.py"
    )

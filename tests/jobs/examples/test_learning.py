"""A learned vocabulary: valid, cased, and the same every time."""

import itertools
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.examples import learning, word_counts
from jobs.examples.learning import learn_vocabulary
from jobs.examples.word_counts import count_words
from jobs.examples.wordpiece import WordPiece
from jobs.vocabulary import SPECIALS, UNK, parse_vocabulary
from tests.jobs.examples.synthetic import synthetic_documents

SENTENCES = [sentence for document in synthetic_documents(80) for sentence in document]


def test_it_is_a_vocabulary_of_at_most_the_size_asked_for() -> None:
    vocabulary = learn_vocabulary(SENTENCES, 200)
    assert vocabulary.tokens[: len(SPECIALS)] == SPECIALS
    assert len(vocabulary) <= 200
    assert parse_vocabulary(vocabulary.to_bytes(), "learned") == vocabulary


def test_even_a_small_one_holds_its_limit() -> None:
    assert len(learn_vocabulary(SENTENCES, 40)) <= 40


def test_it_is_the_same_every_time() -> None:
    assert len({learn_vocabulary(iter(SENTENCES), 300).to_bytes() for _ in range(5)}) == 1


def test_it_covers_its_own_text_and_keeps_case() -> None:
    vocabulary = learn_vocabulary([*SENTENCES, *["COVID covid"] * 50], 300)
    wordpiece = WordPiece(vocabulary)
    assert wordpiece.encode("COVID") != wordpiece.encode("covid")
    unknown = vocabulary.ids[UNK]
    assert not any(unknown in wordpiece.encode(sentence) for sentence in SENTENCES)


def peak_megabytes(program: str) -> int:
    """Peak memory of a process of its own, which prints it last."""
    tail = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    done = subprocess.run([sys.executable, "-c", program + tail], stdout=subprocess.PIPE, check=True, timeout=300)
    return int(done.stdout)


def test_its_memory_does_not_follow_how_often_a_word_occurs() -> None:
    program = """
from jobs.examples.learning import learn_vocabulary
learn_vocabulary(["the virus " * 500] * {}, 200)"""
    few, many = (peak_megabytes(program.format(times)) for times in (100, 3000))
    assert many - few < 50  # of 1.5 million occurrences; it was 330 bytes of each


def test_its_memory_does_not_follow_how_many_words_there_are() -> None:
    program = """
from jobs.examples import learning, word_counts
word_counts.MOST_COUNTED, learning.MOST_LEARNED = 20_000, 10_000
learning.learn_vocabulary((f"w{{n:x}} the" for n in range({})), 200)"""
    few, many = (peak_megabytes(program.format(words)) for words in (20_000, 200_000))
    assert many - few < 20  # 1.4 KB of each of 180,000 words would be 250


def test_frequent_words_are_learned_from_more_words_than_can_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_counts, "MOST_COUNTED", 300)
    monkeypatch.setattr(learning, "MOST_LEARNED", 100)
    sentences = [f"virus {number:05x}" for number in range(3000)]
    assert "virus" in learn_vocabulary(sentences, 150).tokens


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5), max_size=60))
def test_counts_are_exact_as_far_as_memory_goes(sentences: list[list[str]]) -> None:
    assert count_words(sentences) == Counter(word for sentence in sentences for word in sentence)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_counts, "MOST_COUNTED", 4)
        bounded = count_words(sentences)
    assert len(bounded) <= 4
    assert all(count <= Counter(itertools.chain(*sentences))[word] for word, count in bounded.items())

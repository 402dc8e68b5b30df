"""A learned vocabulary: valid, cased, and the same every time."""

from jobs.examples.learning import learn_vocabulary
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

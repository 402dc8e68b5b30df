"""Uncased words are those of google-research/bert's ``FullTokenizer(do_lower_case=True)``."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.examples.characters import CharacterClass, character_class
from jobs.examples.learning import learn_vocabulary
from jobs.examples.wordpiece import WordPiece, split_words
from jobs.vocabulary import SPECIALS, Vocabulary
from tests.code_points import every_character, telling_characters

TOKENS = (*SPECIALS, "naive", "covid", "is", "##s", "ας", "ασ", "'", "中")
VOCABULARY = Vocabulary(TOKENS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COVID Covid", ["covid", "covid"]),
        ("naïve NAÏVE nai\u0308ve", ["naive"] * 3),
        ("İSS", ["is", "##s"]),  # its lower case is an i with a dot above
        ("ΆΣ ΑΣ\u00ad ΑΣ'Α", ["ας", "ας", "ασ", "'", "[UNK]"]),  # a sigma at a word's end is another letter
        ("中\u0301中", ["中", "中"]),
        ("\u0301", []),
    ],
)
def test_pieces(text: str, expected: list[str]) -> None:
    assert [TOKENS[i] for i in WordPiece(VOCABULARY, cased=False).encode(text)] == expected


def word_by_word(text: str) -> list[str]:
    """In the original's order: clean, set Chinese apart, and then of every word lower case, accents, punctuation."""
    classes = {character: character_class(character) for character in set(text)}
    kept = [character for character in text if classes[character] is not CharacterClass.DROPPED]
    words = []
    for word in "".join(f" {c} " if is_chinese(c) else c for c in kept).split():
        lower = unicodedata.normalize("NFD", word.lower())
        words += split_words("".join(c for c in lower if unicodedata.category(c) != "Mn"))
    return words


def is_chinese(character: str) -> bool:
    apart = character_class(character) is CharacterClass.STANDS_ALONE
    return apart and unicodedata.category(character) in ("Lo", "Cn")


@pytest.mark.parametrize(
    "characters", [telling_characters, pytest.param(every_character, marks=pytest.mark.slow)], ids=["telling", "every"]
)
def test_code_points_are_folded_as_the_original_folds_them_word_by_word(characters: Callable[[], list[str]]) -> None:
    assigned = [character for character in characters() if unicodedata.category(character) != "Cn"]
    for at in range(0, len(assigned), 0x400):
        text = " ".join(f"{c} Σ{c} aΣ{c}B" for c in assigned[at : at + 0x400])
        assert split_words(text, cased=False) == word_by_word(text), hex(ord(assigned[at]))


@given(st.text(st.one_of(st.sampled_from("AΣσß İÏ'’-.中\u0301\u0345\u302e\U0001d165\xad\x01"), st.characters())))
def test_any_text_is_folded_as_the_original_folds_it_word_by_word(text: str) -> None:
    assert split_words(text, cased=False) == word_by_word(text)


def test_a_learned_vocabulary_has_no_upper_case_and_covers_its_text() -> None:
    sentences = ["COVID-19 naïvely", "Ärzte covid"] * 20
    vocabulary = learn_vocabulary(sentences, 120, cased=False)
    learned = [token for token in vocabulary.tokens if token not in SPECIALS]
    assert learned == [token.lower() for token in learned]
    wordpiece = WordPiece(vocabulary, cased=False)
    assert vocabulary.ids["[UNK]"] not in wordpiece.encode_lines(sentences)[0]

"""WordPiece ids follow google-research/bert's cased FullTokenizer."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.examples.wordpiece import WordPiece, split_words
from jobs.vocabulary import SPECIALS, Vocabulary, parse_vocabulary

TOKENS = (*SPECIALS, "un", "##aff", "##able", "COVID", "covid", "-", "19", "[", "]", "SEP", "é", "中", "a", "##a", "#")
VOCABULARY = Vocabulary(TOKENS)


def pieces(text: str) -> list[str]:
    return [TOKENS[i] for i in WordPiece(VOCABULARY).encode(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unaffable", ["un", "##aff", "##able"]),
        ("unaffablest", ["[UNK]"]),
        ("COVID-19 covid", ["COVID", "-", "19", "covid"]),
        ("é", ["é"]),
        ("e\u0301", ["[UNK]"]),  # not normalised: cleaning does that before
        ("[SEP]", ["[", "SEP", "]"]),
        ("a中a", ["a", "中", "a"]),
        ("a\u00adaa", ["a", "##a", "##a"]),  # a soft hyphen is dropped
        ("a\x0ba", ["a", "##a"]),  # a control character too, though str.split() would split there
        ("a\u2028a", ["a", "a"]),
        ("a\u00a0a", ["a", "a"]),
        ("\ue000", ["[UNK]"]),  # private use stays
        ("a\ufffda", ["a", "##a"]),
        ("a" * 200, ["a", *["##a"] * 199]),
        ("a" * 201, ["[UNK]"]),
        ("##a", ["#", "#", "a"]),
        (" \t\n", []),
        ("", []),
    ],
)
def test_pieces(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@pytest.mark.parametrize("character", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»–—…、。¡¿§")
def test_punctuation_stands_alone(character: str) -> None:
    assert split_words(f"a{character}b") == ["a", character, "b"]


@pytest.mark.parametrize("character", "×±°µαβ™€²½")
def test_symbols_and_letters_do_not(character: str) -> None:
    assert split_words(f"a{character}b") == [f"a{character}b"]


@given(st.text())
def test_words_hold_no_white_space_or_control_characters(text: str) -> None:
    for word in split_words(text):
        assert word
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zs") for c in word)


@given(st.text(alphabet="unaffable COVID-19[]#é中\n\x0b\xad", max_size=60))
def test_remembered_chunks_change_nothing(text: str) -> None:
    used = WordPiece(VOCABULARY)
    used.encode(text)
    assert used.encode(text) == WordPiece(VOCABULARY).encode(text)


def test_a_real_cased_vocabulary() -> None:
    path = Path(__file__).parents[4] / "shared/data/vocab/bert-base-cased-vocab.txt"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    vocabulary = parse_vocabulary(path.read_bytes(), path.name)
    text = "SARS-CoV-2 spike glycoprotein binds ACE2 (Kd ≈ 15 nM) in β-sheets."
    assert [vocabulary.tokens[i] for i in WordPiece(vocabulary).encode(text)][:9] == [
        "SA", "##RS", "-", "Co", "##V", "-", "2", "spike", "g",
    ]  # fmt: skip

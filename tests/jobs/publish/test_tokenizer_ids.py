"""The exported tokenizer.json gives the training tokenizer's ids."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers, pre_tokenizers

from jobs.examples.wordpiece import WordPiece
from jobs.publish.gate import ADVERSARIAL
from jobs.publish.tokenizer import build_tokenizer, load_tokenizer, tokenizer_json
from jobs.vocabulary import SPECIALS, Vocabulary
from tests.code_points import every_character, telling_characters

PIECES = ("a", "b", "##a", "##b", "co", "##vid", "CO", "##VID", "x", "##x", "é", "##é", "-", "[", "]", "MASK", "新")
VOCABULARY = Vocabulary((*SPECIALS, *PIECES))
IDS = VOCABULARY.ids
TRAINING = WordPiece(VOCABULARY)
EXPORTED = load_tokenizer(tokenizer_json(VOCABULARY))
UNCASED = Vocabulary((*SPECIALS, *PIECES, "σ", "##σ", "##ς", "e", "##e", "i", "##i", "mask"))
UNCASED_TRAINING = WordPiece(UNCASED, cased=False)
UNCASED_EXPORTED = load_tokenizer(tokenizer_json(UNCASED, cased=False))


def differing(encode: Callable[[str], list[int]], characters: list[str], training: WordPiece = TRAINING) -> list[str]:
    """The characters that ``encode`` treats unlike ``training``.

    Dropped, separating, standing alone and part of a word give four different id sequences for "a?b".
    """
    if encode(text := " ".join(f"a{c}b" for c in characters)) == training.encode(text):
        return []
    if len(characters) == 1:
        return characters
    middle = len(characters) // 2
    return differing(encode, characters[:middle], training) + differing(encode, characters[middle:], training)


EVERY = pytest.mark.parametrize(
    "characters", [telling_characters, pytest.param(every_character, marks=pytest.mark.slow)], ids=["telling", "every"]
)


@EVERY
def test_code_points_are_treated_as_in_training(characters: Callable[[], list[str]]) -> None:
    assert differing_of(EXPORTED, characters(), TRAINING) == []


@EVERY
def test_code_points_are_folded_as_in_training(characters: Callable[[], list[str]]) -> None:
    assert differing_of(UNCASED_EXPORTED, characters(), UNCASED_TRAINING) == []


def differing_of(encode: Callable[[str], list[int]], characters: list[str], training: WordPiece) -> list[str]:
    parts = (characters[at : at + 4096] for at in range(0, len(characters), 4096))
    return [character for part in parts for character in differing(encode, part, training)]


def test_the_stock_bert_components_would_not_do() -> None:
    """The reason for the spelled-out classes: when it is gone, they may go."""
    stock = build_tokenizer(VOCABULARY)
    stock.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    stock.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    encode = load_tokenizer(stock.to_str().encode())
    assert differing(encode, ["\ue000", "\U0002b820", "e"]) == ["\ue000", "\U0002b820"]


# Surrogates cannot come in: neither JSON nor CSV in UTF-8 holds them, and the library takes no such string.
ANY = st.characters(exclude_categories=["Cs"])


@given(st.text(st.one_of(st.sampled_from("abxéCOVID[]MASK新- \t\n\u200b\u2028\ue000\x1c\x00"), ANY)))
def test_any_text_has_the_ids_of_training(text: str) -> None:
    assert EXPORTED(text) == TRAINING.encode(text)


@given(st.text(st.one_of(st.sampled_from("aAÉéΣσςiIİ'.:- COVID[]MASK\u0301\u0345\u200b\x00"), ANY)))
def test_any_text_is_folded_as_in_training(text: str) -> None:
    """Capital sigma among them, whose lower case depends on its neighbours."""
    assert UNCASED_EXPORTED(text) == UNCASED_TRAINING.encode(text)


@pytest.mark.parametrize("text", [*ADVERSARIAL, "ΑΣ ΣΑΣ Α'Σ'Α Σ", "ǅ ﬁ ß Å"])
def test_hard_text_has_the_ids_of_training(text: str) -> None:
    assert EXPORTED(text) == TRAINING.encode(text)
    assert UNCASED_EXPORTED(text) == UNCASED_TRAINING.encode(text)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("covid COVID", ["co", "##vid", "CO", "##VID"]),
        ("Covid", ["[UNK]"]),
        ("é e\u0301", ["é", "[UNK]"]),
        ("x" * 200, ["x"] + ["##x"] * 199),
        ("x" * 201, ["[UNK]"]),
        ("a\u200bb a\u00a0b a\u2028b", ["a", "##b", "a", "b", "a", "b"]),
        ("a新b", ["a", "新", "b"]),
        ("[MASK]", ["[", "MASK", "]"]),
    ],
    ids=["case", "case-unknown", "accents", "longest-word", "too-long", "separators", "chinese", "special-as-text"],
)
def test_pieces(text: str, pieces: list[str]) -> None:
    assert EXPORTED(text) == [IDS[piece] for piece in pieces]


def test_users_get_special_tokens_where_training_read_text() -> None:
    ids = Tokenizer.from_buffer(tokenizer_json(VOCABULARY)).encode("a[MASK] b", "x").ids
    expected = ["[CLS]", "a", "[MASK]", "b", "[SEP]", "x", "[SEP]"]
    assert ids == [IDS[piece] for piece in expected]


def test_the_second_of_a_pair_is_segment_one() -> None:
    assert Tokenizer.from_buffer(tokenizer_json(VOCABULARY)).encode("a b", "x").type_ids == [0, 0, 0, 0, 1, 1]


def test_equal_vocabularies_give_equal_bytes() -> None:
    assert tokenizer_json(VOCABULARY) == tokenizer_json(Vocabulary(tuple(VOCABULARY.tokens)))

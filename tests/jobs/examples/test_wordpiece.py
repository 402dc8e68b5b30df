"""WordPiece ids follow google-research/bert's FullTokenizer, cased and uncased."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.examples.wordpiece import WordPiece, split_words
from jobs.vocabulary import SPECIALS, Vocabulary, parse_vocabulary
from tests.code_points import every_character, telling_characters

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


IDS = VOCABULARY.ids


def plainly(text: str, *, cased: bool = True) -> list[int]:
    """WordPiece as its paper says it, word by word: slow and plain."""
    ids = []
    for word in split_words(text, cased=cased):
        pieces: list[int] = []
        rest, prefix = word, ""
        while rest and len(word) <= 200:
            ends = (end for end in range(len(rest), 0, -1) if prefix + rest[:end] in IDS)
            if (end := next(ends, 0)) == 0:
                break
            pieces.append(IDS[prefix + rest[:end]])
            rest, prefix = rest[end:], "##"
        ids += [IDS["[UNK]"]] if rest else pieces
    return ids


@given(st.text(st.one_of(st.sampled_from("unaffable COVID-19[]#é中\n\x0b\xad"), st.characters()), max_size=80))
def test_ids_are_those_of_the_plain_method(text: str) -> None:
    assert WordPiece(VOCABULARY).encode(text) == plainly(text)


@given(st.lists(st.text(st.sampled_from("unaffable COVID\x0b\n中"), max_size=30), max_size=8))
def test_lines_are_encoded_as_if_each_were_alone(lines: list[str]) -> None:
    wordpiece = WordPiece(VOCABULARY)
    ids, ends = wordpiece.encode_lines(lines)
    begins = [0, *ends[:-1].tolist()]
    assert [ids[b:e].tolist() for b, e in zip(begins, ends.tolist(), strict=False)] == [
        wordpiece.encode(x) for x in lines
    ]


@pytest.mark.parametrize("cased", [True, False])
@pytest.mark.parametrize(
    "characters", [telling_characters, pytest.param(every_character, marks=pytest.mark.slow)], ids=["telling", "every"]
)
def test_code_points_are_treated_alike_by_both_ways(characters: Callable[[], list[str]], cased: bool) -> None:
    wordpiece, found = WordPiece(VOCABULARY, cased=cased), characters()
    for at in range(0, len(found), 0x100):
        text = " ".join(f"a{character}" for character in found[at : at + 0x100])
        assert wordpiece.encode(text) == plainly(text, cased=cased), hex(ord(found[at]))


def test_a_real_cased_vocabulary() -> None:
    path = Path(__file__).parents[4] / "shared/data/vocab/bert-base-cased-vocab.txt"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    vocabulary = parse_vocabulary(path.read_bytes(), path.name)
    text = "SARS-CoV-2 spike glycoprotein binds ACE2 (Kd ≈ 15 nM) in β-sheets."
    assert [vocabulary.tokens[i] for i in WordPiece(vocabulary).encode(text)][:9] == [
        "SA", "##RS", "-", "Co", "##V", "-", "2", "spike", "g",
    ]  # fmt: skip

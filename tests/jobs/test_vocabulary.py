"""Vocabularies: ids are line numbers, and what is wrong with a file is said."""

import pytest

from jobs.errors import ConfigurationError
from jobs.vocabulary import JUDGED_FROM, SPECIALS, Vocabulary, parse_vocabulary

GOOD = "\n".join([*SPECIALS, "the", "##s"]) + "\n"


def test_ids_are_line_numbers() -> None:
    vocabulary = parse_vocabulary(GOOD.encode(), "vocab.txt")
    assert vocabulary.ids["[PAD]"] == 0
    assert vocabulary.ids["##s"] == 6
    assert vocabulary.to_bytes() == GOOD.encode()


def test_a_byte_order_mark_is_no_part_of_the_first_entry() -> None:
    assert parse_vocabulary(b"\xef\xbb\xbf" + GOOD.encode(), "vocab.txt").to_bytes() == GOOD.encode()


def test_line_separators_of_unicode_are_entries() -> None:
    vocabulary = parse_vocabulary(GOOD.encode() + "a\u2028b\n".encode(), "vocab.txt")
    assert vocabulary.tokens[7] == "a\u2028b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("[MASK]\n", ""), r"lacks \[MASK\]"),
        (GOOD.replace("[MASK]\n", "").replace("[CLS]\n", ""), r"lacks \[CLS\], \[MASK\]"),
        (GOOD + "the\n", r"1 entries occur twice, first 'the' \(lines 6, 8\)"),
        (GOOD + "\nx\n\n", "lines 8, 10 are empty"),
        ("the\n" + GOOD.replace("the\n", ""), "must be its first entry, not 'the'"),
        ("", "lacks"),
    ],
)
def test_bad_vocabularies_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        parse_vocabulary(text.encode(), "own/vocab.txt")
    assert "own/vocab.txt" in str(caught.value)


def test_a_binary_file_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not UTF-8 at byte 2"):
        parse_vocabulary(b"ab\xff", "vocab.txt")


def words(*first: str) -> Vocabulary:
    return Vocabulary((*SPECIALS, *first, *(f"w{number}" for number in range(JUDGED_FROM))))


UPPER = tuple(f"W{number}" for number in range(200))


@pytest.mark.parametrize(
    ("vocabulary", "cased", "reason"),
    [
        (words(), True, "it is an uncased model's, and the recipe is cased"),
        (words("Ärzte"), True, "hardly an entry"),
        (words(*UPPER), False, "17% of its entries have upper-case letters"),
    ],
)
def test_a_vocabulary_of_the_other_case_is_refused(vocabulary: Vocabulary, cased: bool, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as raised:
        vocabulary.check_case(cased, "vocab.txt")
    assert f"vocabulary.cased={'false' if cased else 'true'}" in raised.value.remedy


def test_one_of_its_case_or_too_small_to_judge_is_taken() -> None:
    words(*UPPER).check_case(True, "vocab.txt")
    words("[unused7]").check_case(False, "vocab.txt")
    for cased in (True, False):
        Vocabulary((*SPECIALS, "W", "the")).check_case(cased, "vocab.txt")

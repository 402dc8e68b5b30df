"""Words appended to a published vocabulary: which, in what order, and what they leave as it was."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.errors import ConfigurationError
from jobs.examples.extension import Extension, extend_vocabulary, pieces_of_new_entries
from jobs.examples.wordpiece import WordPiece, split_words
from jobs.publish.tokenizer import load_tokenizer, tokenizer_json
from jobs.vocabulary import SPECIALS, UNK, Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyzCDNO0123456789"
BASE = Vocabulary((*SPECIALS, *LETTERS, *(f"##{one}" for one in LETTERS), "virus", "the", "in", "corona", ".", "-"))
DOCUMENTS = [
    ["the coronavirus in bats.", "the coronavirus in COD."],
    ["the virus in bats - the coronavirus."],
    ["a cell in a cell.", "2020 - 2020 - 2020 - 2020 - 2020 - 2020"],
    ["zebra zebra zebra zebra zebra zebra zebra zebra zebra"],
    [],
]


def extended(add: int = 2, min_documents: int = 2, *, cased: bool = True) -> Extension:
    return extend_vocabulary(BASE, DOCUMENTS, add, min_documents, cased=cased)


def test_words_are_ranked_by_the_pieces_that_they_save() -> None:
    found = extended(2)
    # coronavirus: three times, corona + 5 letters instead of one entry; bats: twice, 4 letters.
    assert [(new.word, new.count, new.documents, new.saved) for new in found.added] == [
        ("coronavirus", 3, 2, 15),
        ("bats", 2, 2, 6),
    ]
    assert found.added[0].pieces == ("corona", "##v", "##i", "##r", "##u", "##s")
    assert (found.documents, found.candidates) == (5, 2)


def test_the_base_stays_the_prefix_and_the_coverage_is_counted_anew() -> None:
    found = extended(2)
    assert found.vocabulary.tokens == (*BASE.tokens, "coronavirus", "bats")
    saved = sum(new.saved for new in found.added)
    assert found.before.pieces - found.after.pieces == saved
    assert found.after.whole - found.before.whole == 5
    assert (
        found.before.words
        == found.after.words
        == sum(len(split_words(sentence)) for document in DOCUMENTS for sentence in document)
    )


def test_a_word_of_one_document_is_not_the_field_s() -> None:
    assert "zebra" not in {new.word for new in extended(2).added}
    assert extended(1, min_documents=1).added[0].word == "zebra"


def test_numbers_are_no_words() -> None:
    assert not {new.word for new in extended(4, min_documents=1).added} & {"2020", "-"}


def test_an_uncased_vocabulary_gets_words_in_lower_case_without_accents() -> None:
    documents = [["Naïve BATS"], ["naive bats"]]
    found = extend_vocabulary(BASE, documents, 2, 2, cased=False)
    assert [(new.word, new.count) for new in found.added] == [("naive", 2), ("bats", 2)]
    assert len(WordPiece(found.vocabulary, cased=False).encode("NAÏVE Bats")) == 2


def test_the_order_of_the_documents_does_not_matter() -> None:
    results = {
        extend_vocabulary(BASE, order, 3, 1).vocabulary.to_bytes() for order in itertools.permutations(DOCUMENTS)
    }
    assert len(results) == 1


@pytest.mark.parametrize(
    ("documents", "add", "message"),
    [
        (
            DOCUMENTS,
            3,
            r"^vocabulary\.extend: 2 words occur in at least 2 of 5 training documents .* 3 are to be added",
        ),
        ([["the virus"]] * 3, 1, r"0 words .*\n  next: a lower --min-documents"),
        ([], 1, r"at least 2 of 0 training documents.*\n  next: give a corpus with more text"),
    ],
)
def test_too_few_words_are_an_error_that_says_how_many(documents: list[list[str]], add: int, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        extend_vocabulary(BASE, documents, add, 2)


@pytest.mark.parametrize("words", [["virus"], ["new", "[PAD]"], ["new", "new"]])
def test_a_word_that_is_there_already_is_refused(words: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="the vocabulary has it already"):
        BASE.extended(words)


WORDS = ["coronavirus", "bats", "virus", "the", "-", "Ω"]
TEXTS = st.lists(st.one_of(st.sampled_from(WORDS), st.text("abcovirus tsN2-.", max_size=12)), max_size=12).map(" ".join)


@given(TEXTS)
def test_text_in_which_no_word_begins_with_a_new_entry_is_cut_as_before(text: str) -> None:
    found = extended(2)
    assume(not any(word.startswith(new.word) for word in split_words(text) for new in found.added))
    assert WordPiece(found.vocabulary).encode(text) == WordPiece(BASE).encode(text)


@given(TEXTS)
def test_the_published_tokenizer_gives_the_same_ids(text: str) -> None:
    assert PUBLISHED(text) == EXTENDED.encode(text)


EXTENDED = WordPiece(extended(2).vocabulary)
PUBLISHED = load_tokenizer(tokenizer_json(extended(2).vocabulary))


def test_new_entries_are_known_by_the_pieces_that_they_replace() -> None:
    vocabulary = BASE.extended(["coronavirus", "##bat", "Ω", "ΩN"])
    ids = BASE.ids
    assert pieces_of_new_entries(vocabulary, len(BASE), cased=True) == [
        [ids["corona"], *(ids[f"##{letter}"] for letter in "virus")],
        [ids["b"], ids["##a"], ids["##t"]],
        [],
        [],
    ]
    assert ids[UNK] not in itertools.chain.from_iterable(pieces_of_new_entries(vocabulary, len(BASE), cased=True))

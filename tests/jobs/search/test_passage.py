"""The sentence that is shown of a paper: the one that answers best, and no heading where none does."""

import pytest

from jobs.search.passage import best_passage

ABSTRACT = (
    "Background. Fever was common in the children of the school. Methods. We asked all of them about cough and fever."
)


def stems(text: str) -> list[str]:
    return [word.strip(".").lower() for word in text.split()]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["cough"], "We asked all of them about cough and fever."),
        (["fever"], "Fever was common in the children of the school."),
        (["methods"], "Methods."),
        (["nothing"], "Fever was common in the children of the school."),
        ([], "Fever was common in the children of the school."),
    ],
)
def test_the_sentence_with_the_query_s_words_and_no_heading_without_them(words: list[str], shown: str) -> None:
    found = best_passage(ABSTRACT, words, stems)
    assert found.text == shown
    assert {found.text[start:end].lower() for start, end in found.marks} == set(words) - {"nothing"}


def test_an_abstract_of_headings_alone_shows_the_first() -> None:
    assert best_passage("Unknown.", ["fever"], stems).text == "Unknown."
    assert best_passage("", ["fever"], stems).text == ""

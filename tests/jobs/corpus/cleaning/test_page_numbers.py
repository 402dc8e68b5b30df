"""Numbers of pages behind a preprint's notice go; quantities that begin a page stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.page_numbers import remove_page_numbers

NOTICE = "doi: bioRxiv preprint"


def paper(*pages: str) -> list[str]:
    return [f"What follows is {NOTICE} {page}" for page in pages]


def test_numbers_that_count_pages_go() -> None:
    pages = [f"{number} of the text goes on." for number in range(2, 9)]
    assert remove_page_numbers(paper(*pages)) == paper(*["of the text goes on."] * 7)
    several = " ".join(paper("2 the cells", "3 were kept", "4"))
    assert remove_page_numbers([several]) == [f"{' '.join(paper('the cells', 'were kept'))} What follows is {NOTICE} "]


@pytest.mark.parametrize("page", ["1 2 the cells", "12 of 40 the cells", "12 the cells"])
def test_a_number_may_have_blanks_or_say_of_how_many(page: str) -> None:
    before = [f"{number} text" for number in range(5, 12)]
    assert remove_page_numbers(paper(*before, page))[-1] == paper("the cells")[0]


@pytest.mark.parametrize(
    "page",
    [
        "50 years old as",
        "220 (90.9%) patients had",
        "3 of the mice",
        "0.5 mg",
        "2020 was",
        "7",
        "4,545 features",
        "12%",
    ],
)
def test_a_quantity_stays(page: str) -> None:
    before = [f"{number} text" for number in range(2, 8)]
    assert remove_page_numbers(paper(*before, page))[-1] == paper(page)[0]


def test_a_number_elsewhere_stays() -> None:
    texts = ["In 2 the cells", *paper("the cells and 3 mice")]
    assert remove_page_numbers(texts) == texts


@given(st.lists(st.text(f"12 a of,{NOTICE}", max_size=20) | st.sampled_from(paper("2 a", "3 b", "1 4 c")), max_size=6))
def test_nothing_but_numbers_is_taken(texts: list[str]) -> None:
    def letters(text: str) -> str:
        return "".join(filter(str.isalpha, text.replace(" of ", " ")))

    assert list(map(letters, remove_page_numbers(texts))) == list(map(letters, texts))

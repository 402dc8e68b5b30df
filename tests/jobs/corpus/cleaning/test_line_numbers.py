"""Numbers that count a manuscript's lines go; numbers that say something stay."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.line_numbers import remove_line_numbers

TEXT = "the virus binds to cells of the upper airway and enters them within hours of exposure in most hosts"
WORDS = TEXT.split()


def manuscript(seed: int, lines: int, first: int = 1, step: int = 1, paragraph: int = 9) -> tuple[list[str], list[str]]:
    """Paragraphs with a number before each line (each ``step``th), and without; some lines state numbers."""
    rng = random.Random(seed)
    numbered, plain = [], []
    for start in range(first, first + lines, paragraph):
        rows = []
        for line in range(start, start + paragraph):
            words = rng.choices(WORDS, k=12)
            if rng.random() < 0.3:
                words.insert(6, str(rng.choice((5, 12, 37, 110, 2020))))
            rows.append((str(line) if line % step == 0 else "", " ".join(words)))
        numbered.append(" ".join(" ".join(row) if row[0] else row[1] for row in rows))
        plain.append(" ".join(text for _, text in rows))
    return numbered, plain


def test_every_line_number_goes_and_stated_numbers_stay() -> None:
    numbered, plain = manuscript(seed=1, lines=90)
    assert remove_line_numbers(numbered) == plain


def test_a_number_after_a_torn_word_goes_and_leaves_the_word_to_be_joined() -> None:
    numbered, _ = manuscript(seed=1, lines=90)
    torn = [text.replace(" 41 ", " suscep-41 tible ") for text in numbered]
    assert "suscep- tible" in remove_line_numbers(torn)[4]


def test_a_number_before_a_stop_goes_where_its_line_ends() -> None:
    numbered, _ = manuscript(seed=1, lines=90)
    cited = [text.replace(" 41 ", " 41. ") for text in numbered]  # where the citation that began line 41 was cut
    assert remove_line_numbers(cited)[4].count(". ") == 1
    assert " 41." not in remove_line_numbers(cited)[4]
    elsewhere = [text.replace(" 41 ", " ") for text in numbered]
    elsewhere[4] = elsewhere[4].replace(" 39 ", " 41. 39 ")
    assert " 41. " in remove_line_numbers(elsewhere)[4]


@pytest.mark.parametrize("last", [5, 7, 12])
def test_numbers_of_things_stay_in_a_manuscript_of_numbered_lines(last: int) -> None:
    numbered, plain = manuscript(seed=3, lines=54, first=31)
    things = [f"Patient {number} had a cough of some days and was not tested at home." for number in range(1, last + 1)]
    assert remove_line_numbers([*numbered, *things]) == [*plain, *things]


def test_a_few_lines_go_though_a_legend_stands_in_one_of_them() -> None:
    numbered, plain = manuscript(seed=5, lines=54, paragraph=6)
    legend = "a legend that belongs to a figure " * 100
    within = "one of two lines of a legend, as long as lines are, that stand in one " * 2
    broken = numbered[8].replace(" 52 ", f" {within}52 ")
    assert (
        remove_line_numbers([*numbered[:8], legend, broken, legend, *numbered[9:]])[9].replace(within, "") == plain[8]
    )


def test_sections_and_indexes_that_count_as_lines_do_stay() -> None:
    numbered, _ = manuscript(seed=1, lines=90)
    named = [
        text.replace(f" {9 * place + 3} ", f" Section {9 * place + 3} ").replace(
            f" {9 * place + 5} ", f" |z {place} | "
        )
        for place, text in enumerate(numbered)
    ]
    named[0] = named[0].replace(" 4 ", " where R 4 ").replace(" 2 ", " such a 2 ")
    kept = remove_line_numbers(named)
    assert all(f" Section {9 * place + 3} " in text and f" |z {place} | " in text for place, text in enumerate(kept))
    assert " where R 4 " in kept[0]
    assert " such a 2 " not in kept[0]


def test_a_number_that_tears_a_name_at_the_end_of_a_page_goes() -> None:
    numbered, _ = manuscript(seed=1, lines=90)
    numbered[3] = numbered[3].removesuffix(numbered[3].split(" 36 ")[1]).rstrip().removesuffix(" 36") + " SARS-36"
    assert remove_line_numbers(numbered)[3].endswith(" SARS-")
    assert remove_line_numbers(["It was COVID-19", *numbered[4:]])[0] == "It was COVID-19"


def test_a_quantity_in_the_count_stays() -> None:
    numbered, _ = manuscript(seed=1, lines=90)
    numbered[4] = numbered[4].replace(" 41 ", " 41 mg ")
    assert " 41 mg " in remove_line_numbers(numbered)[4]


def test_every_fifth_line_may_be_numbered() -> None:
    numbered, plain = manuscript(seed=2, lines=180, step=5)
    assert remove_line_numbers(numbered) == plain


def test_digits_may_be_set_apart() -> None:
    numbered, plain = manuscript(seed=3, lines=72, first=201)
    lines = {str(number) for number in range(201, 273)}
    apart = [" ".join(" ".join(word) if word in lines else word for word in text.split()) for text in numbered]
    assert "2 0 5" in apart[0]
    assert remove_line_numbers(apart) == plain


def test_a_notice_on_every_page_does_not_end_the_series() -> None:
    numbered, plain = manuscript(seed=4, lines=60)
    notice = "A notice that the server prints on every page, between two lines of the text. " * 4
    assert remove_line_numbers([f"{p} {notice}".strip() for p in numbered]) == [f"{p} {notice}".strip() for p in plain]


def test_a_few_lines_that_legends_broke_off_and_a_notice_interrupts_go_by_their_place_in_the_count() -> None:
    numbered, plain = manuscript(seed=5, lines=96, paragraph=4)
    legend = "a legend that belongs to a figure " * 100
    notice = "A notice that the server prints on every page, between two lines. " * 4
    broken = numbered[12].replace(" 51 ", f" {notice}51 ")
    kept = remove_line_numbers([*numbered[:12], legend, broken, legend, *numbered[13:]])
    assert kept[13].replace(notice, "") == plain[12]
    out_of_place = " ".join(
        f"{int(word) + 400}" if word in ("49", "50", "51", "52") else word for word in broken.split()
    )
    kept = remove_line_numbers([*numbered[:12], legend, out_of_place, legend, *numbered[13:]])
    assert kept[13] == out_of_place


def test_what_counts_between_numbered_lines_counts_no_lines() -> None:
    numbered, _ = manuscript(seed=6, lines=180, first=301)
    stated = 0
    for place in range(0, len(numbered), 3):
        for line in range(301 + 9 * place + 2, 301 + 9 * place + 6):
            stated += 1
            numbered[place] = numbered[place].replace(f" {line} ", f" {line} the virus after {stated} ")
    kept = " ".join(remove_line_numbers(numbered))
    assert [f" after {number} " in kept for number in range(1, stated + 1)] == [True] * stated
    assert not any(f" {line} " in kept for line in range(301, 481))


@given(st.integers(0, 200))
def test_numbers_of_a_text_without_line_numbers_stay(seed: int) -> None:
    rng = random.Random(seed)
    text = [" ".join(rng.choice([*WORDS, str(rng.randint(1, 60))]) for _ in range(150)) for _ in range(12)]
    assert remove_line_numbers(text) == text


def test_lists_tables_and_captions_that_count_stay() -> None:
    table = " ".join(f"{number} {number * 7}" for number in range(1, 40))
    listed = " ".join(f"{number} cells" for number in range(1, 40))
    captions = [
        f"Table {number} gives what was measured in that part of the long study, by age" for number in range(1, 20)
    ]
    text = [table, listed, *captions]
    assert remove_line_numbers(text) == text


def test_no_number_no_work() -> None:
    assert remove_line_numbers(["The virus.", ""]) == ["The virus.", ""]


def lone(line: int, sentence: str, last: bool = False) -> str:
    """What is left of a sentence in a manuscript that lost its lines from 100 to 198, or all lines from 100 on."""
    numbered, _ = manuscript(seed=7, lines=99)
    after = [] if last else manuscript(seed=8, lines=90, first=199)[0]
    place = len(numbered)
    return remove_line_numbers([*numbered, "", sentence.replace("#", str(line)), "", *after])[place + 1]


def test_the_number_of_a_lone_line_goes_by_its_place_in_the_count() -> None:
    assert lone(150, "The debris was removed # by force.") == "The debris was removed by force."
    assert lone(150, "The cells were kept cold. # We saw none.") == "The cells were kept cold. We saw none."
    assert lone(150, "The debris was removed # by force.", last=True) == "The debris was removed 150 by force."
    both = lone(150, "The debris was removed # by force, and the cells 153 were kept.", last=True)
    assert both == "The debris was removed by force, and the cells were kept."


def test_a_quantity_in_a_gap_of_the_count_stays() -> None:
    for sentence in (
        "It was found in # patients of three wards.",
        "The residues 27 to # bind to it.",
        "They weigh # mg or more.",
        "At residue # there is a turn.",
        "We counted 12, # and 13 of them.",
        "A dose of # mL was given.",
    ):
        assert lone(150, sentence) == sentence.replace("#", "150")
    for line in (40, 98, 250, 420):
        assert lone(line, "The debris was removed # by force.") == f"The debris was removed {line} by force."
    assert remove_line_numbers(["The debris was removed 150 by force."] * 9)[0].endswith("150 by force.")

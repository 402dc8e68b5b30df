"""Tables on a narrow terminal: names and numbers are whole, numbers stand to the right, nothing empty takes room."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from controller.cli.tables import (
    checks_table,
    dry_run_table,
    estimate_table,
    recipes_table,
    table_of,
    without_empty_columns,
)
from controller.cli.words import wrapped
from controller.costs.estimate import estimate, kinds_of
from controller.doctor.check import ok
from controller.planning.corpus_size import text_of
from controller.planning.dry_run import DryRun, PlannedStep
from controller.profiles.profile import load_profile
from jobs.ranges import Range, time_text
from jobs.recipe import load_recipe, recipe_names
from jobs.sample.sample import SAMPLE

NAMES = ["preprocess-ddf5f0f9", "pretrain-clinical-6d940ee1", "evaluate-clinical-ab801ce0"]


def tables(width: int) -> dict[str, tuple[Table, list[str]]]:
    """Each with the names that are in it."""
    planned = DryRun([PlannedStep(name, 300, False, SAMPLE) for name in NAMES], None, "")
    tiny, local = load_recipe("tiny"), load_profile("local", environment={})
    costs = estimate(kinds_of("all", tiny), tiny, local, text=text_of(SAMPLE), shards=2)
    return {
        "dry run": (dry_run_table(planned), NAMES),
        "estimate": (estimate_table(costs, width=width), [str(step.kind) for step in costs.steps]),
        "recipes": (recipes_table([load_recipe(name) for name in recipe_names()]), recipe_names()),
        "doctor": (checks_table([ok("compiled parts", "they are there, every one of them, " * 3)]), ["compiled parts"]),
    }


def drawn(table: Table, width: int) -> list[str]:
    out = StringIO()
    Console(file=out, width=width).print(without_empty_columns(table))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_names_are_whole_and_lines_fit(width: int) -> None:
    for what, (table, names) in tables(width).items():
        lines = drawn(table, width)
        assert all(len(line) <= width for line in lines), what
        for name in names:
            assert any(line.split("  ")[0] == name for line in lines), f"{what}: {name}"


def test_a_column_without_a_word_is_left_out() -> None:
    head = drawn(tables(80)["doctor"][0], 80)[0]
    assert head.split() == ["CHECK", "STATE", "REASON"]
    assert drawn(table_of("NAME", "NEXT"), 80)[0].strip() == ""


def test_numbers_end_at_one_column() -> None:
    lines = drawn(tables(200)["recipes"][0], 200)
    end = lines[0].index("STEPS") + len("STEPS")
    assert {line[end - 1].isdecimal() and line[end] == " " for line in lines[1:]} == {True}


def test_a_paragraph_is_broken_between_words_on_a_terminal_alone() -> None:
    text = "word " * 60
    assert max(map(len, wrapped(text, 60).splitlines())) <= 60
    assert max(map(len, wrapped(text, 200).splitlines())) <= 100
    assert wrapped(text, 100_000) == text


def test_what_is_short_beside_the_longer_has_its_own_unit() -> None:
    assert time_text(Range(0.017, 2.0)) == "61 s to 2 h"
    assert time_text(Range(0.5, 2.0)) == "0.5 to 2 h"
    assert time_text(Range(0.0, 2.0)) == "0 to 2 h"

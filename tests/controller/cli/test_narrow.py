"""Tables on a narrow terminal: names and numbers are whole, numbers stand to the right, nothing empty takes room."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from controller.cli.fitting import LEAST, fitted
from controller.cli.tables import checks_table, dry_run_table, estimate_table, gc_table, recipes_table, table_of
from controller.cli.words import wrapped
from controller.costs.estimate import estimate, kinds_of
from controller.doctor.check import ok
from controller.planning.corpus_size import text_of
from controller.planning.dry_run import DryRun, PlannedStep
from controller.profiles.profile import load_profile
from controller.status.gc import Removal
from jobs.ranges import Range, time_text
from jobs.recipe import load_recipe, recipe_names
from jobs.sample.sample import SAMPLE

NAMES = ["preprocess-ddf5f0f9", "pretrain-clinical-6d940ee1", "evaluate-clinical-ab801ce0"]


def tables(width: int) -> dict[str, tuple[Table, list[str]]]:
    """Each with the names that are in it."""
    planned = DryRun([PlannedStep(name, 300, True, SAMPLE, label="CORD-19 of June") for name in NAMES], None, "")
    tiny, local = load_recipe("tiny"), load_profile("local", environment={})
    costs = estimate(kinds_of("all", tiny), tiny, local, text=text_of(SAMPLE), shards=2)
    removals = [
        Removal(name, "checkpoints", "of a complete step, which cannot be extended then", ("a",), 1) for name in NAMES
    ]
    return {
        "dry run": (dry_run_table(planned), NAMES),
        "gc": (gc_table(removals), ["checkpoints"]),
        "estimate": (estimate_table(costs, width=width), [str(step.kind) for step in costs.steps]),
        "recipes": (recipes_table([load_recipe(name) for name in recipe_names()]), recipe_names()),
        "doctor": (checks_table([ok("compiled parts", "they are there, every one of them, " * 3)]), ["compiled parts"]),
    }


def drawn(table: Table, width: int) -> list[str]:
    out = StringIO()
    console = Console(file=out, width=width)
    console.print(fitted(table, console))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_names_are_whole_and_lines_fit(width: int) -> None:
    for what, (table, names) in tables(width).items():
        lines = drawn(table, width)
        assert all(len(line) <= width for line in lines), what
        for name in names:
            assert any(line.split("  ")[0] == name for line in lines), f"{what}: {name}"


@pytest.mark.parametrize("width", [60, 80])
def test_no_text_stands_in_a_gutter(width: int) -> None:
    """A row whose text has no room beside its names has it below them."""
    (table, _) = tables(width)["gc"]
    lines = drawn(table, width)
    begun = [line.strip() for line in lines if "of a complete step" in line]
    assert len(begun) == len(NAMES)
    assert all(len(line) >= LEAST for line in begun), lines


def test_what_stands_below_is_named_and_escaped() -> None:
    table = table_of("NAME", "LABEL", "RESULT")
    table.add_row("a" * 40, "June", "line\x1b[31m " * 9)
    head, below, *lines = drawn(table, 60)
    assert (head.split(), below.split()) == (["NAME"], ["LABEL", "|", "RESULT"])
    assert lines[1].startswith("  June | line\\u001b[31m")


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

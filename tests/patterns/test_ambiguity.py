"""No regular expression of the product is ambiguous: `make check` runs this."""

from __future__ import annotations

import re

import pytest

from jobs.corpus.cleaning import citations, junk
from tests.patterns.ambiguity import exponential, quadratic
from tests.patterns.every_pattern import Found, dynamic_patterns, every_pattern
from tests.patterns.possessive import is_single, possessive_bodies

EVERY = every_pattern()
each_pattern = pytest.mark.parametrize("found", EVERY, ids=[found.where for found in EVERY])


def test_the_walk_finds_them() -> None:
    """Among them one that is put together of others, one given as a literal and one of bytes."""
    patterns = {found.pattern for found in EVERY}
    assert {citations._AUTHORS, junk._REMNANT} <= patterns
    assert any(isinstance(pattern.pattern, bytes) for pattern in patterns)
    assert len(patterns) > 80


def test_no_pattern_is_made_of_what_a_text_says() -> None:
    """Those that a function makes as it runs, which no walk sees: of the product's own words alone."""
    made = {each.function for each in dynamic_patterns()}
    assert made <= {
        "_bytes",  # of a rule's needs
        "peak_flops",  # of a table of devices
        "training_energy",  # of another such table
        "write_profile",  # a constant of another module
        "_unlike",  # constants that its callers name
        "_zone",  # another such
        "_rewritten",  # of a table of libraries' words
        "_of_the_network",  # another such
    }


@each_pattern
def test_possessive_loops_are_of_single_characters(found: Found) -> None:
    """CPython before 3.11.5, Debian 12's among them, matches possessive loops of more wrongly (gh-106052): "(?:ab?)*+".
    "(?>(?:ab?)*)" is the same and right."""
    assert not [body for body in possessive_bodies(found.pattern) if not is_single(body)]


def test_a_possessive_loop_of_more_would_be_seen() -> None:
    bodies = [
        list(possessive_bodies(re.compile(pattern))) for pattern in ("a*+", "[ab]++", r"((?:ab?)*+)", "(?=(a|b)?+)")
    ]
    assert [[is_single(body) for body in each] for each in bodies] == [[True], [True], [False], [False]]


@each_pattern
def test_no_loop_matches_one_text_in_two_ways(found: Found) -> None:
    assert exponential(found.pattern) is None


@each_pattern
def test_no_two_loops_take_the_same_character(found: Found) -> None:
    assert quadratic(found.pattern, searched=found.searched) is None


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"(ab|ab)*c",
        r"(ab|abc?)*d",
        r"(a*)*b",
        r"(?:[a-z]+,?)*;",
        r"(\w+\s?)+[.]",
        r"(?:A\s?[,.]?\s?B)+C",
    ],
)
def test_what_takes_exponential_time_is_told(pattern: str) -> None:
    assert exponential(re.compile(pattern)) is not None


@pytest.mark.parametrize(
    "pattern", [r"a+b", r"\s+$", r"x\s*\s*y", r"(?:a|b)*c", r"x[a-z]*[b-c]*y", r"\((?=.*\))", r"-.*-"]
)
def test_what_takes_quadratic_time_is_told(pattern: str) -> None:
    assert quadratic(re.compile(pattern), searched=True) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        r"a+",
        r"\ba+b",
        r"\(\s*+[a-z]++\)",
        r"\((?:[a-z]+,)*;",
        r"\((?>a|ab)*c",
        r"x\s*+\s*y",
        r"[(][^()]*[)]",
        r"\ba{1,9}b",
    ],
)
def test_what_takes_linear_time_is_left_in_peace(pattern: str) -> None:
    assert exponential(re.compile(pattern)) is None
    assert quadratic(re.compile(pattern), searched=True) is None

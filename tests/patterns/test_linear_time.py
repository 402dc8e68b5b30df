"""Texts made to be hard for each regular expression of the product cost no more than their length."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from tests.patterns.every_pattern import Found, every_pattern
from tests.patterns.growth import grows_too_fast
from tests.patterns.hostile import Hostile, hostile_texts

EVERY = every_pattern()


@pytest.mark.parametrize("found", EVERY, ids=[found.where for found in EVERY])
def test_hostile_texts_cost_no_more_than_their_length(found: Found) -> None:
    for hostile in hostile_texts(found.pattern):
        assert not grows_too_fast(partial(_look, found, hostile)), hostile


def _look(found: Found, hostile: Hostile, length: int) -> None:
    text: Any = hostile.text(length)
    if isinstance(found.pattern.pattern, bytes):
        text = text.encode("utf-8", "surrogatepass")
    if found.searched:
        for _ in found.pattern.finditer(text):
            pass
    else:
        found.pattern.match(text)
        found.pattern.fullmatch(text)


@pytest.mark.parametrize("pattern", [r"(?:\w+\s?)+[.]", r"[a-z]+;", r"(?:(?:1,?)\s?)+$", r"\[[^\]]*\]"])
def test_hostile_texts_find_what_is_slow(pattern: str) -> None:
    found = Found("", re.compile(pattern), searched=True)
    assert any(grows_too_fast(partial(_look, found, each)) for each in hostile_texts(found.pattern))

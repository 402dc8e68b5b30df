"""Spans of time in words and back."""

import pytest

from controller.time_words import ago, parse_span, span, times


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (-5, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (3 * 86400, "3 days")],
)
def test_words(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_ago_and_times() -> None:
    assert (times(1), times(2), times(1200)) == ("once", "twice", "1,200 times")
    assert (ago(0.4), ago(3), ago(-40)) == ("just now", "3 s ago", "just now")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("30d", 2592000), (" 4w ", 2419200)]
)
def test_parsing(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "3y", "1d2h"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="12h"):
        parse_span(text)

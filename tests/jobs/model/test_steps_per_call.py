"""Steps per call: never past a boundary, and about a second's worth."""

from __future__ import annotations

import pytest

from jobs.errors import ConfigurationError
from jobs.model.steps_per_call import StepsPerCall


def test_a_fixed_pace_stops_at_boundaries() -> None:
    pace = StepsPerCall(4)
    pace.took(4, 100.0)
    assert [pace.steps(step, 10) for step in (0, 4, 8, 9)] == [4, 4, 2, 1]


def test_the_pace_approaches_one_second_a_call() -> None:
    pace, taken = StepsPerCall(), []
    for _ in range(6):
        taken.append(pace.steps(0, 1000))
        pace.took(taken[-1], taken[-1] * 0.1)
    assert taken == [1, 2, 4, 8, 10, 10]
    pace.took(10, 100.0)
    assert pace.steps(0, 1000) == 1


@pytest.mark.parametrize("text", ["0", "-1", "65", "many"])
def test_a_pace_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COVID_CTL_STEPS_PER_CALL", text)
    with pytest.raises(ConfigurationError, match="not in 1 to 64"):
        StepsPerCall.of_environment()


def test_the_environment_may_fix_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_CTL_STEPS_PER_CALL", "7")
    assert StepsPerCall.of_environment().steps(0, 100) == 7

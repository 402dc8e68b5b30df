from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import ConfigurationError
from jobs.evaluation.gate import Gate, MissedGateError, check_gates, flattened

MEASURES = {"tuned.mrr": 0.5, "judged.bm25.ndcg_at_10": 0.25, "broken": math.nan}


@pytest.mark.parametrize("text", ["tuned.mrr>=0.5", "tuned.mrr >= .5", "judged.bm25.ndcg_at_10>=0", "tuned.mrr>=-1"])
def test_a_measure_that_is_reached_passes(text: str) -> None:
    check_gates([Gate.parse(text)], MEASURES, "evaluate-x")


@pytest.mark.parametrize("text", ["tuned.mrr>=0.51", "judged.bm25.ndcg_at_10>=1", "broken>=0"])
def test_one_that_is_not_reached_exits_with_1(text: str) -> None:
    with pytest.raises(MissedGateError) as missed:
        check_gates([Gate.parse("tuned.mrr>=0"), Gate.parse(text)], MEASURES, "evaluate-x")
    assert missed.value.cli_exit_code == 1


@pytest.mark.parametrize("text", ["", "tuned.mrr", "tuned.mrr>0.5", "tuned.mrr>=", "tuned.mrr>=x", ">=1", "a..b>=1"])
def test_what_is_no_gate_is_a_usage_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="MEASURE>=VALUE"):
        Gate.parse(text)


def test_an_unknown_measure_names_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no measure tuned\.mmr; it has tuned\.mrr"):
        Gate.parse("tuned.mmr>=0.5").check(MEASURES, "evaluate-x")


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_the_value_itself_passes_and_nothing_below_it(value: float, least: float) -> None:
    gate = Gate("a", least)
    if value >= least:
        gate.check({"a": value}, "x")
    else:
        with pytest.raises(MissedGateError):
            gate.check({"a": value}, "x")


def test_numbers_at_any_depth_are_measures_and_nothing_else_is() -> None:
    nested = {"a": {"b": 1, "c": {"d": 0.5}}, "e": True, "f": "1", "g": [1.0], "h": None}
    assert dict(flattened(nested)) == {"a.b": 1.0, "a.c.d": 0.5}

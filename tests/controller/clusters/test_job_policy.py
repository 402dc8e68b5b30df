"""What the Job API promises, as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.clusters.job_policy import COMPLETE, FAILED, IndexedJob, JobPolicy, format_indexes, parse_indexes

RULES = (
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    {"action": "Ignore", "onExitCodes": {"containerName": "step", "operator": "In", "values": [45, 46]}},
    {"action": "FailIndex", "onExitCodes": {"containerName": "step", "operator": "In", "values": [42]}},
    {"action": "FailJob", "onExitCodes": {"containerName": "step", "operator": "In", "values": [43, 44]}},
)


def job(completions: int = 3, parallelism: int = 2, retries: int = 1) -> IndexedJob:
    return IndexedJob(JobPolicy(completions, parallelism, retries, RULES))


def run(indexed: IndexedJob, exits: list[tuple[int, int]], now: float = 0.0) -> None:
    for index, code in exits:
        indexed.started(index)
        indexed.exited(index, code, now)


@pytest.mark.parametrize(
    ("code", "action"),
    [(1, "Count"), (137, "Count"), (143, "Count"), (42, "FailIndex"), (43, "FailJob"), (44, "FailJob")],
)
def test_exit_codes_ask_for(code: int, action: str) -> None:
    assert job().policy.action(code) == action


def test_a_rule_with_not_in() -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0, 1]}}
    policy = JobPolicy(1, 1, 0, (rule,))
    assert policy.action(1) == "Count"
    assert policy.action(2) == "FailJob"


def test_indexes_start_lowest_first_as_parallelism_allows() -> None:
    indexed = job()
    assert indexed.startable(0) == [0, 1]
    indexed.started(0)
    indexed.started(1)
    assert indexed.startable(0) == []
    indexed.exited(1, 0, 0)
    assert indexed.startable(0) == [2]


def test_it_is_complete_when_every_index_succeeded() -> None:
    indexed = job()
    run(indexed, [(0, 0), (2, 0)])
    assert indexed.condition is None
    run(indexed, [(1, 0)])
    assert indexed.condition is not None
    assert indexed.condition.type == COMPLETE


def test_a_counted_failure_waits_twice_as_long_each_time() -> None:
    indexed = job(completions=1, retries=3)
    waits = []
    now = 0.0
    for _ in range(3):
        run(indexed, [(0, 1)], now)
        waits.append(indexed.not_before[0] - now)
        assert indexed.startable(now) == []
        now = indexed.not_before[0]
        assert indexed.startable(now) == [0]
    assert waits == [10, 20, 40]


def test_ignored_failures_wait_longer_too_and_end_nothing() -> None:
    indexed = job(completions=1, retries=0)
    waits = []
    for code in (45, 46, 45):
        run(indexed, [(0, code)])
        waits.append(indexed.not_before[0])
    assert waits == [10, 20, 40]
    assert (indexed.failed, indexed.failures, indexed.condition) == (set(), {}, None)


def test_back_off_ends_at_ten_minutes() -> None:
    indexed = job(completions=1, retries=100)
    run(indexed, [(0, 1)] * 50)
    assert indexed.not_before[0] == 600


def test_a_retry_that_succeeds_leaves_no_mark() -> None:
    indexed = job(completions=1)
    run(indexed, [(0, 1), (0, 0)])
    assert indexed.condition is not None
    assert indexed.condition.type == COMPLETE


def test_an_index_fails_for_good_after_its_retries_and_the_others_go_on() -> None:
    indexed = job(retries=1)
    run(indexed, [(0, 1), (0, 1)])
    assert indexed.failed == {0}
    assert indexed.condition is None
    assert indexed.startable(0) == [1, 2]
    run(indexed, [(1, 0), (2, 0)])
    assert indexed.condition is not None
    assert (indexed.condition.type, indexed.condition.reason) == (FAILED, "FailedIndexes")


def test_42_fails_its_index_without_a_retry() -> None:
    indexed = job(retries=5)
    run(indexed, [(1, 42)])
    assert indexed.failed == {1}
    assert indexed.startable(1e9) == [0, 2]


@pytest.mark.parametrize("code", [43, 44])
def test_43_and_44_fail_the_job_at_once(code: int) -> None:
    indexed = job(retries=5)
    run(indexed, [(0, code)])
    assert indexed.condition is not None
    assert (indexed.condition.type, indexed.condition.reason) == (FAILED, "PodFailurePolicy")
    assert indexed.startable(1e9) == []


@pytest.mark.parametrize(
    ("indexes", "text"),
    [([], ""), ([3], "3"), ([1, 2], "1,2"), ([1, 3, 4, 5, 7], "1,3-5,7"), ([0, 1, 2, 3], "0-3"), ([2, 0], "0,2")],
)
def test_indexes_are_written_as_the_api_does(indexes: list[int], text: str) -> None:
    assert format_indexes(indexes) == text


@given(st.sets(st.integers(0, 200)))
def test_indexes_are_read_as_they_are_written(indexes: set[int]) -> None:
    assert parse_indexes(format_indexes(indexes)) == indexes


def test_a_range_of_two_is_read_too() -> None:
    assert parse_indexes("0-1,7") == {0, 1, 7}


def test_nothing_starts_while_it_is_suspended() -> None:
    indexed = job()
    indexed.suspended = True
    assert indexed.startable(0) == []
    indexed.suspended = False
    assert indexed.startable(0) == [0, 1]


def test_the_deadline_counts_from_the_release() -> None:
    indexed = IndexedJob(JobPolicy(1, 1, 0, RULES, deadline_seconds=60), suspended=True)
    indexed.tick(0)
    indexed.suspended = False
    indexed.tick(1000)
    indexed.tick(1059)
    assert indexed.condition is None
    indexed.tick(1060)
    assert indexed.condition is not None
    assert indexed.condition.reason == "DeadlineExceeded"

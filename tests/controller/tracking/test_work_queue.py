"""The work queue: each name once, failures later and later, and no other name held up by them."""

from __future__ import annotations

from controller.tracking.work_queue import LONGEST_RETRY_SECONDS, RETRY_SECONDS, WorkQueue


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_name_is_taken_once_in_order() -> None:
    queue = WorkQueue(Clock())
    queue.add(["b", "a"])
    queue.add(["b"])
    assert queue.take() == ["a", "b"]
    assert queue.take() == []


def test_a_failed_name_comes_back_after_its_delay_and_holds_up_no_other() -> None:
    clock = Clock()
    queue = WorkQueue(clock)
    assert queue.failed("a") == RETRY_SECONDS
    queue.add(["a", "b"])
    assert queue.take() == ["b"]
    clock.now += RETRY_SECONDS
    assert queue.take() == ["a"]


def test_delays_double_up_to_the_longest_and_begin_anew_after_a_success() -> None:
    queue = WorkQueue(Clock())
    delays = [queue.failed("a") for _ in range(50)]
    assert delays[:3] == [5.0, 10.0, 20.0]
    assert delays[-1] == LONGEST_RETRY_SECONDS
    queue.succeeded("a")
    assert queue.failed("a") == RETRY_SECONDS


def test_a_forgotten_name_is_gone() -> None:
    clock = Clock()
    queue = WorkQueue(clock)
    queue.failed("a")
    queue.forget("a")
    clock.now += 1000
    assert queue.take() == []

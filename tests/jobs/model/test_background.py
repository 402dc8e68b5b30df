"""Saving beside the loop: one at a time, and no error is lost."""

from __future__ import annotations

import threading

import pytest

from jobs.errors import StoreError
from jobs.model.background import Background


def fail() -> None:
    raise StoreError("bucket", "away")


def test_the_loop_goes_on_while_a_task_runs() -> None:
    release, done = threading.Event(), []

    def task() -> None:
        release.wait()
        done.append(1)

    with Background() as background:
        background.start(task)
        background.check()
        assert done == []
        release.set()
        background.wait()
        assert done == [1]


def test_leaving_waits_for_the_task() -> None:
    done: list[int] = []
    with Background() as background:
        background.start(lambda: done.append(1))
    assert done == [1]


def test_the_next_task_waits_for_the_one_before() -> None:
    order: list[int] = []
    with Background() as background:
        for number in range(5):
            background.start(lambda number=number: order.append(number))  # type: ignore[misc]
            assert order[: number - 1] == list(range(number))[: number - 1]
    assert order == list(range(5))


def test_who_waits_can_be_called_away_and_the_task_goes_on() -> None:
    release, done = threading.Event(), []

    def task() -> None:
        release.wait()
        done.append(1)

    def stop() -> None:
        raise KeyError

    with Background() as background:
        background.start(task)
        with pytest.raises(KeyError):
            background.wait(stop)
        assert background.busy
        release.set()
        background.wait()
        assert not background.busy
    assert done == [1]


def test_an_error_is_raised_by_the_next_call() -> None:
    with Background() as background:
        background.start(fail)
        with pytest.raises(StoreError):
            background.start(fail)
        background.start(lambda: None)


def test_an_error_of_the_last_task_is_raised_on_leaving() -> None:
    with pytest.raises(StoreError), Background() as background:
        background.start(fail)


def test_an_error_of_the_loop_comes_first() -> None:
    def loop() -> None:
        with Background() as background:
            background.start(fail)
            raise KeyError

    with pytest.raises(KeyError):
        loop()

"""The watchdog: silent while steps take their usual time, and of help when one does not."""

from __future__ import annotations

import threading

import pytest
import structlog

from jobs.model.watchdog import Watchdog, end_process

PATIENCE = 60.0


class Stalled:
    def __init__(self) -> None:
        self.happened = threading.Event()
        self.doing, self.limit = "", 0.0

    def __call__(self, doing: str, _: float, limit: float) -> None:
        self.doing, self.limit = doing, limit
        self.happened.set()


def watched(*seconds: float, steps: int = 1, shortest: float = 0.0) -> Watchdog:
    """One that has seen updates of so many seconds."""
    now = [0.0]
    dog = Watchdog(Stalled(), shortest=shortest, first=1000.0, clock=lambda: now[0])
    for duration in seconds:
        with dog.watching("update", steps):
            now[0] += duration
    return dog


def test_the_limit_is_twenty_times_the_median_step() -> None:
    assert watched().limit("update", 5) == 1000.0
    assert watched(600.0, 2.0, 3.0, 1.0, 2.0).limit("update") == 40.0
    assert watched(20.0, 30.0, steps=10).limit("update", 4) == pytest.approx(200.0)
    assert watched(0.01, shortest=60.0).limit("update") == 60.0


def test_each_kind_of_work_is_measured_by_itself() -> None:
    assert watched(1.0).limit("saving") == 1000.0


def test_what_goes_beyond_its_limit_is_noticed_while_it_hangs() -> None:
    stalled = Stalled()
    with Watchdog(stalled, first=0.01).watching("saving"):
        assert stalled.happened.wait(PATIENCE)
    assert (stalled.doing, stalled.limit) == ("saving", 0.01)


def test_what_fails_is_no_stall() -> None:
    before = set(threading.enumerate())
    dog = Watchdog(Stalled(), first=3600.0)
    with pytest.raises(RuntimeError), dog.watching("update"):
        raise RuntimeError
    timers = [t for t in set(threading.enumerate()) - before if isinstance(t, threading.Timer)]
    assert all(timer.finished.is_set() for timer in timers)


def test_the_end_tells_where_every_thread_stands_and_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    with structlog.testing.capture_logs() as logs:
        end_process("evaluation", 61.0, 60.0)
    held.set()
    thread.join()
    assert codes == [1]
    (event,) = logs
    assert (event["event"], event["doing"]) == ("training.stalled", "evaluation")
    assert "in wait" in event["stacks"]
    assert "in test_the_end_tells" in event["stacks"]

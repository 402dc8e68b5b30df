"""Requests of several threads that wait for each other are answered together, each with its own answer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from jobs.search.batching import Batcher
from jobs.search.recent import Recent


def test_what_waits_is_done_together_and_each_gets_its_own() -> None:
    begun, go, sizes, lock = Event(), Event(), [], Lock()

    def squares(items: Sequence[int]) -> list[int]:
        begun.set()
        assert go.wait(60)
        with lock:
            sizes.append(len(items))
        return [item * item for item in items]

    batcher = Batcher(squares)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(batcher, 100)
        assert begun.wait(60)
        others = [pool.submit(batcher, item) for item in range(8)]
        while len(batcher._waiting) < 8:
            pass
        go.set()
        assert first.result(60) == 10_000
        assert [other.result(60) for other in others] == [item * item for item in range(8)]
    assert sizes == [1, 8]


def test_one_batch_runs_at_a_time_and_nothing_is_lost() -> None:
    running, most, lock = 0, 0, Lock()

    def doubled(items: Sequence[int]) -> list[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        found = [2 * item for item in items]
        with lock:
            running -= 1
        return found

    batcher = Batcher(doubled)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batcher, range(2000))) == [2 * item for item in range(2000)]
    assert most == 1


def test_an_error_reaches_all_that_it_concerns_and_nobody_after() -> None:
    def checked(items: Sequence[int]) -> list[int]:
        if 0 in items:
            raise ZeroDivisionError("none")
        return [1 // item for item in items]

    batcher = Batcher(checked)
    with pytest.raises(ZeroDivisionError):
        batcher(0)
    assert batcher(1) == 1


def test_what_was_asked_for_last_is_not_made_again() -> None:
    made: list[str] = []

    def lengths(keys: Sequence[str]) -> list[int]:
        made.extend(keys)
        return [len(key) for key in keys]

    recent = Recent(lengths, 2)
    assert recent.of(["a", "bb", "a"]) == [1, 2, 1]
    assert recent.of(["bb", "a"]) == [2, 1]
    assert made == ["a", "bb"]
    assert recent.of(["ccc", "a"]) == [3, 1]
    assert recent.of(["bb"]) == [2]
    assert made == ["a", "bb", "ccc", "bb"]
    assert recent.of(["d", "ee", "fff", "d"]) == [1, 2, 3, 1]
    assert recent.of([]) == []

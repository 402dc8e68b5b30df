"""Requests of several threads that wait for each other are answered together, each with its own answer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from jobs.search.batching import Batcher


def test_what_waits_is_done_together_and_each_gets_its_own() -> None:
    begun, go, sizes, lock = Event(), Event(), [], Lock()

    def squares(items: Sequence[int]) -> list[int]:
        begun.set()
        assert go.wait(60)
        with lock:
            sizes.append(len(items))
        return [item * item for item in items]

    batcher = Batcher(squares, workers=1)
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


def test_all_workers_share_what_waits_and_none_is_lost() -> None:
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

    batcher = Batcher(doubled, workers=2)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batcher, range(2000))) == [2 * item for item in range(2000)]
    assert most <= 2


def test_an_error_reaches_all_that_it_concerns_and_nobody_after() -> None:
    def checked(items: Sequence[int]) -> list[int]:
        if 0 in items:
            raise ZeroDivisionError("none")
        return [1 // item for item in items]

    batcher = Batcher(checked, workers=1)
    with pytest.raises(ZeroDivisionError):
        batcher(0)
    assert batcher(1) == 1

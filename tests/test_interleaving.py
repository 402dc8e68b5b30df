"""Orders that are left out could not have ended differently: the outcomes of those that are tried are all there are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st
from obstore.exceptions import AlreadyExistsError

from tests.interleaving import Bucket, every_order

Operation = tuple[str, str, bytes]
"""A request: what, where, and what is written."""
Outcome = tuple[tuple[tuple[str, bytes], ...], tuple[tuple[str, ...], ...]]
"""The objects in the end, and what each process saw."""

PATHS = ("a", "d/a", "d/b", "d/e/a", "d/e/b")
FOLDERS = ("", "d", "d/e")
WRITES = st.tuples(st.sampled_from(("create", "put", "delete")), st.sampled_from(PATHS), st.sampled_from((b"x", b"y")))
READS = st.tuples(st.just("get"), st.sampled_from(PATHS), st.just(b""))
LISTINGS = st.tuples(st.sampled_from(("list", "entries")), st.sampled_from(FOLDERS), st.just(b""))
PROCESS = st.lists(st.one_of(WRITES, READS, LISTINGS), min_size=1, max_size=3)


def make(bucket: Bucket, operation: Operation) -> str:
    """Make the request; returns all that its caller gets to know."""
    what, path, data = operation
    try:
        match what:
            case "create":
                bucket.put(None, path, data, mode="create")
            case "put":
                bucket.put(None, path, data)
            case "delete":
                bucket.delete(None, path)
            case "get":
                return repr(bucket.get(None, path).bytes())
            case "list":
                return repr(bucket.list(None, path))
            case "entries":
                return repr(bucket.list_with_delimiter(None, path))
    except (AlreadyExistsError, FileNotFoundError) as error:
        return repr(error)
    return ""


def process(bucket: Bucket, operations: Sequence[Operation], seen: list[str]) -> Callable[[], None]:
    def run() -> None:
        for operation in operations:
            seen.append(make(bucket, operation))

    return run


def outcome(bucket: Bucket, seen: Sequence[Sequence[str]]) -> Outcome:
    return tuple(sorted(bucket.objects.items())), tuple(map(tuple, seen))


def filled() -> Bucket:
    bucket = Bucket()
    bucket.objects |= {"d/a": b"x", "d/e/a": b"x"}
    return bucket


def of_all_orders(processes: Sequence[Sequence[Operation]]) -> set[Outcome]:
    turns = [number for number, operations in enumerate(processes) for _ in operations]
    found = set()
    for order in set(itertools.permutations(turns)):
        bucket, seen = filled(), [[] for _ in processes]  # type: tuple[Bucket, list[list[str]]]
        left = [iter(operations) for operations in processes]
        for number in order:
            seen[number].append(make(bucket, next(left[number])))
        found.add(outcome(bucket, seen))
    return found


def of_those_that_are_tried(processes: Sequence[Sequence[Operation]]) -> set[Outcome]:
    seen: list[list[str]] = []

    def begin() -> Bucket:
        bucket = filled()
        seen[:] = [[] for _ in processes]
        for number, operations in enumerate(processes):
            bucket.spawn(f"{number}", process(bucket, operations, seen[number]))
        return bucket

    return {outcome(bucket, seen) for bucket in every_order(begin)}


@settings(max_examples=60)
@example([[("list", "", b""), ("delete", "d/a", b"")], [("create", "d/b", b"y")]])
@example([[("create", "d/e/b", b"x")], [("delete", "d/e/a", b"")], [("entries", "d", b"")]])
@given(st.lists(PROCESS, min_size=2, max_size=3).filter(lambda processes: sum(map(len, processes)) <= 6))
def test_every_outcome_is_found(processes: list[list[Operation]]) -> None:
    assert of_those_that_are_tried(processes) == of_all_orders(processes)


def test_orders_that_could_not_differ_are_tried_once() -> None:
    def orders(*processes: list[Operation]) -> int:
        def begin() -> Bucket:
            bucket = filled()
            for number, operations in enumerate(processes):
                bucket.spawn(f"{number}", process(bucket, operations, []))
            return bucket

        return len(list(every_order(begin)))

    assert orders([("put", "a", b"x")] * 3, [("put", "d/b", b"x")] * 3) == 1
    assert orders([("create", "d/a", b"y")] * 3, [("get", "d/a", b"")] * 3) == 1  # it was there before
    assert orders([("put", "a", b"x")], [("put", "a", b"y")]) == 2
    assert orders([("put", "d/e/b", b"x")] * 2, [("entries", "d", b"")] * 2) == 1  # d/e/ was there before

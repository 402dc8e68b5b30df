"""A document that fails, or does not end, is quarantined by name; the next one is worked on as if nothing had been."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable

import pytest

from jobs.corpus.documents import guard as guarding
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.guard import DocumentGuard, check_quarantined
from jobs.corpus.documents.paragraph import plain
from jobs.errors import ConfigurationError, Interrupted, StoreError

GOOD, BAD = (Document(uid, "", (), plain([f"The text of {uid}."]), "", "", "") for uid in ("good", "bad"))
HARD = re.compile("(?:a|b|ab)*c")


def deepen(depth: int) -> int:
    return deepen(depth + 1)


def never_ends() -> object:
    return HARD.match("ab" * 60)


def take_all_memory() -> object:
    return bytearray(1 << 62)


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (lambda: deepen(0), "RecursionError"),
        (take_all_memory, "ran out of memory with its 16 characters"),
        (lambda: 1 // 0, "ZeroDivisionError: integer division or modulo by zero"),
        (never_ends, "took more than 0 s of processor time for its 16 characters"),
    ],
)
def test_whatever_a_document_does_it_alone_is_quarantined(
    work: Callable[[], object], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "SECONDS", 0.2)
    guard = DocumentGuard("ingest-1/documents/00000.jsonl.gz")
    done = [
        guard.run(each, lambda document: document.body[0].text if document is GOOD else work())
        for each in (GOOD, BAD, GOOD)
    ]
    assert done == ["The text of good.", None, "The text of good."]
    (entry,) = guard.quarantined
    assert (entry.cord_uid, entry.file) == ("bad", "ingest-1/documents/00000.jsonl.gz")
    assert reason in entry.reason


def test_it_may_take_the_longer_the_longer_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "SECONDS", 0.0)
    long = Document("long", "", (), plain(["x" * 100_000]), "", "", "")  # two seconds
    guard = DocumentGuard()

    def work(_document: Document) -> bool:
        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass
        return True

    assert guard.run(long, work)
    assert guard.run(GOOD, work) is None


def test_the_end_of_the_step_is_not_put_off_by_a_document_that_does_not_end() -> None:
    stop = threading.Event()

    def check_stop() -> None:
        if stop.is_set():
            raise Interrupted("step", "SIGTERM arrived")

    guard = DocumentGuard("", check_stop)
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Interrupted):
        guard.run(BAD, lambda _: never_ends())
    assert guard.quarantined == []


def test_what_is_no_document_s_fault_is_not_blamed_on_one() -> None:
    guard = DocumentGuard()
    for error in (OSError(28, "No space left on device"), StoreError("bucket", "did not answer")):

        def fail(_document: Document, error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)):
            guard.run(GOOD, fail)
    assert guard.quarantined == []


def test_it_leaves_no_timer_and_no_handler_behind() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    DocumentGuard().run(GOOD, lambda _: 1 // 0)
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_in_another_thread_failures_are_caught_all_the_same() -> None:
    guard = DocumentGuard()
    thread = threading.Thread(target=lambda: guard.run(BAD, lambda _: 1 // 0))
    thread.start()
    thread.join(30)
    assert [entry.cord_uid for entry in guard.quarantined] == ["bad"]


def test_one_of_a_few_is_let_pass_but_not_more_than_the_share() -> None:
    check_quarantined(1, 3, 0.05, "preprocess-1")
    check_quarantined(5, 100, 0.05, "preprocess-1")
    with pytest.raises(ConfigurationError, match=r"6 of 100 documents could not be processed.*5% allowed"):
        check_quarantined(6, 100, 0.05, "preprocess-1")

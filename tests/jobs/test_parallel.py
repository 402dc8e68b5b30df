"""Work in threads that nobody has to wait for."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import jobs
from jobs.parallel import in_parallel, interruptibly
from tests.gcs_server import Fault, GcsServer


def test_results_come_in_order() -> None:
    assert list(in_parallel(lambda n: n * n, range(100), 8)) == [n * n for n in range(100)]


def test_the_first_error_in_order_is_raised_and_the_rest_is_left() -> None:
    def fail(number: int) -> int:
        if number >= 3:
            raise ValueError(number)
        return number

    found = in_parallel(fail, range(10_000), 2)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="3"):
        next(found)


def test_a_call_that_hangs_holds_up_nobody_who_leaves() -> None:
    hang = threading.Event()
    found = in_parallel(lambda number: number or hang.wait(), [1, 0], 2)
    assert next(found) == 1
    found.close()  # type: ignore[attr-defined]
    hang.set()


def test_an_error_is_the_callers_and_the_next_call_is_made() -> None:
    with pytest.raises(ZeroDivisionError):
        interruptibly(lambda: 1 // 0)
    assert interruptibly(lambda: 1) == 1


FAST = [["status"], ["submit", "preprocess"], ["logs", "ingest-12345678"], ["cancel", "ingest-12345678"], ["doctor"]]
REST = [
    ["artifacts"],
    ["gc"],
    ["verify", "ingest-12345678"],
    ["watch"],
    ["watch", "ingest-12345678"],
    ["explain", "ingest-12345678"],
    ["report"],
]
COMMANDS = [*FAST, *(pytest.param(command, marks=pytest.mark.slow) for command in [*REST, ["search", "fever"]])]


def test_no_other_module_waits_for_its_threads() -> None:
    """``concurrent.futures`` does when a block or the interpreter ends, whatever hangs in them."""
    root = Path(jobs.__file__).parents[1]
    found = {
        file.relative_to(root).as_posix()
        for package in ("jobs", "controller")
        for file in (root / package).rglob("*.py")
        if "ThreadPoolExecutor" in file.read_text("utf-8")
    }
    # The training's own, whose process ends without waiting (``jobs.__main__``).
    assert found == {"jobs/model/background.py", "jobs/model/dataset.py", "jobs/model/sampler.py"}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_ctrl_c_leaves_a_bucket_that_hangs(gcs: GcsServer, command: list[str]) -> None:
    gcs.fail(Fault(0, hangs=True))
    program = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell may begin with it ignored
from controller.cli.main import main
sys.argv = ["covid-ctl", *sys.argv[1:], "--bucket", "gs://tests/x", "--profile", "local"]
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 300
        while not gcs.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        assert gcs.requests
        process.send_signal(signal.SIGINT)
        # By itself in less than two; this is how long a machine under load may take to start and end a process.
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    # A watch of all steps has no other end than this one.
    assert process.returncode == (0 if command == ["watch"] else 130), said
    assert "Traceback" not in said

"""The processes below a covid-ctl that runs, found as Linux shows them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.command import COVID_CTL, environment
from tests.signals import as_from_a_terminal

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")


def start(*arguments: str, bucket: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(COVID_CTL), *arguments],
        env=environment(bucket),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=as_from_a_terminal,
    )


def containers(parent: int, kind: str = "") -> list[int]:
    """The pids of ``parent``'s containers, of one kind of step."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(pid) for pid in children if f"jobs\0{kind}" in _command(pid)]


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_for(found: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.005)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself meanwhile
        os.kill(pid, signal.SIGKILL)

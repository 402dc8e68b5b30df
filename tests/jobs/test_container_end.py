"""How a container ends: at once, whatever its threads still wait for."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = """
import runpy, sys, threading
from jobs.artifact import Artifact
from jobs.errors import Interrupted

def failing(*_):
    threading.Thread(target=threading.Event().wait).start()
    raise {error}

Artifact.open = failing
sys.argv = ["jobs", "pretrain", "--bucket", "b", "--name", "n"]
runpy.run_module("jobs", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("Interrupted('n', 'SIGTERM arrived')", 143, '"event": "step.interrupted"'),
        ("RuntimeError('the device is lost')", 1, "RuntimeError: the device is lost"),
    ],
    ids=["foreseen", "not foreseen"],
)
def test_no_thread_holds_it_up(error: str, code: int, said: str) -> None:
    command = [sys.executable, "-c", RUN.format(error=error)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code
    assert said in done.stderr

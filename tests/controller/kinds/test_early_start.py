"""A container that begins before its inputs are complete exits with 46, which no Job counts as a failure.

An old Kueue starts a step so, and so does a tracker whose view of the bucket is behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.planning.manifest import render
from jobs.artifact import Artifact
from jobs.errors import InputNotCompleteError
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import planned, profile

PROGRAM = """
import json, sys
from jobs.__main__ import main
print(json.dumps([main(arguments) for arguments in json.loads(sys.argv[1])]))
"""


@pytest.mark.slow
def test_each_kind_that_reads_a_step_exits_with_46(tmp_path: Path) -> None:
    """One process for all: several import tensorflow."""
    steps = planned(*Kind)
    reading = [step for step in steps if step.after]
    assert {step.spec.kind for step in reading} == set(Kind) - {Kind.INGEST, Kind.CHECKPOINT}
    for step in steps:
        Artifact(Store(str(tmp_path)), step.spec).submit()
    pods = [render(step, profile(str(tmp_path)))["spec"]["template"]["spec"] for step in reading]
    arguments = json.dumps([pod["containers"][0]["args"] for pod in pods])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, arguments],
        env=os.environ | {"JOB_COMPLETION_INDEX": "0", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = InputNotCompleteError.container_exit_code
    assert dict(zip([step.spec.kind for step in reading], json.loads(done.stdout), strict=True)) == {
        step.spec.kind: expected for step in reading
    }, done.stderr

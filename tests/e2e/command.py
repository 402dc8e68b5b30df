"""Runs the real ``covid-ctl``, in a process of its own as a user does, or only its ``main``."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from controller.cli.main import main

COVID_CTL = Path(sys.executable).with_name("covid-ctl")
PATIENCE = 480.0
"""Seconds until a command that does not end fails its test."""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def covid_ctl(
    *arguments: str,
    bucket: Path | None = None,
    cwd: Path | None = None,
    program: Path = COVID_CTL,
    online: bool = False,
) -> Done:
    """``online``: where HF_ENDPOINT is a server of the test."""
    offline = {"HF_HUB_OFFLINE": "0"} if online else {}
    done = subprocess.run(
        [str(program), *arguments],
        env=environment(bucket) | offline,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def answer(
    *arguments: str, bucket: Path | None = None, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> Done:
    """What a command that runs no step prints: its ``main`` in this process, without the half second of a start."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        mock.patch.dict(os.environ, variables or environment(bucket), clear=True),
        mock.patch.object(sys, "argv", ["covid-ctl", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd or Path.cwd()),
    ):
        try:
            main()
            code: str | int | None = 0
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return Done(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def environment(bucket: Path | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVID_CTL_")}
    return {**inherited, "HF_HUB_OFFLINE": "1", **({"COVID_CTL_BUCKET": str(bucket)} if bucket else {})}


def outputs(bucket: Path, name: str) -> dict[str, bytes]:
    """What a step wrote, without the records that hold timings."""
    manifest = json.loads((bucket / name / "manifest.json").read_text())
    return {output["path"]: (bucket / name / output["path"]).read_bytes() for output in manifest["outputs"]}

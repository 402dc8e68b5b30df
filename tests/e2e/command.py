"""Runs the real ``covid-ctl`` in a process of its own, as a user does."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def covid_ctl(*arguments: str, bucket: Path | None = None, cwd: Path | None = None, program: Path = COVID_CTL) -> Done:
    done = subprocess.run(
        [str(program), *arguments],
        env=environment(bucket),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def environment(bucket: Path | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVID_CTL_")}
    return {**inherited, "HF_HUB_OFFLINE": "1", **({"COVID_CTL_BUCKET": str(bucket)} if bucket else {})}


def outputs(bucket: Path, name: str) -> dict[str, bytes]:
    """What a step wrote, without the records that hold timings."""
    manifest = json.loads((bucket / name / "manifest.json").read_text())
    return {output["path"]: (bucket / name / output["path"]).read_bytes() for output in manifest["outputs"]}

"""A finished run that several files look at, made once for all processes that run tests."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.command import Done, covid_ctl
from tests.e2e.corpora import write_corpus

MODULES = ("jobs.py", "gzip.py", "google_crc32c.py")
"""In the run's working directory, and none of ours: a process that took them for ours would end."""


@dataclass(frozen=True)
class Run:
    """``submit preprocess`` of twelve papers, complete. A test that changes its bucket copies it."""

    folder: Path

    @property
    def corpus(self) -> Path:
        return self.folder / "corpus"

    @property
    def bucket(self) -> Path:
        return self.folder / "bucket"

    @property
    def command(self) -> tuple[str, ...]:
        return ("submit", "preprocess", "--corpus", str(self.corpus))

    @property
    def done(self) -> Done:
        """It was asked for JSON."""
        return Done(0, (self.folder / "out").read_text(), (self.folder / "err").read_text())

    @property
    def preprocess(self) -> str:
        """The last step's name."""
        return next(path.name for path in self.bucket.iterdir() if path.name.startswith("preprocess-"))


def finished_run(factory: pytest.TempPathFactory) -> Run:
    return Run(once(factory, "finished-run", _run))


def _run(folder: Path) -> None:
    made = Run(folder)
    write_corpus(made.corpus)
    for module in MODULES:
        (folder / module).write_text("raise SystemExit('shadowed')")
    done = covid_ctl(*made.command, "--output", "json", bucket=made.bucket, cwd=folder)
    assert done.code == 0, done.err
    (folder / "out").write_text(done.out)
    (folder / "err").write_text(done.err)


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process to ask has ``make`` fill, while the others wait."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (root / f"{name}.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if not lock.read():
            (root / name).mkdir()
            make(root / name)
            lock.write("made")
    return root / name

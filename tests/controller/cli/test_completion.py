"""What the shell offers at Tab: asked as shells ask, by click's protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.cli import completing, main
from controller.ledger.events import Event, EventType, Ledger
from jobs.recipe import recipe_names
from jobs.store import Store
from tests.gcs_server import Fault, GcsServer

PRETRAIN, PREPROCESS, INDEX = "pretrain-tiny-01234567", "preprocess-89abcdef", "index-tiny-00000000"
CONFIG = '[profiles.gke]\nbucket = "gs://tests/run"\n'


@pytest.fixture
def line(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The beginning of a command line, with a bucket that has three steps."""
    (tmp_path / "covid-ctl.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    for name in (PRETRAIN, PREPROCESS, INDEX):
        Ledger(Store(bucket)).append(name, Event(EventType.SUBMITTED, 0.0))
    return f"covid-ctl --profile local --bucket {bucket}"


STEPS = {
    "status": {PRETRAIN, PREPROCESS, INDEX},
    "explain pre": {PRETRAIN, PREPROCESS},
    "cancel index": {INDEX},
    "artifacts pretrain-tiny": {PRETRAIN},
    "submit pretrain tiny --examples": {PREPROCESS},
    "submit export tiny --run": {PRETRAIN},
    "submit evaluate tiny --against pre": {PRETRAIN},
    "search words --index ind": {INDEX},
    "search words --against": {INDEX, *recipe_names()},
    "report --against t": {"tiny"},
    "report": {PREPROCESS, "preprocess", "evaluate"},
    "verify index-": {INDEX},
}


@pytest.mark.parametrize("words", STEPS)
def test_steps_of_the_bucket_that_fit(words: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = offered(f"{line} {words}", capsys)
    assert {text for kind, text in found if kind == "plain"} == STEPS[words]


WORDS = {
    "estimate pretr": [("plain", "pretrain")],
    "submit pretr": [("plain", "pretrain")],
    "submit pretrain cl": [("file", "cl"), ("plain", "clinical")],
    "recipes show mini": [("file", "mini"), ("plain", "minilm")],
    "submit preprocess --recipe bi": [("file", "bi"), ("plain", "bio")],
    "submit preprocess --corpus sam": [("file", "sam"), ("plain", "sample")],
    "submit preprocess --vocab vo": [("file", "vo")],
    "publish tiny --to dir": [("dir", "dir")],
    "status --profile g": [("plain", "gke")],
    "status --output w": [("plain", "wide")],
    "search words --mode hy": [("plain", "hybrid")],
    "completion z": [("plain", "zsh")],
}


@pytest.mark.parametrize("words", WORDS)
def test_words_that_are_known(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "covid-ctl.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    assert offered(f"covid-ctl {words}", capsys) == WORDS[words]


@pytest.mark.parametrize(
    "place", ["--bucket gs://tests/run", "--bucket s3://other", "--profile none", "--bucket /absent"]
)
def test_a_bucket_that_does_not_answer_offers_nothing_and_says_nothing(
    place: str, gcs: GcsServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(completing, "BUCKET_SECONDS", 0.1)
    gcs.fail(Fault(0, hangs=True))
    assert offered(f"covid-ctl {place} status pre", capsys) == []
    gcs.heal()


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    for heavy in ("tensorflow", "numpy", "rich", "kubernetes"):
        (tmp_path / f"{heavy}.py").write_text("raise SystemExit(99)")
    asked = {"_COVID_CTL_COMPLETE": "zsh_complete", "COMP_WORDS": "covid-ctl submit pretrain cl", "COMP_CWORD": "3"}
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['covid-ctl']; from controller.cli.main import main; main()"],
        env=os.environ | asked | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "clinical" in ran.stdout


def offered(line: str, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """What bash is offered for the last word of the line, or for a new one after an option or a command."""
    words = line.split()
    known = words[-1].startswith("--") or words[-1] in ("status", "report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["covid-ctl"])
        patch.setenv("_COVID_CTL_COMPLETE", "bash_complete")
        patch.setenv("COMP_WORDS", line)
        patch.setenv("COMP_CWORD", str(len(words) - (not known)))
        with pytest.raises(SystemExit):
            main.main()
    out, err = capsys.readouterr()
    assert err == ""
    return [(kind, text) for kind, text in (found.split(",", 1) for found in out.split())]

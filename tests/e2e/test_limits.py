"""A training that reaches its limit: what is said of it, and that the same command with a higher one continues it."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.command import answer, covid_ctl
from tests.e2e.finished import Run

SHORT = (
    "schedule.train_steps=8",
    "schedule.warmup_steps=2",
    "schedule.evaluate_every=4",
    "schedule.checkpoint_every=4",
)


def pretrain(*settings: str) -> tuple[str, ...]:
    return ("submit", "pretrain", "tiny", *(word for one in (*SHORT, *settings) for word in ("--set", one)))


def test_a_limit_in_dollars_needs_a_price(run: Run) -> None:
    done = answer(*pretrain("schedule.max_dollars=5"), bucket=run.bucket)
    assert done.code == 3
    assert "profile local knows no price of its pods" in done.err
    assert "COVID_CTL_TRAINER__DOLLARS_PER_HOUR=PRICE" in done.err
    assert not list(run.bucket.glob("pretrain-*"))


@pytest.mark.slow
def test_a_limit_ends_the_run_once_and_says_so_everywhere(run: Run, tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    shutil.copytree(run.bucket, bucket)
    ended = covid_ctl(*pretrain("schedule.max_hours=0.0000001"), bucket=bucket)
    assert ended.code == 1
    assert "schedule.max_hours 1e-07 is reached: it has trained for " in ended.err
    assert "next: the same command with a higher --set schedule.max_hours=NUMBER continues it" in ended.err
    (log,) = bucket.glob("pretrain-*/logs/*")  # one attempt
    name = log.parts[-3]
    (status,) = covid_ctl("status", name, "--output", "json", bucket=bucket).json()
    assert (status["state"], status["retries"]) == ("failed", 0)
    assert "schedule.max_hours 1e-07 is reached" in status["reason"]
    explained = covid_ctl("explain", name, bucket=bucket).out
    assert "has failed: " in explained
    assert "a higher --set schedule.max_hours=NUMBER continues it" in explained
    done = covid_ctl(*pretrain("schedule.max_hours=2"), bucket=bucket)
    assert done.code == 0, done.err
    assert (bucket / name / "manifest.json").exists()

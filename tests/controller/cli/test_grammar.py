"""What people type by analogy does what they mean, or is answered with what to type instead."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.cli.main import cli
from jobs.errors import ConfigurationError
from jobs.ranges import HOUR, YEAR, Range, time_text


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, [*words])


def test_recipes_takes_a_name() -> None:
    assert run("recipes", "tiny").output == run("recipes", "show", "tiny").output
    assert isinstance(run("recipes", "tyni").exception, ConfigurationError)


def test_preprocess_takes_its_recipe_either_way(tmp_path: Path) -> None:
    place = ("--corpus", "sample", "--dry-run", "--bucket", str(tmp_path / "bucket"), "--profile", "local")
    argument, option, neither = (
        run("submit", "preprocess", *words, *place) for words in (["tiny"], ["--recipe", "tiny"], [])
    )
    assert argument.exit_code == 0, argument.output
    assert re.search(r"preprocess-[0-9a-f]{8}", argument.output)
    assert argument.output == option.output == neither.output
    both = run("submit", "preprocess", "tiny", "--recipe", "bio", *place)
    assert (both.exit_code, "give one of them" in both.output) == (2, True)


@pytest.mark.parametrize("place", ["s3://bucket/prefix", "https://example.org/x", "az://container"])
def test_a_bucket_of_another_kind_is_refused_by_name(place: str) -> None:
    refused = run("status", "--bucket", place, "--profile", "local").exception
    assert isinstance(refused, ConfigurationError)
    assert refused.reason == f"buckets of {place.partition(':')[0]}:// are not supported"


def test_times_are_in_the_unit_that_fits() -> None:
    assert time_text(Range(49_600, 232_000)) == "5.7 to 26 years"
    assert time_text(Range(1.4 * YEAR / HOUR, 1.4 * YEAR / HOUR)) == "511 days"
    assert time_text(Range(536, 2500)) == "22 to 104 days"
    assert time_text(Range(41, 55)) == "41 to 55 h"


def test_what_nobody_would_wait_for_is_no_work_for_this_machine() -> None:
    done = run("estimate", "pretrain", "bio", "--profile", "local")
    assert "not on this machine: pretrain (" in done.output
    assert "not on this machine" not in run("estimate", "pretrain", "tiny", "--profile", "local").output

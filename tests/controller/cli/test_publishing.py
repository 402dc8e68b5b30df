"""``covid-ctl publish`` and ``verify DIRECTORY``, as a person uses them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.cli.main import cli
from jobs.errors import ConfigurationError, CovidCtlError, PreflightError
from jobs.spec import Kind
from tests.e2e.command import Done, covid_ctl
from tests.hub_server import Hub
from tests.published import fill

TOKEN = "hf_of_a_test"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bucket")
    fill(place)
    return place


def invoke(bucket: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--bucket", str(bucket)], catch_exceptions=True)


def error_of(result: Result) -> CovidCtlError:
    assert isinstance(result.exception, CovidCtlError), result.output
    return result.exception


def test_a_directory_is_written_and_verified(bucket: Path, tmp_path: Path) -> None:
    target = tmp_path / "model"
    done = invoke(bucket, "publish", "tiny", "--to", str(target), "--gate", "held_out.accuracy>=0.47")
    assert done.exit_code == 0, done.output
    assert (target / "README.md").exists()
    seen = CliRunner().invoke(cli, ["verify", str(target)])
    assert seen.exit_code == 0
    assert seen.output.count("  proved: ") == 3
    (target / "config.json").write_text("{ }")
    again = CliRunner().invoke(cli, ["verify", str(target), "--output", "json"])
    assert again.exit_code == 1
    assert any(problem.startswith("config.json: its SHA-256") for problem in json.loads(again.output)["problems"])


def test_a_gate_that_is_missed_publishes_nothing(bucket: Path, tmp_path: Path) -> None:
    def gated(gate: str) -> Result:
        return invoke(bucket, "publish", "tiny", "--to", str(tmp_path / "model"), "--gate", gate)

    assert gated("tuned.mrr>=0.7").exit_code == 0
    assert "held_out.accuracy is 0.471, below 0.5" in str(error_of(gated("held_out.accuracy>=0.5")))
    assert "it has no measure tuned.recall" in str(error_of(gated("tuned.recall>=0.7")))


def test_the_same_weights_embedder_is_taken_and_no_others(tmp_path: Path) -> None:
    fill(tmp_path / "bucket", Kind.EXPORT)
    fill(tmp_path / "bucket", Kind.EVALUATE, **{"schedule.seed": "7"})
    done = invoke(tmp_path / "bucket", "publish", "tiny", "--to", str(tmp_path / "model"), "--output", "json")
    told = json.loads(done.output)
    assert told["embedder"] is told["evaluation"] is None
    assert told["export"].startswith("export-tiny-")


def test_what_is_not_there_is_named(bucket: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    missing = error_of(invoke(tmp_path / "empty", "publish", "tiny", "--to", str(tmp_path / "model")))
    assert isinstance(missing, PreflightError)
    assert missing.remedy == "covid-ctl submit export tiny --with-inputs"
    (ingest,) = (path.name for path in bucket.glob("ingest-*"))
    other = error_of(invoke(bucket, "publish", "tiny", "--to", str(tmp_path / "model"), "--export", ingest))
    assert isinstance(other, ConfigurationError)
    assert "its kind is ingest, not export" in str(other)


@pytest.mark.parametrize(
    "arguments",
    [(), ("--repo", "o/n", "--to", "x"), ("--repo", "tiny"), ("--repo", "o/n/x"), ("--to", "x", "--public")],
)
def test_a_place_is_named_once_and_well(bucket: Path, arguments: tuple[str, ...]) -> None:
    assert invoke(bucket, "publish", "tiny", *arguments).exit_code == 2


def test_what_uploading_needs_is_named_before_anything_is_done(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    monkeypatch.delitem(sys.modules, "jobs.publish.hub", raising=False)
    missing = error_of(invoke(bucket, "publish", "tiny", "--repo", "org/tiny"))
    assert isinstance(missing, PreflightError)
    assert "pip install '.[publish]'" in missing.remedy


@pytest.fixture
def hub() -> Iterator[Hub]:
    running = Hub(TOKEN)
    yield running
    running.close()


def test_the_command_publishes_where_hf_endpoint_says_and_keeps_the_token_to_itself(
    bucket: Path, tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "home")}
    for name, value in own.items():
        monkeypatch.setenv(name, value)

    def publish() -> Done:
        return covid_ctl("publish", "tiny", "--repo", "org/tiny", bucket=bucket, cwd=tmp_path, online=True)

    first, again = publish(), publish()
    assert first.code == again.code == 0, first.err + again.err
    assert first.out.splitlines()[-1].startswith(f"{hub.url}/org/tiny (private): commit ")
    assert again.out.splitlines()[-1] == f"{hub.url}/org/tiny (private): nothing to change: it is there already"
    commits = hub.repositories["org/tiny"].commits
    (export,) = (path.name for path in bucket.glob("export-tiny-*"))
    assert [commit.message for commit in commits] == ["initial commit", f"{export}: TinyCovidBERT"]
    assert TOKEN not in first.out + first.err + again.out + again.err
    for path, data in commits[-1].files.items():
        (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / path).write_bytes(data)
    assert CliRunner().invoke(cli, ["verify", str(tmp_path / "copy")]).exit_code == 0
    assert os.environ["HF_TOKEN"] not in (tmp_path / "copy/README.md").read_text()

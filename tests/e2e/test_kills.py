"""Whatever is killed, the artifact ends byte for byte as in an undisturbed run."""

import signal
from pathlib import Path

import pytest

from tests.e2e.command import covid_ctl, outputs
from tests.e2e.corpora import write_corpus
from tests.e2e.processes import containers, gone, kill, needs_linux, start, wait_for

pytestmark = needs_linux


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    corpus = write_corpus(tmp_path_factory.mktemp("corpus"), documents=60, paragraphs=12)
    return ["submit", "preprocess", "--corpus", str(corpus), "--shards", "3", "--parallelism", "2"]


@pytest.fixture(scope="module")
def undisturbed(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return finish(command, tmp_path_factory.mktemp("bucket"))


def finish(command: list[str], bucket: Path) -> dict[str, bytes]:
    done = covid_ctl(*command, bucket=bucket)
    assert done.code == 0, done.err
    return outputs(bucket, Path(done.out.splitlines()[-1]).name)


@pytest.mark.parametrize("parallelism", ["1", "3"])
def test_the_bytes_do_not_depend_on_parallelism(
    parallelism: str, command: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    assert finish([*command, "--parallelism", parallelism], tmp_path) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["3", "8"])
def test_eight_shards_have_the_same_bytes_by_one_process_and_by_many(
    processes: str, command: list[str], tmp_path: Path
) -> None:
    eight = [*command, "--shards", "8", "--parallelism"]
    assert finish([*eight, processes], tmp_path / "many") == finish([*eight, "1"], tmp_path / "one")


@pytest.mark.parametrize("kind", ["ingest", "signatures", "vocabulary", "preprocess"])
def test_a_killed_worker_is_replaced(
    kind: str, command: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    running = start(*command, bucket=tmp_path)
    wait_for(lambda: bool(containers(running.pid, kind)))
    kill(containers(running.pid, kind)[0])
    out, _ = running.communicate(timeout=120)
    assert running.returncode == 0, out
    assert finish(command, tmp_path) == undisturbed


def test_a_killed_covid_ctl_leaves_no_worker_and_is_continued(
    command: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    running = start(*command, bucket=tmp_path)
    wait_for(lambda: bool(containers(running.pid, "preprocess")))
    workers = containers(running.pid)
    kill(running.pid)
    running.communicate(timeout=60)
    wait_for(lambda: all(gone(worker) for worker in workers))
    assert finish(command, tmp_path) == undisturbed


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=lambda sent: sent.name)
def test_cancelling_ends_the_workers_and_is_continued(
    sent: signal.Signals, command: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    running = start(*command, bucket=tmp_path)
    wait_for(lambda: bool(containers(running.pid, "preprocess")))
    workers = containers(running.pid)
    running.send_signal(sent)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 130, out
    assert "cancelled\n  next: the same command continues it" in out
    assert all(gone(worker) for worker in workers)
    states = covid_ctl("status", "--output", "json", bucket=tmp_path).json()
    assert states[-1]["state"] == "cancelled"
    assert finish(command, tmp_path) == undisturbed


@pytest.mark.parametrize("shard", [0, 2])
def test_a_lost_manifest_is_made_again_from_the_records(
    shard: int, command: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """As when the last worker is killed between its record and the manifest; or before the record."""
    finish(command, tmp_path)
    (name,) = [path.name for path in tmp_path.glob("preprocess-*")]
    (tmp_path / name / "manifest.json").unlink()
    if shard:
        (tmp_path / name / "shards" / f"{shard:05d}.json").unlink()
        (tmp_path / name / "train" / f"{shard:05d}.tfrecord").unlink()
    assert finish(command, tmp_path) == undisturbed

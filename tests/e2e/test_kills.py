"""Whatever is killed, the artifact ends byte for byte as in an undisturbed run."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import answer, covid_ctl, outputs
from tests.e2e.corpora import write_corpus
from tests.e2e.processes import containers, gone, kill, needs_linux, start, wait_for

pytestmark = needs_linux


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    corpus = write_corpus(tmp_path_factory.mktemp("corpus"), documents=60, paragraphs=12)
    return ["submit", "preprocess", "--corpus", str(corpus), "--shards", "2", "--parallelism", "2"]


@pytest.fixture(scope="module")
def one_by_one(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bucket of a run that nothing disturbed, a shard at a time. It is not to be changed."""
    bucket = tmp_path_factory.mktemp("bucket")
    finish([*command, "--parallelism", "1"], bucket)
    return bucket


@pytest.fixture(scope="module")
def undisturbed(one_by_one: Path) -> dict[str, bytes]:
    (name,) = [path.name for path in one_by_one.glob("preprocess-*")]
    return outputs(one_by_one, name)


def finish(command: list[str], bucket: Path) -> dict[str, bytes]:
    done = covid_ctl(*command, bucket=bucket)
    assert done.code == 0, done.err
    return outputs(bucket, Path(done.out.splitlines()[-1]).name)


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["3", "8"])
def test_eight_shards_have_the_same_bytes_by_one_process_and_by_many(
    processes: str, command: list[str], tmp_path: Path
) -> None:
    eight = [*command, "--shards", "8", "--parallelism"]
    assert finish([*eight, processes], tmp_path / "many") == finish([*eight, "1"], tmp_path / "one")


def test_killed_workers_are_replaced(command: list[str], undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """One of each kind of step, in one run."""
    running = start(*command, bucket=tmp_path)
    for kind in ("ingest", "signatures", "vocabulary", "preprocess"):
        wait_for(lambda kind=kind: bool(containers(running.pid, kind)))  # type: ignore[misc]
        kill(containers(running.pid, kind)[0])
    out, _ = running.communicate(timeout=300)
    assert running.returncode == 0, out
    assert finish(command, tmp_path) == undisturbed
    for log in ("ingest", "signatures", "vocabulary", "preprocess"):
        assert [path.name for path in tmp_path.glob(f"{log}-*/logs/*-1.log")], log  # a second attempt


def test_a_covid_ctl_that_is_ended_leaves_no_worker_and_is_continued(
    command: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """By each signal in turn, every time later in the same run."""
    for sent, kind in ((signal.SIGKILL, "signatures"), (signal.SIGINT, "vocabulary"), (signal.SIGTERM, "preprocess")):
        running = start(*command, bucket=tmp_path)
        wait_for(lambda kind=kind, running=running: bool(containers(running.pid, kind)))  # type: ignore[misc]
        workers = containers(running.pid)
        running.send_signal(sent)
        out, _ = running.communicate(timeout=300)
        if sent == signal.SIGKILL:
            wait_for(lambda workers=workers: all(gone(worker) for worker in workers))  # type: ignore[misc]
            continue
        assert running.returncode == 130, out
        assert "cancelled\n  next: the same command continues it" in out
        assert all(gone(worker) for worker in workers)
        states = answer("status", "--output", "json", bucket=tmp_path).json()
        assert states[-1]["state"] == "cancelled"
    assert finish(command, tmp_path) == undisturbed


def test_a_worker_that_is_left_alone_ends_where_there_is_no_document_for_long(tmp_path: Path) -> None:
    """Had it gone on to the end of the file, it would have completed its step."""
    running, worker = reading_for_long(tmp_path)
    kill(running.pid)
    running.communicate(timeout=300)
    wait_for(lambda: gone(worker))
    assert not list(tmp_path.glob("bucket/ingest-*/manifest.json"))


def test_a_worker_that_is_told_to_stop_again_and_again_ends(tmp_path: Path) -> None:
    """As each thread of a killed parent sends its child the signal, one may come while another is heard."""
    running, worker = reading_for_long(tmp_path)
    running.send_signal(signal.SIGSTOP)  # or it would begin the worker anew
    for _ in range(20_000):
        os.kill(worker, signal.SIGTERM)
    wait_for(lambda: gone(worker), seconds=60)
    kill(running.pid)
    running.communicate(timeout=300)
    assert not list(tmp_path.glob("bucket/ingest-*/manifest.json"))


def reading_for_long(place: Path) -> "tuple[subprocess.Popen[str], int]":
    """A covid-ctl and its worker, which reads blank lines."""
    corpus, bucket = place / "notes.txt", place / "bucket"
    corpus.write_bytes(b"One was seen. It was new.\n\nTwo were seen. They were old.\n" + b"\n" * 12_000_000)
    running = start("submit", "preprocess", "--corpus", str(corpus), bucket=bucket)
    wait_for(lambda: running.poll() is not None or any(bucket.glob("ingest-*/progress/*.json")))
    (worker,) = containers(running.pid, "ingest")
    return running, worker


def long_document(path: Path) -> Path:
    """A corpus whose last document keeps one rule busy for seconds: a paragraph of accents that stand alone."""
    lines = [
        {"id": f"short{n}", "title": f"Cells {n}", "text": f"Sample {n} binds to it. Patient {n} had receptor {n}."}
        for n in range(20)
    ]
    lines.append({"id": "long", "title": "Cells", "text": "é´¨ " * 1_500_000})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.slow
def test_a_worker_that_is_left_alone_ends_inside_a_long_rule(tmp_path: Path) -> None:
    """Had it gone on to the document's end, which is the last one, it would have completed its step."""
    corpus = long_document(tmp_path / "papers.jsonl")
    bucket = tmp_path / "bucket"
    all_kept = ("--set", "corpus.languages=[]", "--set", "corpus.near_duplicate_similarity=1.0")
    running = start("submit", "preprocess", "--corpus", str(corpus), "--shards", "1", *all_kept, bucket=bucket)

    def is_at_the_last() -> bool:
        assert running.poll() is None, running.communicate()
        beats = [json.loads(beat.read_text()) for beat in bucket.glob("vocabulary-*/progress/*.json")]
        return any(beat["done"] == beat["total"] for beat in beats)

    wait_for(is_at_the_last, seconds=300)
    workers = containers(running.pid, "vocabulary")
    kill(running.pid)
    running.communicate(timeout=300)
    wait_for(lambda: all(map(gone, workers)))
    assert len(workers) == 1
    assert not list(bucket.glob("vocabulary-*/manifest.json"))


@pytest.mark.parametrize("shard", [0, 1])
def test_a_lost_manifest_is_made_again_from_the_records(
    shard: int, command: list[str], one_by_one: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """As when the last worker is killed between its record and the manifest; or before the record."""
    shutil.copytree(one_by_one, tmp_path, dirs_exist_ok=True)
    (name,) = [path.name for path in tmp_path.glob("preprocess-*")]
    (tmp_path / name / "manifest.json").unlink()
    if shard:
        (tmp_path / name / "shards" / f"{shard:05d}.json").unlink()
        (tmp_path / name / "train" / f"{shard:05d}.tfrecord").unlink()
    assert finish(command, tmp_path) == undisturbed

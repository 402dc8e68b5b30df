"""The ingest step: complete, accounted for, the same bytes each time, and clear about what it cannot use."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import zstandard

from jobs.__main__ import main
from jobs.artifact import Artifact, Manifest
from jobs.corpus.documents.shards import read_documents
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.errors import ConfigurationError, Interrupted
from jobs.files.place import locate
from jobs.progress import read_heartbeats
from jobs.sample.sample import sample_fingerprint, write_sample
from jobs.spec import Kind, Spec
from jobs.steps.context import StepContext
from jobs.steps.ingest import run
from jobs.store import Store

SETTINGS = {"document_shards": 3, "validation_share": 0.01, "max_quarantined_share": 0.05}
REAL = Path(__file__).parents[3].parent / "shared/data/cord19-sample"


def submit(bucket: Path, corpus_fingerprint: str, **settings: Any) -> Artifact:
    spec = Spec(Kind.INGEST, {**SETTINGS, **settings}, {"corpus": corpus_fingerprint})
    artifact = Artifact(Store(str(bucket)), spec)
    artifact.submit()
    return artifact


def ingest(artifact: Artifact, scratch: Path, corpus: str) -> Manifest:
    scratch.mkdir(parents=True)
    run(StepContext(artifact, 0, scratch, threading.Event().is_set, corpus))
    artifact.finish()
    return artifact.require()


def contents(bucket: Path, artifact: Artifact) -> dict[str, bytes]:
    return {output.path: (bucket / artifact.path(output.path)).read_bytes() for output in artifact.require().outputs}


def check_adds_up(counts: dict[str, Any]) -> None:
    rows, documents, parses = counts["rows"], counts["documents"], counts["parses"]
    assert rows["read"] == documents["read"] + rows["merged"] + rows["quarantined"]
    assert documents["read"] == documents["kept"] + sum(documents["dropped"].values()) + documents["quarantined"]
    assert documents["kept"] == sum(parses.values())
    assert counts["full_texts"] == parses["pmc_json"] + parses["pdf_json"]
    files = dict(counts["parse_files"])
    assert files.pop("found") == sum(files.values())


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    write_sample(tmp_path / "sample")
    return tmp_path / "sample"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Artifact]:
    root = tmp_path_factory.mktemp("ingested")
    artifact = submit(root / "bucket", sample_fingerprint())
    ingest(artifact, root / "scratch", "sample")
    return root / "bucket", artifact


def test_the_sample_is_ingested_and_every_count_adds_up(ingested: tuple[Path, Artifact]) -> None:
    _, artifact = ingested
    manifest = artifact.require()
    assert [output.path for output in manifest.outputs] == [
        "documents/00000.jsonl.zst",
        "documents/00001.jsonl.zst",
        "documents/00002.jsonl.zst",
        "held_out.txt",
        "quarantine.jsonl",
        "unreferenced_parses.txt",
    ]
    check_adds_up(manifest.counts)
    assert manifest.counts == {
        "rows": {"read": 310, "merged": 10, "quarantined": 0},
        "documents": {
            "read": 300,
            "kept": 282,
            "dropped": {"duplicate": 1, "no_text": 16},
            "quarantined": 1,
        },
        "parses": {"pmc_json": 140, "pdf_json": 101, "none": 41},
        "full_texts": 241,
        "full_texts_promised": 244,
        "ignored_files": 0,
        "other_texts": 0,
        "paragraphs_without_text": 0,
        "single_sentences": 0,
        "parse_files": {"found": 363, "chosen": 242, "set_aside": 120, "quarantined": 1, "unreferenced": 0},
        "missing_files": 1,
        "refused_members": 0,
    }


def test_the_outputs_hold_what_the_counts_say(ingested: tuple[Path, Artifact]) -> None:
    bucket, artifact = ingested
    shards = [
        list(read_documents(bucket / artifact.path(output.path))) for output in artifact.require().under("documents")
    ]
    uids = [document.cord_uid for shard in shards for document in shard]
    assert len(uids) == len(set(uids)) == 282
    weights = [sum(document.text_bytes for document in shard) for shard in shards]
    assert max(weights) - min(weights) < 12_000  # about one document

    outputs = contents(bucket, artifact)
    held_out = outputs["held_out.txt"].decode().splitlines()
    assert len(held_out) == 3
    assert held_out == sorted(set(held_out) & set(uids))

    entries = [json.loads(line) for line in outputs["quarantine.jsonl"].splitlines()]
    assert all(set(entry) == {"file", "reason", "position", "cord_uid", "kept_from"} for entry in entries)
    assert sorted((entry["kept_from"], entry["cord_uid"] in uids) for entry in entries) == [
        ("", False),
        ("metadata.csv", True),
    ]


def test_the_last_heartbeat_says_that_all_is_done(ingested: tuple[Path, Artifact]) -> None:
    _, artifact = ingested
    beat = read_heartbeats(artifact.store, artifact.name)[0]
    assert (beat.done, beat.total, beat.unit) == (300, 300, "documents")


def test_another_process_with_another_hash_seed_writes_the_same_bytes(
    ingested: tuple[Path, Artifact], tmp_path: Path
) -> None:
    artifact = submit(tmp_path / "bucket", sample_fingerprint())
    command = [sys.executable, "-m", "jobs", "ingest", "--bucket", str(tmp_path / "bucket"), "--name", artifact.name]
    environment = {"PYTHONHASHSEED": "7", "JOB_COMPLETION_INDEX": "0", "TMPDIR": str(tmp_path)}
    subprocess.run([*command, "--corpus", "sample"], env=environment, check=True, capture_output=True)
    assert contents(tmp_path / "bucket", artifact) == contents(*ingested)


def test_a_directory_is_ingested_like_the_built_in_sample(
    ingested: tuple[Path, Artifact], sample: Path, tmp_path: Path
) -> None:
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(sample))))
    ingest(artifact, tmp_path / "scratch", str(sample))
    assert contents(tmp_path / "bucket", artifact) == contents(*ingested)


def test_a_worker_that_comes_after_the_commit_only_finishes(sample: Path, tmp_path: Path) -> None:
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(sample))))
    ingest(artifact, tmp_path / "scratch", str(sample))
    (tmp_path / "bucket" / artifact.path("manifest.json")).unlink()
    shutil.rmtree(sample)
    again = ["ingest", "--bucket", str(tmp_path / "bucket"), "--name", artifact.name, "--corpus", str(sample)]
    assert main(again) == 0
    assert artifact.require().counts["documents"]["kept"] == 282


def test_a_corpus_that_changed_since_it_was_submitted_is_refused(sample: Path, tmp_path: Path) -> None:
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(sample))))
    with (sample / "metadata.csv").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ConfigurationError, match="not the corpus that ingest-"):
        ingest(artifact, tmp_path / "scratch", str(sample))


def test_other_trouble_with_the_place_is_clear(tmp_path: Path) -> None:
    artifact = submit(tmp_path / "bucket", "sample-0")
    with pytest.raises(ConfigurationError, match="fingerprint sample-1, not sample-0"):
        ingest(artifact, tmp_path / "first", "sample")
    with pytest.raises(ConfigurationError, match="not told where the corpus lies"):
        ingest(artifact, tmp_path / "second", "")
    with pytest.raises(ConfigurationError, match="no such directory"):
        ingest(artifact, tmp_path / "third", str(tmp_path / "nowhere"))


def test_too_many_malformed_documents_are_refused_with_the_first_of_them(sample: Path, tmp_path: Path) -> None:
    files = sorted((sample / "document_parses/pdf_json").iterdir())
    for file in files:
        file.write_bytes(b"{")
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(sample))))
    with pytest.raises(ConfigurationError) as raised:
        ingest(artifact, tmp_path / "scratch", str(sample))
    assert "16 of 300 documents are malformed, more than the 5% allowed; first document_parses/pdf_json/" in str(
        raised.value
    )
    assert raised.value.reason.count("byte 1: not JSON") == 3
    assert "quarantine.jsonl" in raised.value.remedy
    assert artifact.manifest() is None

    allowing = submit(tmp_path / "bucket", fingerprint(locate(str(sample))), max_quarantined_share=0.5)
    counts = ingest(allowing, tmp_path / "again", str(sample)).counts
    check_adds_up(counts)
    assert counts["parse_files"]["quarantined"] == len(files)


def test_broken_rows_count_towards_the_limit_and_are_listed(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    root.mkdir()
    good = "".join(f"u{number},A text {number}.\n" for number in range(18))
    (root / "metadata.csv").write_text(f"cord_uid,abstract\n{good},none\nu99\n")
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(root))))
    with pytest.raises(ConfigurationError, match=r"2 of 20 documents .* first metadata\.csv line 20: no cord_uid"):
        ingest(artifact, tmp_path / "scratch", str(root))

    allowing = submit(tmp_path / "bucket", fingerprint(locate(str(root))), max_quarantined_share=0.1)
    counts = ingest(allowing, tmp_path / "again", str(root)).counts
    check_adds_up(counts)
    assert counts["rows"] == {"read": 20, "merged": 0, "quarantined": 2}
    lines = contents(tmp_path / "bucket", allowing)["quarantine.jsonl"].splitlines()
    assert [json.loads(line)["position"] for line in lines] == ["line 20", "line 21"]


def test_one_usable_document_is_not_enough(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    root.mkdir()
    (root / "metadata.csv").write_text("cord_uid,abstract\nu1,A text.\n")
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(root))))
    with pytest.raises(ConfigurationError, match="one must be held out"):
        ingest(artifact, tmp_path / "scratch", str(root))
    assert artifact.record(0) is None


def test_shards_without_documents_are_written_all_the_same(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    root.mkdir()
    (root / "metadata.csv").write_text("cord_uid,abstract\nu1,A text.\nu2,Another.\n")
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(root))))
    ingest(artifact, tmp_path / "scratch", str(root))
    assert zstandard.decompress(contents(tmp_path / "bucket", artifact)["documents/00002.jsonl.zst"]) == b""


def test_a_stop_request_ends_it_without_a_commit(tmp_path: Path) -> None:
    artifact = submit(tmp_path / "bucket", sample_fingerprint())
    (tmp_path / "scratch").mkdir()
    with pytest.raises(Interrupted):
        run(StepContext(artifact, 0, tmp_path / "scratch", lambda: True, "sample"))
    assert artifact.record(0) is None


def test_an_unusable_corpus_ends_the_container_with_its_exit_code(tmp_path: Path) -> None:
    artifact = submit(tmp_path / "bucket", "0" * 64)
    arguments = ["ingest", "--bucket", str(tmp_path / "bucket"), "--name", artifact.name]
    assert main([*arguments, "--corpus", str(tmp_path / "nowhere")]) == 43


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real CORD-19 papers: {REAL} does not exist")
def test_real_papers_are_ingested_and_every_one_accounted_for(tmp_path: Path) -> None:
    artifact = submit(tmp_path / "bucket", fingerprint(locate(str(REAL))))
    counts = ingest(artifact, tmp_path / "scratch", str(REAL)).counts
    check_adds_up(counts)
    assert counts["rows"]["read"] == 903
    # Six rows name a PDF and a PMC parse; two name the same PMC parse, so 444 documents have 443 files.
    files = {"found": 449, "chosen": 443, "set_aside": 6, "quarantined": 0, "unreferenced": 0}
    assert (counts["parse_files"], counts["missing_files"]) == (files, 0)
    assert counts["full_texts"] == 444

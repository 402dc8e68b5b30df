"""``--dry-run``: the steps that submit would run, how even their shards will be, and nothing done."""

import csv
import random
from pathlib import Path

import pytest

from tests.e2e.command import answer
from tests.e2e.corpora import write_corpus
from tests.e2e.finished import Run


def test_it_names_what_submit_runs_and_leaves_no_trace(run: Run, tmp_path: Path) -> None:
    planned = answer(*run.command, "--dry-run", "--output", "json", bucket=tmp_path / "bucket").json()
    assert not (tmp_path / "bucket").exists()
    assert [step["shards"] for step in planned["steps"]] == [1, 2, 1, 2]
    assert not any(step["complete"] for step in planned["steps"])
    assert [manifest["name"] for manifest in run.done.json()] == [step["name"] for step in planned["steps"]]
    text = answer(*run.command, "--dry-run", bucket=run.bucket).out
    assert text.count("already complete") == 4
    assert "judged by the files of 12 documents" in text


def test_it_tells_how_even_the_shards_will_be(tmp_path: Path) -> None:
    command = ("submit", "preprocess", "--corpus", str(write_corpus(tmp_path / "corpus", documents=40)))
    planned = answer(*command, "--shards", "4", "--dry-run", "--output", "json", bucket=tmp_path / "bucket").json()
    assert planned["spread"]["documents"] == 40
    assert planned["spread"]["unevenness"] < 1.3


def test_too_many_shards_are_told_to_be_uneven_and_how_many_are_not(tmp_path: Path) -> None:
    command = ("submit", "preprocess", "--corpus", str(write_corpus(tmp_path / "corpus")), "--dry-run")
    text = answer(*command, "--shards", "40", bucket=tmp_path / "bucket").out
    even = text.split("--shards ")[1].split()[0]
    assert "uneven" in text
    assert "uneven" not in answer(*command, "--shards", even, bucket=tmp_path / "bucket").out


@pytest.mark.parametrize("arguments", [("pretrain", "tiny"), ("export", "tiny")], ids=lambda a: a[0])
def test_a_later_step_shows_its_inputs_where_they_are_asked_for(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command = ("submit", *arguments, "--dry-run")
    refused = answer(*command, bucket=tmp_path / "bucket")
    assert (refused.code, "--with-inputs" in refused.err) == (3, True)
    done = answer(*command, "--with-inputs", bucket=tmp_path / "bucket")
    assert [line.split("-")[0] for line in done.out.splitlines()[1:4]] == ["ingest", "signatures", "vocabulary"]
    assert f"\n{arguments[0]}-tiny-" in done.out


@pytest.mark.slow
def test_a_release_of_400000_papers_is_planned_for_512_workers(tmp_path: Path) -> None:
    """As many files as it has, without their bytes; sizes as 439 real parses have them."""
    rng = random.Random(1)
    for folder in range(256):
        (tmp_path / f"corpus/document_parses/pdf_json/{folder:02x}").mkdir(parents=True)
    with (tmp_path / "corpus/metadata.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("cord_uid", "title", "abstract", "pdf_json_files"))
        for number in range(400_000):
            path = f"document_parses/pdf_json/{number % 256:02x}/{number:040x}.json"
            with (tmp_path / "corpus" / path).open("wb") as parse:
                parse.truncate(min(20_000_000, round(rng.lognormvariate(11.24, 0.9))))
            rows.writerow((f"u{number:07}", f"Paper {number}", "About it.", path))
    command = ("submit", "preprocess", "--corpus", str(tmp_path / "corpus"), "--shards", "512", "--dry-run")
    spread = answer(*command, "--output", "json", bucket=tmp_path / "bucket").json()["spread"]
    assert (spread["documents"], spread["shards"]) == (400_000, 512)
    assert spread["unevenness"] <= 1.3

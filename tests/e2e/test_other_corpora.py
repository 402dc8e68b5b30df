"""What people have lying about, through the real command: the same examples from each form of the same papers."""

import json
import tarfile
from pathlib import Path

from tests.e2e.command import covid_ctl, outputs
from tests.e2e.corpora import sentences, write_corpus


def preprocess(corpus: Path, bucket: Path) -> tuple[str, dict[str, bytes]]:
    """What the command printed, and the examples."""
    arguments = ("submit", "preprocess", "--corpus", str(corpus), "--set", "vocabulary.learn=300")
    done = covid_ctl(*arguments, bucket=bucket)
    assert done.code == 0, done.err
    return done.out, outputs(bucket, Path(done.out.splitlines()[-1]).name)


def test_a_directory_and_its_archive_give_the_same_examples(tmp_path: Path) -> None:
    directory = write_corpus(tmp_path / "cord19", documents=40)
    with tarfile.open(tmp_path / "cord19.tar.gz", "w:gz") as archive:
        archive.add(directory, "2021-01-01")
    _, from_directory = preprocess(directory, tmp_path / "one")
    _, from_archive = preprocess(tmp_path / "cord19.tar.gz", tmp_path / "two")
    # The report names its inputs, and these were ingested from two places.
    records = [
        {path: data for path, data in made.items() if "report" not in path} for made in (from_directory, from_archive)
    ]
    assert len(records[0]) > 1
    assert records[0] == records[1]


def test_lines_of_json_become_examples(tmp_path: Path) -> None:
    papers = [{"id": f"p{number}", "text": sentences(number, 12)} for number in range(30)]
    (tmp_path / "papers.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    printed, examples = preprocess(tmp_path / "papers.jsonl", tmp_path / "bucket")
    assert "30 documents kept, 0 dropped, 0 quarantined of 30" in printed
    assert len(examples["train/00000.tfrecord"]) > 1000


def test_what_is_no_corpus_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.4")
    done = covid_ctl("submit", "preprocess", "--corpus", str(tmp_path / "paper.pdf"), bucket=tmp_path / "bucket")
    assert done.code == 2
    assert "paper.pdf: it is neither an archive nor text\n  next: give a CORD-19 directory" in done.err
    assert not (tmp_path / "bucket").exists() or not list((tmp_path / "bucket").iterdir())

"""What people have lying about, through the real command: the same examples from each form of the same papers."""

import tarfile
from pathlib import Path

from tests.e2e.command import answer, covid_ctl, outputs
from tests.e2e.finished import Run


def test_a_directory_and_its_archive_give_the_same_examples(run: Run, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "cord19.tar.gz", "w:gz") as archive:
        archive.add(run.corpus, "2021-01-01")
    done = covid_ctl("submit", "preprocess", "--corpus", str(tmp_path / "cord19.tar.gz"), bucket=tmp_path / "bucket")
    assert done.code == 0, done.err
    from_archive = outputs(tmp_path / "bucket", Path(done.out.splitlines()[-1]).name)
    # The report names its inputs, and these were ingested from two places.
    records = [
        {path: data for path, data in made.items() if "report" not in path}
        for made in (outputs(run.bucket, run.preprocess), from_archive)
    ]
    assert len(records[0]) > 1
    assert records[0] == records[1]


def test_what_is_no_corpus_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.4")
    done = answer("submit", "preprocess", "--corpus", str(tmp_path / "paper.pdf"), bucket=tmp_path / "bucket")
    assert done.code == 2
    assert "paper.pdf: it is neither an archive nor text\n  next: give a CORD-19 directory" in done.err
    assert not (tmp_path / "bucket").exists() or not list((tmp_path / "bucket").iterdir())

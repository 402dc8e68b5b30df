"""The same papers give the same documents, whatever they are packed in."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.artifact import Artifact
from jobs.corpus.fingerprint import fingerprint
from jobs.corpus.place import locate
from jobs.corpus.sample import write_sample
from jobs.spec import Kind, Spec
from jobs.steps.context import StepContext
from jobs.steps.ingest import run
from jobs.store import Store

from ..corpus.packing import ai2_release, files_of, kaggle_zip, tar_gz

SETTINGS = {"document_shards": 3, "validation_share": 0.01, "max_quarantined_share": 0.05}


def ingest(corpus: Path, root: Path) -> tuple[dict[str, bytes], dict[str, object]]:
    """The step's outputs and its counts."""
    spec = Spec(Kind.INGEST, SETTINGS, {"corpus": fingerprint(locate(str(corpus)))})
    artifact = Artifact(Store(str(root / "bucket")), spec)
    artifact.submit()
    (root / "scratch").mkdir(parents=True)
    run(StepContext(artifact, 0, root / "scratch", lambda: False, str(corpus)))
    artifact.finish()
    manifest = artifact.require()
    return {o.path: artifact.store.get(artifact.path(o.path)) for o in manifest.outputs}, manifest.counts


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "cord 19"
    write_sample(directory)
    (directory / "document_parses/pdf_json/stray.json").write_bytes(b"{}")
    return directory


@pytest.fixture(scope="module")
def from_directory(
    sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], dict[str, object]]:
    return ingest(sample, tmp_path_factory.mktemp("from-directory"))


def half_unpacked(sample: Path, target: Path) -> None:
    """The outer tar.gz unpacked, the inner one not: as it lies on many a disk."""
    (target / "2020-06-01").mkdir(parents=True)
    shutil.copy(sample / "metadata.csv", target / "2020-06-01")
    parses = {name: data for name, data in files_of(sample).items() if name != "metadata.csv"}
    (target / "2020-06-01/document_parses.tar.gz").write_bytes(tar_gz(parses))


FORMS: dict[str, Callable[[Path, Path], object]] = {
    "tar.gz as AI2's, named as one likes": lambda sample, target: target.write_bytes(ai2_release(sample)),
    "flat tar.gz": lambda sample, target: target.write_bytes(tar_gz(files_of(sample), "./")),
    "zip as Kaggle's": lambda sample, target: target.write_bytes(kaggle_zip(sample)),
    "stored zip": lambda sample, target: target.write_bytes(kaggle_zip(sample, zipfile.ZIP_STORED)),
    "directory in a directory": lambda sample, target: shutil.copytree(sample, target / "release"),
    "half unpacked": half_unpacked,
}


@pytest.mark.parametrize("pack", FORMS.values(), ids=FORMS.keys())
def test_the_bytes_are_those_of_the_directory(
    pack: Callable[[Path, Path], object],
    sample: Path,
    from_directory: tuple[dict[str, bytes], dict[str, object]],
    tmp_path: Path,
) -> None:
    target = tmp_path / "my corpus.dat"
    pack(sample, target)
    outputs, counts = ingest(target, tmp_path)
    assert counts == from_directory[1]
    assert outputs == from_directory[0]
    assert len(outputs["documents/00000.jsonl.gz"]) > 10_000
    assert outputs["unreferenced_parses.txt"] == b"document_parses/pdf_json/stray.json\n"

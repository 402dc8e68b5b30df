"""A bit that changed in the bucket is named by whoever reads it next, in whatever object it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.status.report import find_report, page_of
from controller.status.verify import verify
from jobs.artifact import Artifact
from jobs.errors import CovidCtlError
from jobs.layout import VOCABULARIES
from jobs.model.dataset import staged_shards
from jobs.spec import Kind, Spec
from jobs.steps import export, preprocess, signatures
from jobs.steps.context import StepContext
from jobs.store import Store
from tests.jobs.steps.exporting import ready_to_export, submitted
from tests.jobs.steps.flipping import flip

Runner = Callable[[Store, Path], None]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bucket with every step but export, of whose objects nothing is to be changed."""
    root = tmp_path_factory.mktemp("finished")
    return ready_to_export(root / "bucket", root)


def named(store: Store, kind: Kind) -> Artifact:
    (name,) = (folder for folder in store.folders() if folder.startswith(f"{kind}-"))
    return Artifact.open(store, name)


def afresh(step: Any, kind: Kind) -> Runner:
    """The step once more under another name, from the same inputs."""

    def run(store: Store, scratch: Path) -> None:
        made = named(store, kind).spec
        again = Artifact(store, Spec(kind, made.settings, made.inputs, made.shards, made.recipe, salt="again"))
        again.submit()
        again.make(0, lambda: step.run(StepContext(again, 0, scratch, lambda: False)), step.finalize)

    return run


def train(store: Store, scratch: Path) -> None:
    """What training reads: whole shards, before anything is computed."""
    for part in ("train", "validation"):
        for shard in staged_shards(named(store, Kind.PREPROCESS), part, scratch):
            shard.fetch()


def publish(store: Store, scratch: Path) -> None:
    artifact = submitted(Path(store.location))
    artifact.make(0, lambda: export.run(StepContext(artifact, 0, scratch, lambda: False)))


def show(store: Store, scratch: Path) -> None:  # noqa: ARG001
    page_of(find_report(store, named(store, Kind.PREPROCESS).name))


SCREEN, PREPROCESS = afresh(signatures, Kind.SIGNATURES), afresh(preprocess, Kind.PREPROCESS)
READERS: dict[str, Runner] = {
    "ingest/spec.json": SCREEN,
    "ingest/manifest.json": SCREEN,
    "ingest/documents/00000.jsonl.zst": SCREEN,
    "ingest/held_out.txt": PREPROCESS,
    "ingest/quarantine.jsonl": PREPROCESS,
    "signatures/spec.json": PREPROCESS,
    "signatures/manifest.json": PREPROCESS,
    "signatures/screened_out/00000.json": PREPROCESS,
    "vocabularies/": PREPROCESS,
    "preprocess/spec.json": publish,
    "preprocess/manifest.json": publish,
    "preprocess/train/00000.tfrecord": train,
    "preprocess/validation/00000.tfrecord": publish,
    "preprocess/vocab.txt": publish,
    "preprocess/probe.txt": publish,
    "preprocess/report.json": show,
    "preprocess/report.html": show,
    "pretrain/spec.json": publish,
    "pretrain/manifest.json": publish,
    "pretrain/model/bert_config.json": publish,
    "pretrain/model/weights.safetensors": publish,
}
OWN = {"signatures/signatures/00000.bin": signatures, "preprocess/report/00000.json": preprocess}
"""What a step reads itself, once all its shards are there."""
LISTED = "signatures/near_duplicates.jsonl"
"""For people: ``covid-ctl verify`` reads it."""
UNREAD = {f"{kind}/shards/00000.json" for kind in ("ingest", "signatures", "preprocess", "pretrain")}
"""Records of shards, once the manifest is there."""


def short(path: str) -> str:
    """The object's place without hashes."""
    step, _, rest = path.partition("/")
    return f"{VOCABULARIES}/" if step == VOCABULARIES else f"{step.split('-')[0]}/{rest}"


def copy_of(finished: Path, root: Path) -> Store:
    shutil.copytree(finished, root / "bucket")
    return Store(str(root / "bucket"))


def test_every_object_is_in_one_of_the_tables(finished: Path) -> None:
    found = {short(info.path) for info in Store(str(finished)).objects()}
    heartbeats = {place for place in found if "/progress/" in place}
    assert found - heartbeats == READERS.keys() | OWN.keys() | UNREAD | {LISTED}


def test_verify_names_what_no_step_reads(finished: Path, tmp_path: Path) -> None:
    store = copy_of(finished, tmp_path)
    (path,) = (info.path for info in store.objects() if short(info.path) == LISTED)
    (tmp_path / "bucket" / path).write_bytes(b"changed")
    problems = [problem for found in verify(store, named(store, Kind.PRETRAIN).name) for problem in found.problems]
    assert [problem.path for problem in problems] == [path]


@pytest.mark.parametrize("place", READERS)
def test_the_next_to_read_it_names_it(place: str, finished: Path, tmp_path: Path) -> None:
    store = copy_of(finished, tmp_path)
    (path,) = (info.path for info in store.objects() if short(info.path) == place)
    flip(tmp_path / "bucket" / path)
    with tempfile.TemporaryDirectory() as scratch, pytest.raises(CovidCtlError) as raised:
        READERS[place](store, Path(scratch))
    assert path.removesuffix("/spec.json") in raised.value.thing, raised.value


@pytest.mark.parametrize("place", OWN)
def test_a_step_names_what_it_finds_changed_before_it_is_complete(place: str, finished: Path, tmp_path: Path) -> None:
    store = copy_of(finished, tmp_path)
    (path,) = (info.path for info in store.objects() if short(info.path) == place)
    artifact = Artifact.open(store, path.split("/")[0])
    store.delete(artifact.path("manifest.json"))
    flip(tmp_path / "bucket" / path)
    with pytest.raises(CovidCtlError) as raised:
        artifact.finish(OWN[place].finalize)
    assert path in raised.value.thing


def test_a_changed_record_is_named_before_its_step_is_complete(finished: Path, tmp_path: Path) -> None:
    store = copy_of(finished, tmp_path)
    artifact = named(store, Kind.INGEST)
    store.delete(artifact.path("manifest.json"))
    record = tmp_path / "bucket" / artifact.path("shards/00000.json")
    record.write_text(record.read_text().replace('"kept": 12', '"kept": 13'))
    with pytest.raises(CovidCtlError, match="its checksum is that of other contents"):
        artifact.finish()

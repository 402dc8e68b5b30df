"""Embedding and indexing: the same bytes however the work is divided, and an index that finds each paper by itself."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobs.artifact import Artifact
from jobs.errors import Interrupted
from jobs.search.engine import Mode, SearchEngine
from jobs.search.papers_file import read_papers
from jobs.search.staging import stage
from jobs.spec import Kind, Spec
from jobs.steps import embed, index
from jobs.steps.context import StepContext
from jobs.store import Store
from tests.jobs.steps.exporting import complete
from tests.jobs.steps.flipping import UNREAD, unnamed
from tests.jobs.steps.judging import embedder_of, pretrained, write_corpus

DOCUMENT_SHARDS = 5


@dataclass
class Place:
    root: Path
    tune: str
    control: str
    scratches: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def store(self) -> Store:
        return Store(str(self.root / "bucket"))

    def submitted(self, kind: Kind, *, salt: str, shards: int = 1, **inputs: str) -> Artifact:
        artifact = Artifact(self.store, Spec(kind, {}, inputs, shards, "tiny", salt))
        artifact.submit()
        return artifact

    def context(self, artifact: Artifact, shard: int = 0) -> StepContext:
        scratch = self.root / f"scratch-{next(self.scratches)}"
        scratch.mkdir()
        return StepContext(artifact, shard, scratch, threading.Event().is_set)

    def embedded(self, *order: int) -> Artifact:
        """By as many workers, which run in this order."""
        salt = "".join(map(str, order))
        artifact = self.submitted(Kind.EMBED, salt=salt, shards=len(order), embedder=self.tune)
        for shard in order:
            embed.run(self.context(artifact, shard))
        assert artifact.finish()
        return artifact

    def index(self, vectors: str, salt: str = "") -> Artifact:
        evaluation = Spec(Kind.EVALUATE, {}, {"tune": self.tune}, recipe="tiny")
        complete(self.store, evaluation, {}, facts={})
        return self.submitted(Kind.INDEX, salt=salt, vectors=vectors, evaluation=evaluation.name)


def place_of(root: Path, *, papers: int, abstracts: bool = True) -> Place:
    corpus = write_corpus(root / "papers.jsonl", papers=papers, abstracts=abstracts)
    _, model = pretrained(root, corpus, shards=DOCUMENT_SHARDS)
    store = Store(str(root / "bucket"))
    tune, control = (embedder_of(root, store, model, kind).name for kind in (Kind.TUNE, Kind.CONTROL))
    return Place(root, tune, control)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_of(tmp_path_factory.mktemp("embedding"), papers=40)


@pytest.fixture(scope="module")
def undisturbed(place: Place) -> Artifact:
    return place.embedded(0)


def content(artifact: Artifact) -> dict[str, str]:
    return {output.path: output.crc32c for output in artifact.require().outputs}


@pytest.mark.parametrize("order", [(1, 0), (4, 0, 6, 5, 1, 3, 2)])
def test_vectors_and_papers_are_the_same_bytes_of_any_number_of_workers_in_any_order(
    place: Place, undisturbed: Artifact, order: tuple[int, ...]
) -> None:
    assert len(content(undisturbed)) == 2 * DOCUMENT_SHARDS
    assert content(place.embedded(*order)) == content(undisturbed)


@pytest.mark.parametrize("moment", [1, 40])
def test_a_worker_that_was_stopped_is_continued_to_the_same_bytes(
    place: Place, undisturbed: Artifact, moment: int
) -> None:
    artifact = place.submitted(Kind.EMBED, salt=f"stopped-{moment}", embedder=place.tune)
    scratch = place.context(artifact).scratch
    looks = itertools.count()
    with pytest.raises(Interrupted):
        embed.run(StepContext(artifact, 0, scratch, lambda: next(looks) >= moment))
    embed.run(place.context(artifact))
    assert artifact.finish()
    assert content(artifact) == content(undisturbed)


def test_two_that_index_at_once_make_one_index_that_finds_each_paper_by_its_own_text(
    place: Place, undisturbed: Artifact, tmp_path: Path
) -> None:
    artifact = place.index(undisturbed.name)
    contexts = [place.context(artifact) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(index.run, contexts))
    assert artifact.finish()
    assert artifact.finish()
    apart = place.index(place.embedded(1, 2, 0).name)
    index.run(place.context(apart))
    assert apart.finish()
    assert content(apart) == content(artifact)
    assert apart.require().facts == artifact.require().facts

    staged = stage(place.store, artifact.name, tmp_path)
    engine = SearchEngine(staged.layout, staged.default)
    assert staged.default is Mode.BM25
    papers = 0
    for output in undisturbed.require().under("papers"):
        undisturbed.download(output, tmp_path / "papers")
        for paper in read_papers(tmp_path / "papers", output.path):
            papers += 1
            (hit,) = engine.search(f"{paper.title} {paper.abstract}", mode=Mode.DENSE, count=1).hits
            assert hit.paper == paper
            assert hit.cosine == pytest.approx(1, abs=2e-3)  # half precision
    assert papers == len(engine.lexical) == artifact.require().facts["papers"]


def test_an_embedder_without_pretraining_is_embedded_with_and_indexed_as_well(
    place: Place, undisturbed: Artifact, tmp_path: Path
) -> None:
    artifact = place.submitted(Kind.EMBED, salt="control", embedder=place.control)
    embed.run(place.context(artifact))
    assert artifact.finish()
    assert content(artifact) == content(undisturbed)
    indexed = place.index(artifact.name)
    index.run(place.context(indexed))
    assert indexed.finish()
    staged = stage(place.store, indexed.name, tmp_path)
    assert SearchEngine(staged.layout, staged.default).search("mask", mode=Mode.DENSE, count=3).hits


def test_a_bit_that_changed_is_named_by_the_next_to_read_it(
    place: Place, undisturbed: Artifact, tmp_path: Path
) -> None:
    indexed = place.index(undisturbed.name, salt="flipped")
    index.run(place.context(indexed))
    assert indexed.finish()
    numbers = itertools.count()

    def embed_again() -> None:
        embed.run(place.context(place.submitted(Kind.EMBED, salt=f"{next(numbers)}", embedder=place.tune)))

    def stage_again() -> None:
        stage(place.store, indexed.name, tmp_path / f"{next(numbers)}")

    def index_again() -> None:
        index.run(place.context(place.index(undisturbed.name, salt=f"{next(numbers)}")))

    readers = {place.tune: [embed_again], undisturbed.name: [index_again, stage_again], indexed.name: [stage_again]}
    for step, read in readers.items():
        # Records of shards, once the manifest is there, and heartbeats.
        assert unnamed(place.root / "bucket" / step, lambda _, read=read: read) <= UNREAD  # type: ignore[misc]


def test_papers_without_abstracts_are_embedded_by_title_and_body(tmp_path: Path) -> None:
    place = place_of(tmp_path, papers=40, abstracts=False)
    artifact = place.index(place.embedded(0).name)
    index.run(place.context(artifact))
    assert artifact.finish()
    staged = stage(place.store, artifact.name, tmp_path / "cache")
    engine = SearchEngine(staged.layout, staged.default)
    (hit, *_) = engine.search("patients", mode=Mode.HYBRID).hits
    assert hit.passage.text == ""
    assert len(engine.search("patients", mode=Mode.DENSE, count=99).hits) == artifact.require().facts["papers"] > 0

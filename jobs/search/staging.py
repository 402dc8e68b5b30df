"""Brings an index from the bucket to this machine, once, and checks what is there each time it is opened.

<cache>/<index>/words/            the word index, built here
<cache>/<index>/vectors.faiss     from the index step
<cache>/<index>/embedder/         from the tune step
<cache>/<index>/staged.json       written last: every file's size
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from jobs.artifact import Artifact
from jobs.errors import StoreError
from jobs.layout import EMBEDDER, PAPERS, VECTOR_INDEX
from jobs.search.engine import Layout, Mode
from jobs.search.paper import Paper
from jobs.store import Store

_RECORD = "staged.json"


@dataclass(frozen=True)
class StagedIndex:
    """An index on this machine."""

    name: str
    layout: Layout
    default: Mode
    corpus: str
    """The corpus by name."""


def stage(store: Store, name: str, cache: Path, note: Callable[[str], None] = lambda _: None) -> StagedIndex:
    """The index ``name``, from the cache where it is whole there, else staged anew; ``note`` is told what takes time.

    Several processes may ask at once: one stages, the others wait for it. Raises what reading artifacts raises, and
    ``StoreError`` where the cache cannot be written.
    """
    artifact = Artifact.open(store, name)
    manifest = artifact.require()
    target = cache / name
    if not _is_whole(target, artifact.spec.sha256):
        try:
            with _locked(cache, name):
                if not _is_whole(target, artifact.spec.sha256):
                    _stage(artifact, target, note)
        except OSError as error:
            remedy = "free some space there, or set XDG_CACHE_HOME to another directory"
            raise StoreError(str(error.filename or target), error.strerror or repr(error), remedy) from error
    facts = manifest.facts
    layout = Layout(target / "words", target / VECTOR_INDEX, target / EMBEDDER)
    return StagedIndex(name, layout, Mode(facts["default_mode"]), facts["corpus"])


def _stage(artifact: Artifact, target: Path, note: Callable[[str], None]) -> None:
    # Only the command that indexes by words needs these two: a query from a warm cache starts without them.
    from jobs.search import lexical
    from jobs.search.papers_file import read_papers

    embed = Artifact.open(artifact.store, artifact.spec.inputs["vectors"])
    tune = Artifact.open(artifact.store, embed.spec.inputs["embedder"])
    partial = target.with_name(f"{target.name}.partial")
    for old in (target, partial):
        shutil.rmtree(old, ignore_errors=True)
    (partial / "words").mkdir(parents=True)
    vectors = artifact.require().output(VECTOR_INDEX)
    note(f"fetching {artifact.name}: {vectors.size / 1e6:,.0f} MB of vectors, and the embedder")
    artifact.download(vectors, partial / VECTOR_INDEX)
    for output in tune.require().under(EMBEDDER):
        (partial / output.path).parent.mkdir(exist_ok=True)
        tune.download(output, partial / output.path)

    def papers_of(number: int) -> Iterator[Paper]:
        output = shards[number]
        file = partial / "papers.parquet"
        embed.download(output, file)
        yield from read_papers(file, embed.path(output.path))
        file.unlink()

    shards = embed.require().under(PAPERS)
    note("indexing the papers' words, once")
    lexical.build(partial / "words", chain.from_iterable(map(papers_of, range(len(shards)))))
    record = {"spec_sha256": artifact.spec.sha256, "sizes": _sizes(partial)}
    (partial / _RECORD).write_text(json.dumps(record))
    partial.rename(target)


def _is_whole(directory: Path, sha256: str) -> bool:
    """Whether every staged file is there with its size; a cache that was cut is staged again."""
    try:
        record = json.loads((directory / _RECORD).read_bytes())
        return bool(record["spec_sha256"] == sha256 and record["sizes"] == _sizes(directory))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sizes(directory: Path) -> dict[str, int]:
    """By relative path; without tantivy's lock files and our own record."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory)): path.stat().st_size
        for path in sorted(files)
        if path.name != _RECORD and not path.name.endswith(".lock")
    }


@contextmanager
def _locked(cache: Path, name: str) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

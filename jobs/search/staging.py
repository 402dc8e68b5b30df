"""Brings an index from the bucket to this machine, once, and checks what is there each time it is opened.

<cache>/<index>/words/            the word index, built here
<cache>/<index>/vectors.faiss     from the index step
<cache>/<index>/embedder/         from the tune step, with weights in the order in which a query reads them fastest
<cache>/<index>/staged.json       written last: what each file was when it was checked

To read gigabytes for each query would cost more than the query. So a file is taken for what it was as long as its size,
times of change and inode are those of the record; the kernel sets the time of the last change of content or of any of
these, and no program can set it back. A file that differs in one of them is read and compared with its checksum: one
that was copied or touched is as good as before, of one that was cut or altered the whole index is staged anew.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from jobs.artifact import Artifact
from jobs.checksums import file_crc32c
from jobs.errors import ConfigurationError, StoreError
from jobs.json_text import from_json
from jobs.layout import EMBEDDER, PAPERS, VECTOR_INDEX
from jobs.search.engine import Layout, Mode
from jobs.search.paper import Paper
from jobs.store import Store

_RECORD = "staged.json"
_FORM = 2
"""The form of a staged index. What an earlier version staged in another is staged anew."""


@dataclass(frozen=True)
class StagedIndex:
    """An index on this machine."""

    name: str
    layout: Layout
    default: Mode
    corpus: str
    """The corpus by name."""


@dataclass(frozen=True)
class _StagedFile:
    """One file as it was when its content was known to be right."""

    size: int
    modified: int
    """Nanoseconds since the epoch, as ``changed``."""
    changed: int
    inode: int
    crc32c: str


def stage(store: Store, name: str, cache: Path, note: Callable[[str], None] = lambda _: None) -> StagedIndex:
    """The index ``name``, from the cache where it is whole there, else staged anew; ``note`` is told what takes time.

    Several processes may ask at once: one stages, the others wait for it. Raises what reading artifacts raises, and
    ``StoreError`` where the cache cannot be written.
    """
    artifact = Artifact.open(store, name)
    manifest = artifact.require()
    if "default_mode" not in manifest.facts:
        reason = f"it is a step of kind {artifact.spec.kind}; only an index can be searched"
        raise ConfigurationError(name, reason, "see which there are: covid-ctl artifacts")
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
    # Only the command that indexes by words needs these: a query from a warm cache starts without them.
    from jobs.inference.panels import store_panels
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
        (partial / output.path).parent.mkdir(parents=True, exist_ok=True)
        tune.download(output, partial / output.path)
    store_panels(partial / EMBEDDER)

    def papers_of(number: int) -> Iterator[Paper]:
        output = shards[number]
        file = partial / "papers.parquet"
        embed.download(output, file)
        yield from read_papers(file, embed.path(output.path))
        file.unlink()

    shards = embed.require().under(PAPERS)
    note("indexing the papers' words, once")
    lexical.build(partial / "words", chain.from_iterable(map(papers_of, range(len(shards)))))
    _write_record(partial, artifact.spec.sha256, {path: _look(partial / path) for path in _files(partial)})
    partial.rename(target)


def _is_whole(directory: Path, sha256: str) -> bool:
    """Whether every staged file is there and holds what was staged. Notes files that were merely touched."""
    try:
        record = from_json((directory / _RECORD).read_bytes())
        known = {path: _StagedFile(**entry) for path, entry in record["files"].items()}
        if record["form"] != _FORM or record["spec_sha256"] != sha256 or sorted(known) != _files(directory):
            return False
        found = {path: _look(directory / path, was) for path, was in known.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False
    if any(found[path].crc32c != known[path].crc32c for path in known):
        return False
    if found != known:
        # It saves reading the files the next time; a cache that cannot be written is searched all the same.
        with suppress(OSError):
            _write_record(directory, sha256, found)
    return True


def _look(path: Path, was: _StagedFile | None = None) -> _StagedFile:
    """The file as it is now. Its content is read unless all else is as it ``was``."""
    status = path.stat()
    facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    if was and was == _StagedFile(*facts, was.crc32c):
        return was
    return _StagedFile(*facts, file_crc32c(path))


def _write_record(directory: Path, sha256: str, files: Mapping[str, _StagedFile]) -> None:
    record = {"form": _FORM, "spec_sha256": sha256, "files": {path: asdict(file) for path, file in files.items()}}
    partial = directory / f"{_RECORD}.lock"
    partial.write_text(json.dumps(record))
    partial.replace(directory / _RECORD)


def _files(directory: Path) -> list[str]:
    """Relative paths, sorted; without tantivy's lock files and our own record."""
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and path.name != _RECORD and not path.name.endswith(".lock")
    )


@contextmanager
def _locked(cache: Path, name: str) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""The same papers give the same documents, whatever they are packed in."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from jobs.artifact import Artifact
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.errors import ConfigurationError, Interrupted
from jobs.files.place import locate
from jobs.sample.sample import write_sample
from jobs.spec import Kind, Spec
from jobs.steps.context import StepContext
from jobs.steps.ingest import run
from jobs.store import Store

from ..corpus.packing import ai2_release, files_of, kaggle_zip, tar_gz

SETTINGS = {"document_shards": 3, "validation_share": 0.01, "max_quarantined_share": 0.05}


def ingest(corpus: Path | str, root: Path, **settings: object) -> tuple[dict[str, bytes], dict[str, object]]:
    """The step's outputs and its counts."""
    spec = Spec(Kind.INGEST, {**SETTINGS, **settings}, {"corpus": fingerprint(locate(str(corpus)))})
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
OWN = [{"id": f"p{number}", "title": f"T{number}", "text": f"Text {number}.\nMore."} for number in range(200)]


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
    assert len(outputs["documents/00000.jsonl.zst"]) > 10_000
    assert outputs["unreferenced_parses.txt"] == b"document_parses/pdf_json/stray.json\n"


@pytest.mark.parametrize("pack", [ai2_release, kaggle_zip])
def test_a_bucket_is_read_like_a_disk(
    pack: Callable[[Path], bytes],
    sample: Path,
    from_directory: tuple[dict[str, bytes], dict[str, object]],
    tmp_path: Path,
) -> None:
    (tmp_path / "release").write_bytes(pack(sample))
    outputs, _ = ingest(f"file://{tmp_path}/release", tmp_path)
    assert outputs == from_directory[0]


def test_a_corpus_of_ones_own_takes_the_same_path(tmp_path: Path) -> None:
    lines = [json.dumps(paper) for paper in OWN] + ["{", json.dumps({**OWN[3], "id": "copy"}), '{"title": "T"}']
    (tmp_path / "papers.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    outputs, counts = ingest(tmp_path / "papers.jsonl.gz", tmp_path)
    assert sorted(outputs) == [*(f"documents/{n:05d}.jsonl.zst" for n in range(3)), "held_out.txt", "quarantine.jsonl"]
    assert counts["documents"] == {
        "read": 203,
        "kept": 200,
        "dropped": {"duplicate": 1, "no_text": 1},
        "quarantined": 1,
    }
    assert json.loads(outputs["quarantine.jsonl"])["position"] == "line 201, byte 2"
    shards = [zstandard.decompress(outputs[f"documents/{n:05d}.jsonl.zst"]) for n in range(3)]
    kept = [json.loads(line) for shard in shards for line in shard.splitlines()]
    assert sorted(document["cord_uid"] for document in kept) == sorted(paper["id"] for paper in OWN)


def test_full_texts_that_do_not_meet_their_metadata_are_refused(sample: Path, tmp_path: Path) -> None:
    """The parses of another release: every paper is there, as an abstract, and none of its text."""
    shutil.copytree(sample, tmp_path / "release")
    parses = sorted((tmp_path / "release").rglob("*.json"))
    for number, path in enumerate(parses):
        path.rename(path.with_name(f"{number:040x}.json"))
    said = rf"full text of 0 of 244 papers .*; {len(parses)} files that may hold them were found"
    with pytest.raises(ConfigurationError, match=said) as error:
        ingest(tmp_path / "release", tmp_path, max_quarantined_share=1.0)
    assert "--set corpus.min_full_text_share=SHARE" in error.value.remedy
    assert list((tmp_path / "bucket").glob("*/quarantine.jsonl"))


def test_files_that_metadata_does_not_know_of_are_refused(tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    (tmp_path / "release/metadata.csv").write_text("cord_uid,abstract,pdf_json_files\nu1,One.,\nu2,Two.,\n")
    (tmp_path / "release/a.json").write_text('{"body_text": [{"text": "Body."}]}')
    with pytest.raises(
        ConfigurationError, match=r"full text of 0 of 2 papers .*; 1 files that may hold them were found"
    ):
        ingest(tmp_path / "release", tmp_path)


def test_an_archive_that_was_refused_is_named_where_full_texts_are_missing(sample: Path, tmp_path: Path) -> None:
    files = files_of(sample)
    inner = {"a.tar.gz": tar_gz({name: data for name, data in files.items() if name != "metadata.csv"})}
    release = tmp_path / "release.tar.gz"
    release.write_bytes(tar_gz({"metadata.csv": files["metadata.csv"], "b.tar.gz": tar_gz(inner)}))
    with pytest.raises(ConfigurationError, match=r"and 1 members refused, first a\.tar\.gz: an archive in 2 archives"):
        ingest(release, tmp_path, max_quarantined_share=1.0)


def test_abstracts_alone_will_do_where_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    (tmp_path / "release/metadata.csv").write_text("cord_uid,abstract,sha\nu1,One.,\nu2,Two.,\n")
    _, counts = ingest(tmp_path / "release", tmp_path)
    assert (counts["full_texts"], counts["full_texts_promised"]) == (0, 0)


@pytest.mark.parametrize(("share", "found"), [(0.0, 0), (0.25, 1), (0.5, 2)])
def test_the_share_of_full_texts_is_a_setting(share: float, found: int, tmp_path: Path) -> None:
    (tmp_path / "release").mkdir()
    rows = "".join(f"u{n},Abstract {n}.,{n}.json\n" for n in range(4))
    (tmp_path / "release/metadata.csv").write_text(f"cord_uid,abstract,pdf_json_files\n{rows}")
    for number in range(found):
        (tmp_path / f"release/{number}.json").write_text(f'{{"body_text": [{{"text": "Body {number}."}}]}}')
    _, counts = ingest(tmp_path / "release", tmp_path, min_full_text_share=share)
    assert counts["full_texts"] == found
    with pytest.raises(ConfigurationError, match=f"full text of {found} of 4 papers"):
        ingest(tmp_path / "release", tmp_path / "again", min_full_text_share=share + 0.1)


@pytest.mark.parametrize(
    ("name", "document"),
    [("notes.txt", "The cells grew in {n} days.\n\n"), ("notes.jsonl", '{{"text": "Day {n} came"}}\n')],
)
def test_documents_of_one_sentence_each_are_refused_unless_allowed(name: str, document: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("".join(document.format(n=n) for n in range(100)))
    with pytest.raises(ConfigurationError, match="100 of 100 documents are a single sentence each") as error:
        ingest(tmp_path / name, tmp_path / "one")
    assert "--set corpus.max_single_sentence_share=1" in error.value.remedy
    _, counts = ingest(tmp_path / name, tmp_path / "two", max_single_sentence_share=1.0)
    assert counts["single_sentences"] == 100


@pytest.mark.parametrize(
    "text", ["One sentence. And another", "One (as said.) And two.", "One.\nTwo.", "一句。两句。", "Is it? It is!"]
)
def test_documents_of_more_are_not_taken_for_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("\n\n".join(f"Part {n} {text}" for n in range(30)))
    _, counts = ingest(tmp_path / "notes.txt", tmp_path)
    assert counts["single_sentences"] == 0


def test_too_many_bad_lines_of_ones_own_are_refused_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").write_text("\n".join([*map(json.dumps, OWN[:18]), "{", "{"]))
    with pytest.raises(ConfigurationError, match=r"papers\.jsonl: 2 of 20 documents are malformed"):
        ingest(tmp_path / "papers.jsonl", tmp_path)


@pytest.mark.parametrize("name", ["papers.jsonl", "papers.txt", "metadata.csv"])
def test_a_corpus_in_another_encoding_is_refused_with_the_way_to_convert_it(name: str, tmp_path: Path) -> None:
    texts = [f"Das Fieber sank am {number}. Tag. Später stieg es." for number in range(9)]
    made = {
        "papers.jsonl": "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts),
        "papers.txt": "\n\n".join(texts),
        "metadata.csv": "cord_uid,abstract\n" + "".join(f"u{number},{text}\n" for number, text in enumerate(texts)),
    }
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / name).write_text(made[name], encoding="latin-1")
    with pytest.raises(ConfigurationError, match=r"9 of 9 documents are malformed.*not UTF-8") as raised:
        ingest(tmp_path / "corpus", tmp_path)
    assert "iconv -f LATIN1 -t UTF-8" in raised.value.remedy


def test_bytes_are_reported_while_an_archive_is_unpacked_and_a_stop_is_heeded(sample: Path, tmp_path: Path) -> None:
    release = tmp_path / "release.tar.gz"
    release.write_bytes(ai2_release(sample))
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done > total // 2:
            raise Interrupted("step", "SIGTERM arrived")

    with Workspace(tmp_path, stop) as bench, pytest.raises(Interrupted):
        open_corpus(locate(str(release)), bench)
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {release.stat().st_size}


def test_a_stop_is_heeded_while_metadata_is_read(tmp_path: Path) -> None:
    """The last release's has 1.6 GB, which take half a minute each time."""
    header, rows = "cord_uid,abstract\n", "".join(f"u{n},{'A text. ' * 99}\n" for n in range(5000))
    for name, table, readings in (("once", rows, 1), ("merged", rows * 2, 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.csv").write_text(header + table)
        seen: list[int] = []
        with Workspace(tmp_path, lambda done, _total, seen=seen: seen.append(done)) as bench:  # type: ignore[misc]
            corpus, _ = open_corpus(locate(str(tmp_path / name)), bench)
            assert len(seen) > 3
            next(iter(corpus.outcomes()))
        assert seen.count(max(seen)) >= readings


def test_a_failed_archive_leaves_nothing_behind(sample: Path, tmp_path: Path) -> None:
    release = tmp_path / "release.tar.gz"
    release.write_bytes(ai2_release(sample)[:-1000])
    with pytest.raises(ConfigurationError, match="truncated"):
        ingest(release, tmp_path)
    assert sorted(p.name for p in (tmp_path / "bucket").rglob("*") if p.is_file() and "progress" not in str(p)) == [
        "spec.json"
    ]


def made_of(corpus: Path, root: Path) -> dict[str, Any]:
    """What the manifest says of the corpus."""
    ingest(corpus, root)
    (manifest,) = (root / "bucket").glob("*/manifest.json")
    found: dict[str, Any] = json.loads(manifest.read_text())["facts"]["corpus"]
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("pack", [ai2_release, kaggle_zip])
def test_the_manifest_names_the_release_as_sha256sum_does(
    sample: Path, tmp_path: Path, pack: Callable[[Path], bytes]
) -> None:
    release = tmp_path / "cord-19_2020-07-16.pack"
    release.write_bytes(pack(sample))
    told = made_of(release, tmp_path / "root")
    assert (told["name"], told["release"]) == ("CORD-19", "2020-07-16")
    assert told["files"] == [{"name": release.name, "size": release.stat().st_size, "sha256": sha256(release)}]


def test_of_a_directory_the_manifest_names_its_metadata_and_of_ones_own_text_each_file(
    sample: Path, tmp_path: Path
) -> None:
    told = made_of(sample, tmp_path / "root")
    metadata = sample / "metadata.csv"
    assert told["files"] == [{"name": "metadata.csv", "size": metadata.stat().st_size, "sha256": sha256(metadata)}]
    assert told["release"] == ""
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(22):
        text = f"Paper {number} is of bats. They were counted {number} times. None of them coughed."
        (notes / f"{number:02d}.txt").write_text(text)
    own = made_of(notes, tmp_path / "own")
    assert own["name"] == "notes"
    assert own["files_not_named"] == 2
    assert own["files"][3]["sha256"] == sha256(notes / "03.txt")

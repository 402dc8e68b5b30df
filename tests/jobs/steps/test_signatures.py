"""Screening from end to end: what is planted in a corpus is dropped, nothing else, and by every step alike."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jobs.artifact import Artifact
from jobs.corpus.documents.document import Document
from jobs.corpus.screening.minhash import PERMUTATIONS, signature, word_hashes
from jobs.errors import ConfigurationError, MissingObjectError
from jobs.sample.sample import write_sample
from jobs.spec import Kind, Spec
from jobs.steps import signatures
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents
from jobs.steps.screened import ScreenedOut
from jobs.store import Store

from .pipeline import Pipeline

REAL = Path(__file__).parents[3].parent / "shared/data/cord19-sample"


def documents_of(context: StepContext) -> Iterator[Document]:
    documents = Documents(context)
    for shard in range(len(documents.shards)):
        yield from documents.read(shard)


def text_of(document: Document) -> tuple[str, ...]:
    return document.texts


def most_alike(documents: list[Document]) -> float:
    """The largest estimated similarity of any two."""
    rows = np.array([signature(word_hashes(text_of(document))) for document in documents])
    return max(float((rows[i + 1 :] == rows[i]).sum(axis=1).max() / PERMUTATIONS) for i in range(len(rows) - 1))


def plant(directory: Path) -> dict[str, str]:
    """Adds twins of twelve papers of the sample, as preprints are of articles; returns cord_uid -> why it must go.

    Twins of papers with a PMC parse have a PDF parse only; those of others have a paragraph more, so
    that the twin is the better one.
    """
    rng = random.Random(7)
    with (directory / "metadata.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    fields = list(reader.fieldnames or ())
    expected = {}
    for row in rows:
        if row["title"].startswith("Características"):
            expected[row["cord_uid"]] = "language:es"
        elif row["title"].startswith("Verlauf"):
            expected[row["cord_uid"]] = "language:de"
    seen = [row["cord_uid"] for row in rows]
    whole = [r for r in rows if seen.count(r["cord_uid"]) == 1 and r["cord_uid"] not in expected and r["abstract"]]
    from_pmc = [row for row in whole if row["pmc_json_files"]][:6]
    from_pdf = [row for row in whole if not row["pmc_json_files"] and row["source_x"] == "MedRxiv"][:6]
    for number, row in enumerate(from_pmc + from_pdf):
        parse = json.loads((directory / (row["pmc_json_files"] or row["pdf_json_files"])).read_text("utf-8"))
        for paragraph in parse["body_text"]:
            words = paragraph["text"].split(" ")
            words[rng.randrange(len(words))] = "þorn" if row["pmc_json_files"] else "altered"
            paragraph["text"] = " ".join(words)
        twin = f"twin{number:04d}"
        if row["pmc_json_files"]:
            expected[twin] = "near_duplicate"
        else:
            parse["body_text"].append({"text": "An acknowledgement that only the later version has."})
            expected[row["cord_uid"]] = "near_duplicate"
        path = f"document_parses/pdf_json/{number:040d}.json"
        (directory / path).write_text(json.dumps({**parse, "paper_id": f"{number:040d}"}))
        rows.append({**row, "cord_uid": twin, "pdf_json_files": path, "pmc_json_files": "", "source_x": "WHO"})
    with (directory / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)
    return expected


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    directory = tmp_path_factory.mktemp("corpus")
    write_sample(directory)
    return directory, plant(directory)


@pytest.fixture(scope="module")
def pipeline(corpus: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline(tmp_path_factory.mktemp("pipeline"), corpus[0])


@pytest.fixture(scope="module")
def screened(pipeline: Pipeline) -> Artifact:
    return pipeline.screened()


def test_exactly_what_was_planted_is_dropped(
    pipeline: Pipeline, screened: Artifact, corpus: tuple[Path, dict[str, str]]
) -> None:
    assert pipeline.screened_out(screened) == corpus[1]
    counts = screened.require().counts
    assert counts["documents"]["dropped"] == {"language:de": 1, "language:es": 1}
    assert counts["languages"] == {"de": 1, "en": 292, "es": 1}


def test_preprocess_accounts_for_every_document(
    pipeline: Pipeline, screened: Artifact, corpus: tuple[Path, dict[str, str]]
) -> None:
    counts = pipeline.preprocessed(screened).counts["documents"]
    held_out = Documents(pipeline.asking(screened)).held_out
    kept = [document.cord_uid for document in documents_of(pipeline.asking(screened))]
    kept = [uid for uid in kept if uid not in corpus[1]]
    assert counts == {
        "read": 294,
        "kept": 280,
        "held_out": len(held_out.intersection(kept)),
        "dropped": {"language:de": 1, "language:es": 1, "near_duplicate": 12, "without_text": 0},
        "quarantined": 0,
    }


def test_no_near_duplicate_is_held_out_while_its_twin_is_trained_on(pipeline: Pipeline, screened: Artifact) -> None:
    context = pipeline.asking(screened)
    documents, dropped, held_out = (
        list(documents_of(context)),
        pipeline.screened_out(screened),
        Documents(context).held_out,
    )
    twins = [document for document in documents if dropped.get(document.cord_uid) == "near_duplicate"]
    sides = {(twin.cord_uid in held_out) for twin in twins}
    assert sides == {True, False}  # some were to be held out and others not: without screening they would be split
    assert most_alike(documents) > 0.8
    assert most_alike([document for document in documents if document.cord_uid not in dropped]) < 0.8


def test_the_vocabulary_learns_from_what_is_trained_on(pipeline: Pipeline, screened: Artifact) -> None:
    def letters(artifact: Artifact) -> set[str]:
        (output,) = artifact.require().outputs
        return set(artifact.read(output).decode())

    assert "þ" not in letters(pipeline.learned(screened))
    lenient = replace(pipeline, similarity=1.0)
    assert "þ" in letters(lenient.learned(lenient.screened()))


def test_filters_reach_the_examples(pipeline: Pipeline) -> None:
    screened = pipeline.screened(licenses=["cc-by", "cc0"], sources=["PMC"], published_from="2020-03")
    counts = screened.require().counts["documents"]
    assert counts["read"] == 294 == counts["kept"] + sum(counts["dropped"].values())
    assert set(counts["dropped"]) == {"license", "source", "date"}
    assert counts["kept"] > 30
    encoded = pipeline.preprocessed(screened).counts["documents"]
    assert encoded["read"] == 294 == encoded["kept"] + sum(encoded["dropped"].values())
    assert {reason: count for reason, count in encoded["dropped"].items() if count} == counts["dropped"]


def test_the_order_of_shards_does_not_change_a_byte(
    pipeline: Pipeline, screened: Artifact, corpus: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    again = Pipeline(tmp_path, corpus[0], backwards=True)
    other = again.screened()
    assert other.require().outputs == screened.require().outputs
    assert again.preprocessed(other).outputs == pipeline.preprocessed(screened).outputs


@pytest.mark.parametrize("shards", [1, 7])
def test_the_number_of_shards_does_not_change_what_is_dropped(
    shards: int, corpus: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    pipeline = Pipeline(tmp_path, corpus[0], shards=shards)
    assert pipeline.screened_out(pipeline.screened()) == corpus[1]


def test_a_later_shard_reads_its_own_part_of_the_decision_and_no_other(
    pipeline: Pipeline, screened: Artifact, corpus: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    shutil.copytree(pipeline.root / "bucket", tmp_path / "bucket")
    kept = [
        *(tmp_path / "bucket" / screened.name).glob("*.json"),
        tmp_path / "bucket" / screened.name / "screened_out/00001.json",
    ]
    for path in (tmp_path / "bucket" / screened.name).rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    alone = replace(pipeline, root=tmp_path)
    part = ScreenedOut(alone.asking(screened)).of_shard(1)
    in_shard = {document.cord_uid for document in Documents(alone.asking(screened)).read(1)}
    assert part == {uid: why for uid, why in corpus[1].items() if uid in in_shard}
    assert 0 < len(part) < len(corpus[1])


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"sources": ["PMC", "Medrxive"]}, r"corpus\.sources: no document has Medrxive; did you mean medrxiv\?"),
        ({"sources": ["zzz"]}, r"corpus\.sources: no document has zzz; they have Elsevier, MedRxiv, PMC"),
        ({"licenses": ["cc-bye"]}, r"corpus\.licenses: no document has cc-bye; did you mean cc-by\?"),
    ],
)
def test_a_source_or_licence_that_no_document_has_is_refused(
    pipeline: Pipeline, filters: dict[str, list[str]], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        pipeline.screened(**filters)


def test_the_report_says_of_how_many_documents_there_is_a_full_text(pipeline: Pipeline, screened: Artifact) -> None:
    manifest = pipeline.preprocessed(screened)
    report = json.loads(Artifact.open(screened.store, manifest.name).read(manifest.output("report.json")))
    counts = Artifact.open(screened.store, screened.spec.inputs["documents"]).require().counts
    assert report["full_texts"]["found"] == counts["full_texts"] == 253
    assert report["full_texts"]["of"] == 294
    assert report["summary"][1].startswith(
        "Full text: found for 253 of 294 ingested documents; the others have only an abstract"
    )


def test_who_was_dropped_for_whom_is_listed(screened: Artifact, corpus: tuple[Path, dict[str, str]]) -> None:
    [listed] = (output for output in screened.require().outputs if output.path == "near_duplicates.jsonl")
    twins = [json.loads(line) for line in screened.read(listed).splitlines()]
    assert [twin["cord_uid"] for twin in twins] == sorted(u for u, why in corpus[1].items() if why == "near_duplicate")
    for twin in twins:
        assert twin["kept"] not in corpus[1]
        assert twin["cord_uid"].startswith("twin") != twin["kept"].startswith("twin")
        assert 0.5 <= twin["similarity"] <= 1


def test_workers_that_decide_at_once_write_the_same(screened: Artifact) -> None:
    whole = screened.require()
    decided = tuple(o for o in whole.outputs if not o.path.startswith("signatures/"))
    with ThreadPoolExecutor(4) as workers:
        assert set(workers.map(lambda _: tuple(signatures.finalize(screened, whole)), range(4))) == {decided}


def test_an_unfinished_signatures_step_is_not_read(pipeline: Pipeline, screened: Artifact, tmp_path: Path) -> None:
    other = Artifact(Store(str(pipeline.root / "bucket")), Spec(Kind.SIGNATURES, {}, {"other": str(tmp_path)}))
    other.submit()
    context = pipeline.asking(screened)
    spec = Spec(Kind.PREPROCESS, {}, {"signatures": other.name})
    with pytest.raises(MissingObjectError, match="it is not complete"):
        ScreenedOut(StepContext(Artifact(context.store, spec), 0, tmp_path, lambda: False))


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/data/cord19-sample beside the repository")
def test_real_papers(tmp_path: Path) -> None:
    """Two pairs share their text under two cord_uids, one most of it (a list of reviews, of two years); one
    paper is Spanish. Checked by reading them."""
    pipeline = Pipeline(tmp_path, REAL, shards=2)
    dropped = pipeline.screened_out(pipeline.screened())
    assert {uid: why for uid, why in dropped.items() if why.startswith("language")} == {"h1qyli34": "language:es"}
    assert {uid for uid, why in dropped.items() if why == "near_duplicate"} == {"1z3bvq3e", "2b73a28n", "ugd8kkor"}

"""Tuning, its control and their evaluation, on a small corpus and a made-up model."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.status.report import find_report, page_of
from controller.status.verify import verify
from jobs.artifact import Artifact
from jobs.errors import ConfigurationError, CovidCtlError, DamagedError, DivergedError
from jobs.evaluation.gate import Gate, MissedGateError
from jobs.given_file import give_file
from jobs.layout import CHECKPOINTS, CURVES, EMBEDDER, MANIFEST, SPEC
from jobs.publish.embedder_bundle import write_embedder
from jobs.recipe import settings_of
from jobs.report.comparison import compared
from jobs.spec import Kind
from jobs.steps import control, evaluate, tune
from jobs.store import Store
from jobs.vocabulary import SPECIALS, Vocabulary
from jobs.weights.source import find_source
from jobs.weights.variable_names import tensors
from tests.jobs.steps.flipping import UNREAD, Reader, flipped, unnamed
from tests.jobs.steps.judging import RECIPE, pretrained, run, step, write_corpus

TOPICS = b"<topics><topic number='1'><query>virus mask</query><question>does the mask stop it</question></topic>"
TOPICS += b"<topic number='2'><query>vaccine</query></topic></topics>"


@dataclass(frozen=True)
class Place:
    root: Path
    store: Store
    examples: str
    pretrain: str
    tune: Artifact
    control: Artifact

    def evaluated(self, name: str, *, location: str = "", **inputs: str) -> dict[str, Any]:
        given = {"tune": self.tune.name, "control": self.control.name, **inputs}
        artifact = step(self.store, Kind.EVALUATE, given)
        run(artifact, self.root / f"scratch-{name}", evaluate.run, against=location)
        manifest = artifact.require()
        report: dict[str, Any] = json.loads(artifact.read(manifest.output("report.json")))
        assert manifest.facts["measures"] == report["measures"]
        return report


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("judging")
    examples, model = pretrained(root, write_corpus(root / "papers.jsonl"))
    shutil.copytree(root / "bucket", root / "disturbed")
    store = Store(str(root / "bucket"))
    tuned = run(step(store, Kind.TUNE, {"pretrain": model}), root / "tune", tune.run)
    alike = run(step(store, Kind.CONTROL, {"examples": examples}), root / "control", control.run)
    return Place(root, store, examples, model, tuned, alike)


@pytest.fixture(scope="module")
def against_itself(place: Place) -> dict[str, Any]:
    """Evaluated against the pretrained model itself, with judgements and labelled sets."""
    uids = [f"p{number:03d}" for number in range(48)]
    qrels = "".join(f"1 {n % 5} {uid} {n % 3}\n2 0.5 {uid} {(n + 1) % 2}\n" for n, uid in enumerate(uids))
    questions = [
        {"question": f"what does the {noun} do", "passages": [f"The {noun} binds.", "No.", "Yes."], "answers": [0]}
        for noun in ("virus", "mask", "vaccine")
    ]
    pairs = [{"first": "the virus", "second": f"the virus {n}", "similarity": n % 2} for n in range(4)]
    lines = ["".join(json.dumps(entry) + "\n" for entry in entries).encode() for entries in (questions, pairs)]
    return place.evaluated(
        "itself",
        **{
            "against": place.pretrain,
            "qrels": give_file(place.store, qrels.encode(), "qrels"),
            "topics": give_file(place.store, TOPICS, "topics"),
            "data.answers": give_file(place.store, lines[0], "data"),
            "data.pairs": give_file(place.store, lines[1], "data"),
        },
    )


def test_a_model_against_itself_shows_no_difference(place: Place, against_itself: dict[str, Any]) -> None:
    assert against_itself["lineage"]["base"] == place.pretrain
    masked = against_itself["masked_words"]
    assert (masked["difference"]["mean"], masked["difference"]["p_value"], masked["resolved"]) == (0, 1, False)
    assert not masked["vocabularies_differ"]
    itself = against_itself["retrieval"]["systems"]["pretrained"]["against_base"]
    assert (itself["mean"], itself["p_value"], itself["resolved"]) == (0, 1, False)
    for way in ("judged", "full"):
        judged = against_itself["topics"][way]["pretrained"]["against_base"]
        assert (judged["mean"], judged["p_value"]) == (0, 1)


def test_every_system_is_judged_by_every_measure(against_itself: dict[str, Any]) -> None:
    systems = ["bm25", "base", "pretrained", "control", "tuned", "hybrid"]
    assert list(against_itself["retrieval"]["systems"]) == systems
    assert list(against_itself["topics"]["judged"]) == list(against_itself["topics"]["full"]) == systems
    assert "against_control" in against_itself["retrieval"]["systems"]["tuned"]
    measures = against_itself["measures"]
    for name in ("tuned.mrr", "control.recall_at_10", "judged.hybrid.ndcg_at_10", "full.bm25.judged_at_10"):
        assert 0 <= measures[name] <= 1
    assert {"data.answers.bm25.p_at_1", "data.pairs.tuned.spearman", "data.pairs.common_words.auc"} <= set(measures)
    text = "\n".join(against_itself["summary"])
    for words in ("What pretraining adds to tuning", "(judged)", "(full)", "Labelled set answers, 3 questions"):
        assert words in text


def test_labels_that_were_shuffled_fail_the_gate(place: Place, against_itself: dict[str, Any]) -> None:
    reached = against_itself["measures"]["judged.bm25.ndcg_at_10"]
    answered = against_itself["measures"]["data.answers.bm25.p_at_1"]
    assert answered == 1
    gate = Gate.parse(f"data.answers.bm25.p_at_1>={answered}")
    gate.check(against_itself["measures"], "evaluate")
    questions = [
        {"question": f"what does the {noun} do", "passages": [f"The {noun} binds.", "No.", "Yes."], "answers": [2]}
        for noun in ("virus", "mask", "vaccine")
    ]
    data = "".join(json.dumps(entry) + "\n" for entry in questions).encode()
    shuffled = place.evaluated("shuffled", **{"data.answers": give_file(place.store, data, "data")})
    with pytest.raises(MissedGateError, match=r"data\.answers\.bm25\.p_at_1 is 0\.000, below 1"):
        gate.check(shuffled["measures"], "evaluate")
    assert reached > 0
    measures = {row.name: row for row in compared(against_itself, shuffled).sections[0].rows}
    assert measures["data.answers.bm25.p_at_1"].cells()[1:] == ("1.000", "0.000", "+1.000")
    assert measures["judged.bm25.ndcg_at_10"].theirs is None
    assert not measures["bm25.mrr"].differs


def test_a_bit_of_a_control_that_changed_is_named_by_the_next_to_read_it(place: Place, tmp_path: Path) -> None:
    numbers = itertools.count()

    def judge() -> None:
        inputs = {"tune": place.tune.name, "control": place.control.name}
        run(step(place.store, Kind.EVALUATE, inputs), tmp_path / f"{next(numbers)}", evaluate.run)

    def look() -> None:
        for found in verify(place.store, place.control.name):
            for problem in found.problems:
                raise DamagedError(problem.path, problem.reason)

    def readers(path: str) -> list[Reader]:
        return [judge if path.startswith(EMBEDDER) or path in (SPEC, MANIFEST) else look]

    unread = unnamed(place.root / "bucket" / place.control.name, readers) - UNREAD
    # Of use while it is trained, and to who looks at its curves.
    assert {path.split("/")[0] for path in unread} <= {CHECKPOINTS, CURVES}


def test_a_bit_of_an_evaluation_that_changed_is_named_by_the_next_to_read_it(
    place: Place, against_itself: dict[str, Any]
) -> None:
    name = str(against_itself["step"])

    def show() -> None:
        page_of(find_report(place.store, name))

    assert unnamed(place.root / "bucket" / name, lambda _: [show]) <= UNREAD


@pytest.mark.parametrize("given", ["qrels", "topics", "data.answers", "data.pairs"])
def test_a_bit_of_a_given_file_that_changed_is_named_by_the_next_to_read_it(
    place: Place, against_itself: dict[str, Any], given: str, tmp_path: Path
) -> None:
    artifact = Artifact.open(place.store, against_itself["step"])
    path = artifact.spec.inputs[given]
    with flipped(place.root / "bucket" / path), pytest.raises(CovidCtlError) as raised:
        run(artifact, tmp_path / "scratch", evaluate.run)
    assert path in raised.value.thing


def test_a_published_model_is_read_as_it_describes_itself(place: Place) -> None:
    """Uncased, of another width, with the exact gelu and no head for masked words."""
    vocabulary = Vocabulary(
        (*SPECIALS, *"abcdefghijklmnopqrstuvwxyz0123456789.,", *(f"##{c}" for c in "aeiourstnlbcdp"))
    )
    google = {
        "vocab_size": len(vocabulary),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "hidden_act": "gelu_erf",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        "initializer_range": 0.02,
    }
    draws = np.random.default_rng(0)
    weights = {t.google: draws.normal(0, 0.5, t.shape).astype(np.float32) for t in tensors(google)}
    directory = place.root / "published-model"
    write_embedder(directory, weights, google, vocabulary, cased=False, max_length=48)
    identity = find_source(str(directory), "").identity(whole=True)
    report = place.evaluated("published", location=str(directory), against=identity)
    assert report["lineage"]["base"] == "published-model"
    assert report["masked_words"] is None
    assert "published-model has no head for masked words" in "\n".join(report["summary"])
    (directory / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')
    assert find_source(str(directory), "").identity(whole=True) != identity
    with pytest.raises(ConfigurationError, match="not the model that this evaluation was submitted for"):
        place.evaluated("changed", location=str(directory), against=identity)


@pytest.mark.parametrize(
    ("qrels", "said"),
    [
        (b"1 0 gone 1\n1 0 away 2\n1 0 p001 1\n", "67% of its relevant documents are not in the corpus"),
        (b"7 0 p001 1\n", "it judges none of the topics"),
    ],
)
def test_judgements_of_another_release_are_refused(place: Place, qrels: bytes, said: str) -> None:
    files = {"qrels": give_file(place.store, qrels, "qrels"), "topics": give_file(place.store, TOPICS, "topics")}
    with pytest.raises(ConfigurationError, match=said):
        place.evaluated(f"refused-{len(qrels)}", **files)


@pytest.mark.slow
def test_killed_and_limited_it_ends_as_if_nothing_had_happened(place: Place, tmp_path: Path) -> None:
    artifact = step(Store(str(place.root / "disturbed")), Kind.TUNE, {"pretrain": place.pretrain})
    assert artifact.name == place.tune.name
    command = [sys.executable, "-m", "jobs", "tune", "--bucket", artifact.store.location, "--name", artifact.name]
    limit = ("--runtime", "max_dollars=0.001", "--dollars-per-hour", "3600")
    limited = subprocess.run([*command, *limit], stderr=subprocess.PIPE, text=True, check=False)
    assert limited.returncode == 47
    assert "embedder.max_dollars 0.001 is reached: it has cost $" in limited.stderr.splitlines()[-1]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not list(artifact.store.objects(artifact.path("checkpoints"))):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
    assert artifact.manifest() is None
    run(artifact, tmp_path / "scratch", tune.run)
    digests = [{o.path: o.crc32c for o in one.require().outputs} for one in (artifact, place.tune)]
    assert digests[0] == digests[1]


def test_tuning_that_diverges_names_the_embedder_s_setting(place: Place, tmp_path: Path) -> None:
    wild = {"embedder": {**settings_of(Kind.TUNE, RECIPE)["embedder"], "learning_rate": 1e38, "warmup_share": 0.0}}
    artifact = step(Store(str(place.root / "bucket")), Kind.TUNE, {"pretrain": place.pretrain}, **wild)
    with pytest.raises(DivergedError) as caught:
        run(artifact, tmp_path / "scratch", tune.run)
    assert caught.value.remedy == "submit it with a lower learning rate: --set embedder.learning_rate=..."


def test_a_corpus_without_abstracts_cannot_be_tuned_on(tmp_path: Path) -> None:
    _, model = pretrained(tmp_path, write_corpus(tmp_path / "papers.jsonl", abstracts=False))
    artifact = step(Store(str(tmp_path / "bucket")), Kind.TUNE, {"pretrain": model})
    with pytest.raises(ConfigurationError, match="no paper that it may train on has a title and an abstract"):
        run(artifact, tmp_path / "scratch", tune.run)

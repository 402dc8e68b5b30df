"""Invented papers are read only for the recipe tiny, or where somebody names them; and the corpus is always shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from controller.cli import main as cli
from controller.ledger.events import Event, EventType, Ledger
from controller.planning.plan import Source, Step
from controller.planning.sources import identify_corpus
from jobs.recipe import load_recipe
from jobs.sample.sample import SAMPLE, sample_fingerprint
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import Given, complete, planned
from tests.e2e.corpora import write_corpus

OWN = """
name: own
description: A published model, as far as planning goes
architecture: {hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 512}
vocabulary: {cased: true, learn: 300}
corpus: {sections: [title, abstract, body]}
examples: {max_seq_length: 128, max_predictions_per_seq: 20, whole_word_mask: true}
schedule: {train_batch_size: 32, learning_rate: 0.001, train_steps: 10, warmup_steps: 1}
publication: {title: OwnBERT}
"""
VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n"
REAL = "gs://papers/cord19"


class Place:
    """An empty bucket, a recipe of one's own and a corpus."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.store = Store(str(folder / "bucket"))
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        (folder / "own.yaml").write_text(OWN)
        (folder / "vocab.txt").write_text(VOCABULARY)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COVID_CTL_BUCKET", self.store.location)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.argv", ["covid-ctl", *arguments])
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def made(
        self, *targets: Kind, location: str = REAL, fingerprint: str = "f00d", at: float = 1e9, by: str = ""
    ) -> list[Step]:
        """Steps of the recipe, finished, of a corpus."""
        steps = planned(*targets, recipe=load_recipe("own.yaml"), given=Given(corpus=Source(location, fingerprint)))
        for step in steps:
            complete(self.store, step)
            ledger = Ledger(self.store)
            ledger.append(step.name, Event(EventType.SUBMITTED, at, step.command, by=by, arguments=step.arguments))
            ledger.append(step.name, Event(EventType.SUCCEEDED, at + 1))
        return steps


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, capsys, monkeypatch)


COMMANDS = [
    "submit preprocess --recipe own.yaml",
    "submit preprocess --recipe own.yaml --dry-run",
    "submit preprocess --recipe bio",
    "submit pretrain own.yaml",
    "submit pretrain own.yaml --vocab vocab.txt",
    "submit pretrain own.yaml --with-inputs",
    "submit pretrain own.yaml --shards 3",
    "submit export own.yaml",
    "submit export own.yaml --with-inputs",
    "submit all own.yaml",
    "submit all bio --set initial_checkpoint=null",
    "render preprocess --recipe own.yaml",
    "render pretrain own.yaml",
    "render export own.yaml",
    "render all bio --set initial_checkpoint=null",
    "estimate preprocess own.yaml",
    "estimate all bio",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_corpus_nothing_is_made_up_and_the_next_command_names_one(command: str, place: Place) -> None:
    code, out, err = place.run(*shlex.split(command))
    assert (code, out) == (3, "")
    assert "no corpus is named" in err
    (following,) = [line for line in err.splitlines() if line.startswith("  next: covid-ctl ")]
    assert "--corpus PATH" in following
    assert list(place.store.objects()) == []
    if not following.startswith("  next: covid-ctl estimate") and "bio" not in command:
        corpus = str(write_corpus(place.folder / "corpus"))
        led = shlex.split(following.removeprefix("  next: covid-ctl ").replace("PATH", corpus))
        dry = ["--dry-run"] if led[0] == "submit" else []
        code, _, err = place.run(*led, *dry)
        assert code == 0 or f"next: covid-ctl submit preprocess --recipe own.yaml --corpus {corpus}" in err, err


@pytest.mark.parametrize("command", ["submit pretrain own.yaml --vocab vocab.txt", "submit all own.yaml"])
def test_the_advice_repeats_the_corpus_that_was_read_last_and_by_whom(command: str, place: Place) -> None:
    place.made(location="gs://old/cord19", fingerprint="beef", at=1e9)
    place.made(at=1.2e9, by="ann on laptop")
    place.made(location=SAMPLE, fingerprint=sample_fingerprint(), at=1.4e9)
    code, _, err = place.run(*command.split())
    assert code == 3
    assert f"made of {REAL}, 2008-01-10" in err
    assert "by ann on laptop" in err
    assert f"--corpus {REAL}" in err


@pytest.mark.parametrize("arguments", ["preprocess --recipe own.yaml", "all own.yaml"])
def test_the_sample_is_read_where_it_is_named(arguments: str, place: Place) -> None:
    code, out, err = place.run("submit", *arguments.split(), "--corpus", SAMPLE, "--dry-run")
    assert code == 0, err
    assert "corpus: the built-in sample of made-up papers" in out.splitlines()


def test_tiny_reads_the_sample_by_default_and_says_so(place: Place) -> None:
    code, out, err = place.run("submit", "all", "tiny", "--dry-run")
    assert code == 0, err
    heading, *steps = out.splitlines()[:7]
    assert heading.split() == ["STEP", "SHARDS", "STATE", "CORPUS"]
    assert all(step.endswith("the built-in sample of made-up papers") for step in steps)


def test_every_step_of_a_plan_shows_its_corpus(place: Place) -> None:
    corpus = str(write_corpus(place.folder / "corpus"))
    code, out, err = place.run("submit", "all", "own.yaml", "--corpus", corpus, "--dry-run", "--output", "json")
    assert code == 0, err
    plan = json.loads(out)
    assert [step["corpus"] for step in plan["steps"]] == [corpus] * 6
    assert plan["notes"] == [f"corpus: {corpus}"]


@pytest.mark.parametrize(
    ("command", "kind", "called"),
    [
        ("submit pretrain own.yaml --dry-run", Kind.PREPROCESS, "examples"),
        ("render export own.yaml", Kind.PRETRAIN, "weights"),
    ],
)
def test_what_is_chosen_is_told_with_its_corpus_its_time_and_who_made_it(
    command: str, kind: Kind, called: str, place: Place
) -> None:
    chosen = place.made(kind, by="ann on laptop")[-1]
    code, out, err = place.run(*command.split())
    assert code == 0, err
    (note,) = [line.removeprefix("# ") for line in out.splitlines() if called in line]
    assert note.startswith(f"{called}: {chosen.name}, the newest that fit recipe own; made of {REAL}, 2001-09-09")
    assert note.endswith("by ann on laptop")


@pytest.mark.parametrize(("kind", "command"), [(Kind.PREPROCESS, "pretrain"), (Kind.PRETRAIN, "export")])
def test_what_was_made_of_invented_papers_is_not_chosen_but_may_be_named(
    kind: Kind, command: str, place: Place
) -> None:
    made_up = place.made(kind, location=SAMPLE, fingerprint=sample_fingerprint())[-1]
    code, _, err = place.run("submit", command, "own.yaml", "--dry-run")
    assert (code, "no corpus is named" in err) == (3, True)
    option = {"pretrain": "--examples", "export": "--run"}[command]
    code, out, err = place.run("submit", command, "own.yaml", option, made_up.name, "--dry-run")
    assert code == 0, err
    assert f"{made_up.name}; made of the built-in sample of made-up papers" in out


def test_of_a_corpus_whose_place_nobody_noted_its_fingerprint_is_told(place: Place) -> None:
    for step in planned(recipe=load_recipe("own.yaml"), given=Given(corpus=Source(REAL, "f00d" * 16))):
        complete(place.store, step)
        Ledger(place.store).append(step.name, Event(EventType.SUBMITTED, 1e9, "covid-ctl submit 'preprocess"))
    code, out, err = place.run("submit", "pretrain", "own.yaml", "--dry-run")
    assert code == 0, err
    assert "made of a corpus of fingerprint f00df00df00d" in out
    code, _, err = place.run("submit", "all", "own.yaml")
    assert (code, "--corpus PATH" in err) == (3, True)


def test_before_places_were_noted_the_command_tells_the_corpus(place: Place) -> None:
    for step in planned(recipe=load_recipe("own.yaml"), given=Given(corpus=Source(REAL, "f00d"))):
        complete(place.store, step)
        command = "covid-ctl submit preprocess --recipe own.yaml --corpus gs://told"
        Ledger(place.store).append(step.name, Event(EventType.SUBMITTED, 1e9, command))
    code, out, _ = place.run("submit", "pretrain", "own.yaml", "--dry-run")
    assert (code, "made of gs://told" in out) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        "submit preprocess --corpus=",
        "submit preprocess --vocab=",
        "submit preprocess --recipe=",
        "submit pretrain tiny --examples=",
        "submit export tiny --run=",
        "submit all tiny --salt=",
        "submit all tiny --profile=",
        "submit all tiny --namespace=",
        "render all tiny --context=",
        "estimate all tiny --corpus=",
        "doctor tiny --vocab=",
        "status --bucket=",
        "report --html=",
        "submit all tiny --set schedule.seed=",
        "submit all tiny --set initial_checkpoint=",
        "doctor tiny --set schedule.seed=",
        "estimate all tiny --set=",
    ],
)
def test_an_empty_value_is_an_error(arguments: str, place: Place) -> None:
    code, out, err = place.run(*arguments.split())
    assert (code, out) == (2, "")
    assert "empty" in err or "not of the form" in err


def test_the_place_of_a_corpus_is_noted_with_who_submitted_it(place: Place) -> None:
    corpus = write_corpus(place.folder / "corpus", documents=1)  # too few: ingest fails, which is soon
    place.run("submit", "preprocess", "--recipe", "own.yaml", "--corpus", "corpus")
    (name,) = Ledger(place.store).steps()
    submitted = Ledger(place.store).events(name)[0]
    assert submitted.arguments == ("--corpus", identify_corpus(str(corpus)).location)
    assert " on " in submitted.by

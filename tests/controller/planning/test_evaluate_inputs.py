"""What an evaluation compares with: the control of its own lineage, models from outside, and the user's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controller.ledger.events import Event, EventType, Ledger
from controller.planning.request import Request
from controller.profiles.profile import Profile, load_profile
from controller.status.gc import plan_gc
from controller.status.removal import holdings
from controller.status.step_status import observe_all
from controller.status.verify import verify
from jobs.errors import ConfigurationError, DamagedError, PreflightError
from jobs.given_file import read_given
from jobs.spec import Kind, Spec
from jobs.store import Store
from tests.controller.steps import complete, planned, profile

QRELS, TOPICS = b"1 0 abc 1\n", b"<topic number='1'><query>virus</query></topic>"
PAIRS = b'{"first": "a", "second": "b", "similarity": 1}\n{"first": "a", "second": "c", "similarity": 0}\n'


@pytest.fixture
def place(tmp_path: Path) -> Profile:
    return profile(str(tmp_path / "bucket"))


def request(place: Profile, kind: str, **options: Any) -> Request:
    """On the made-up papers, unless something else is asked for."""
    usual: dict[str, Any] = {"recipe": "tiny", "overrides": (), "salt": "", "fresh": False, "shards": None}
    return Request.of(kind, place, **{**usual, "with_inputs": True, **options})


def specs(place: Profile, kind: str, **options: Any) -> dict[Kind, Spec]:
    return {step.spec.kind: step.spec for step in request(place, kind, **options).steps_to_submit()}


def test_the_control_is_tuned_alike_and_can_be_switched_off(place: Profile) -> None:
    found = specs(place, "all", corpus="sample")
    assert found[Kind.EVALUATE].inputs["control"] == found[Kind.CONTROL].name
    assert found[Kind.CONTROL].settings["embedder"] == found[Kind.TUNE].settings["embedder"]
    assert found[Kind.CONTROL].inputs == {"examples": found[Kind.PREPROCESS].name}
    without = specs(place, "all", corpus="sample", overrides=("embedder.control=false",))
    assert Kind.CONTROL not in without
    assert "control" not in without[Kind.EVALUATE].inputs
    assert without[Kind.TUNE].name == found[Kind.TUNE].name


def test_the_control_shares_the_lineage_of_a_step_that_was_named(place: Profile) -> None:
    """Other examples that fit the recipe are newer."""
    store = Store(place.bucket)
    for shards in (3, 2):
        for step in planned(Kind.TUNE, shards=shards):
            complete(store, step)
    of_three = {step.spec.kind: step.name for step in planned(Kind.TUNE, shards=3)}
    found = specs(place, "evaluate", embedder=of_three[Kind.TUNE])
    assert found[Kind.EVALUATE].inputs["tune"] == of_three[Kind.TUNE]
    assert found[Kind.CONTROL].inputs == {"examples": of_three[Kind.PREPROCESS]}
    named = specs(place, "control", examples=of_three[Kind.PREPROCESS])
    assert named[Kind.CONTROL].name == found[Kind.CONTROL].name


def test_a_control_may_be_judged_and_indexed_as_an_embedder_of_its_own(place: Profile) -> None:
    store = Store(place.bucket)
    for step in planned(Kind.CONTROL):
        complete(store, step)
    (control,) = (step.name for step in planned(Kind.CONTROL) if step.spec.kind is Kind.CONTROL)
    found = specs(place, "index", embedder=control)
    assert dict(found[Kind.EVALUATE].inputs) == {"tune": control}
    assert found[Kind.EMBED].inputs["embedder"] == control
    with pytest.raises(ConfigurationError, match="its kind is preprocess, not tune or control"):
        specs(place, "index", embedder=next(s.name for s in planned(Kind.CONTROL) if s.spec.kind is Kind.PREPROCESS))


def test_files_are_named_by_content_and_found_by_gc_and_verify(place: Profile, tmp_path: Path) -> None:
    files = {"a.qrels": QRELS, "topics.xml": TOPICS, "Pairs of Mine.jsonl": PAIRS, "copy.txt": QRELS}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    options: dict[str, Any] = {
        "corpus": "sample",
        "topics": str(tmp_path / "topics.xml"),
        "data": (str(tmp_path / "Pairs of Mine.jsonl"),),
    }
    asked = request(place, "evaluate", qrels=str(tmp_path / "a.qrels"), **options)
    *_, evaluate = asked.steps_to_submit()
    assert list(evaluate.spec.inputs) == ["tune", "control", "qrels", "topics", "data.pairs-of-mine"]
    moved = request(place, "evaluate", qrels=str(tmp_path / "copy.txt"), **options)
    assert moved.steps_to_submit()[-1].name == evaluate.name
    assert specs(place, "evaluate", corpus="sample")[Kind.EVALUATE].name != evaluate.name

    asked.upload_files()
    store, path = Store(place.bucket), evaluate.spec.inputs["qrels"]
    assert read_given(store, path, "qrels") == QRELS
    for step in asked.steps_to_submit():
        complete(store, step)
        Ledger(store).append(step.name, Event(EventType.SUBMITTED, 0.0))
    assert path in [found.name for found in verify(store, evaluate.name)]
    held = holdings(store, observe_all(store, now=1e3))
    kept = plan_gc(held.steps, held.given, now=4e9, older_than=1.0)
    assert "file" not in {removal.what for removal in kept.removals}
    gone = plan_gc([], held.given, now=4e9, older_than=1.0).removals
    assert {removal.what for removal in gone} == {"file"}
    assert len(gone) == 3
    Path(place.bucket, path).write_bytes(b"1 0 abc 2\n")
    with pytest.raises(DamagedError, match="submit again with --qrels"):
        read_given(store, path, "qrels")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"qrels": QRELS}, "it needs --topics beside it"),
        ({"topics": TOPICS}, "it needs --qrels beside it"),
        ({"qrels": b"nonsense\n", "topics": TOPICS}, "line 1"),
        ({"qrels": QRELS, "topics": b"<topic number='1'></topic>"}, "it has no query"),
        ({"qrels": QRELS, "topics": None}, "cannot be read"),
    ],
)
def test_bad_files_are_refused_before_anything_runs(
    files: dict[str, bytes | None], said: str, place: Profile, tmp_path: Path
) -> None:
    options = {}
    for name, data in files.items():
        options[name] = str(tmp_path / name)
        if data is not None:
            (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigurationError, match=said):
        specs(place, "evaluate", corpus="sample", **options)


def test_a_model_is_compared_with_by_its_content(place: Profile, tmp_path: Path) -> None:
    names = []
    on_a_cluster, place = place, load_profile("local", environment={}, bucket=place.bucket)
    for folder in ("here", "there"):
        directory = tmp_path / folder
        directory.mkdir()
        (directory / "model.safetensors").write_bytes(b"weights")
        (directory / "config.json").write_text(json.dumps({"model_type": "bert"}))
        asked = request(place, "evaluate", corpus="sample", against=str(directory))
        step = asked.steps_to_submit()[-1]
        assert step.arguments == ("--against", str(directory))
        names.append(step.name)
    assert names[0] == names[1]
    (tmp_path / "there" / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    assert specs(place, "evaluate", corpus="sample", against=str(tmp_path / "there"))[Kind.EVALUATE].name != names[0]
    with pytest.raises(PreflightError, match="pods of profile test do not see"):
        specs(on_a_cluster, "evaluate", corpus="sample", against=str(tmp_path / "here"))
    with pytest.raises(ConfigurationError, match="no such directory or file"):
        specs(place, "evaluate", corpus="sample", against=str(tmp_path / "nowhere"))


def test_a_step_is_compared_with_by_its_name(place: Profile) -> None:
    store = Store(place.bucket)
    steps = {step.spec.kind: step for step in planned(Kind.TUNE)}
    for step in steps.values():
        complete(store, step)
    found = specs(place, "evaluate", corpus="sample", against=steps[Kind.PRETRAIN].name)[Kind.EVALUATE]
    assert found.inputs["against"] == steps[Kind.PRETRAIN].name
    with pytest.raises(ConfigurationError, match="which makes no model; checkpoint, pretrain, tune, control do"):
        specs(place, "evaluate", corpus="sample", against=steps[Kind.PREPROCESS].name)

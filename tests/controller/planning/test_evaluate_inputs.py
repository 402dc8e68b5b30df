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
from jobs.recipe import load_recipe
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
        ({"qrels": b"2 0 abc 1\n", "topics": TOPICS}, "qrels: it judges none of the topics"),
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
    with pytest.raises(ConfigurationError, match="which makes no model; tune, pretrain, control, checkpoint do"):
        specs(place, "evaluate", corpus="sample", against=steps[Kind.PREPROCESS].name)


def finished(
    store: Store, target: Kind, at: float, *, salt: str = "", overrides: dict[str, str] | None = None
) -> dict[Kind, str]:
    """The names of the steps of recipe tiny that lead to the target, which were finished at this time."""
    steps = planned(target, recipe=load_recipe("tiny", overrides), salt=salt)
    for step in steps:
        complete(store, step)
        for event in (EventType.SUBMITTED, EventType.SUCCEEDED):
            Ledger(store).append(step.name, Event(event, at, arguments=step.arguments))
    return {step.spec.kind: step.name for step in steps}


def test_a_recipe_is_compared_with_by_its_newest_model_that_fits(place: Profile) -> None:
    """What was overridden for the model that is judged is not overridden for the recipe that it is compared with."""
    store = Store(place.bucket)
    other = {"schedule.train_steps": "700"}
    ours = finished(store, Kind.TUNE, 1, overrides=other)
    overrides = ("schedule.train_steps=700",)
    with pytest.raises(
        PreflightError, match=rf"no complete tune or pretrain .* fits it without --set; .*{ours[Kind.TUNE]}"
    ) as found:
        specs(place, "evaluate", overrides=overrides, against="tiny")
    assert found.value.remedy == "name a step, or covid-ctl submit tune tiny --with-inputs"

    pretrained = finished(store, Kind.PRETRAIN, 2)
    # Newer, but not what the recipe is for.
    finished(store, Kind.CONTROL, 3)
    found_specs = specs(place, "evaluate", overrides=overrides, against="tiny")
    assert found_specs[Kind.EVALUATE].inputs["against"] == pretrained[Kind.PRETRAIN]

    finished(store, Kind.TUNE, 4, salt="an earlier run")
    newest = finished(store, Kind.TUNE, 5)
    asked = request(place, "evaluate", overrides=overrides, against="tiny")
    (evaluate,) = (step.spec for step in asked.steps_to_submit() if step.spec.kind is Kind.EVALUATE)
    assert evaluate.inputs["against"] == newest[Kind.TUNE]
    assert evaluate.inputs["tune"] == ours[Kind.TUNE]
    told = f"against: {newest[Kind.TUNE]}, the newest that fits recipe tiny; made of the built-in sample"
    assert any(note.startswith(told) for note in asked.notes)


def test_a_model_is_not_compared_with_itself(place: Profile) -> None:
    tuned = finished(Store(place.bucket), Kind.TUNE, 1)[Kind.TUNE]
    for name in (tuned, "tiny"):
        with pytest.raises(ConfigurationError, match="would be compared with itself") as refused:
            specs(place, "evaluate", against=name)
        assert refused.value.thing == tuned


def test_a_word_that_names_no_model_is_answered_with_what_there_is(
    place: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tuned = finished(Store(place.bucket), Kind.TUNE, 1)[Kind.TUNE]
    with pytest.raises(ConfigurationError) as refused:
        specs(place, "evaluate", against="clinicl")
    assert refused.value.thing == "--against clinicl"
    assert "no such step or recipe, directory or archive; did you mean clinical?" in refused.value.reason
    assert (
        f"recipes: bio, clinical, minilm, pubmed, tiny; complete steps: {tuned}, pretrain-tiny" in refused.value.reason
    )
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: cannot be read"):
        specs(place, "evaluate", against="absent.yaml")
    # A recipe's name is the recipe, whatever lies in the working directory; a path is told by its slash.
    (tmp_path / "bio").mkdir()
    with pytest.raises(PreflightError, match="recipe bio: no complete tune"):
        specs(place, "evaluate", against="bio")


def test_what_is_to_be_made_first_is_made_of_the_step_that_was_named(place: Profile) -> None:
    """Without it the command that is advised would look for another embedder."""
    store = Store(place.bucket)
    control = finished(store, Kind.CONTROL, 1)[Kind.CONTROL]
    with pytest.raises(PreflightError, match=r"index-tiny-\w+: it needs evaluate-tiny-\w+, which") as refused:
        request(place, "index", embedder=control, with_inputs=False).steps_to_submit()
    assert refused.value.remedy.startswith(f"covid-ctl submit evaluate tiny --embedder {control}\n")
    asked = request(place, "index", embedder=control)
    assert [step.spec.kind for step in asked.steps_to_submit()] == [Kind.EVALUATE, Kind.EMBED, Kind.INDEX]
    assert len([note for note in asked.notes if note.startswith("embedder: ")]) == 1


@pytest.mark.parametrize("kind", ["tune", "control", "evaluate", "index"])
def test_a_recipe_without_an_embedder_is_told_so_before_anything_is_planned(place: Profile, kind: str) -> None:
    with pytest.raises(PreflightError, match="recipe tiny: it has no section embedder") as refused:
        specs(place, kind, corpus="sample", overrides=("embedder=null",))
    assert refused.value.remedy.startswith("covid-ctl recipes show tiny --explain")
    assert Kind.PRETRAIN in specs(place, "all", corpus="sample", overrides=("embedder=null",))

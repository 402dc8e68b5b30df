"""A label that is given to steps: kept by the ledger, shown wherever names are, and picked by."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controller.cli import main
from controller.cli.lines import finished_line, progress_line, status_line, submitted_line
from controller.cli.tables import artifacts_table, as_lines, status_table
from controller.clusters.kubernetes import KubernetesCluster
from controller.labels import ANNOTATION_LABEL
from controller.ledger.label import LONGEST, label_of
from controller.planning.plan import Source, Step
from controller.status.step_status import StepProgress, observe
from controller.tracking.submission import SubmissionOutcome, Submitted
from controller.tracking.wait import StepUpdate
from jobs.artifact import Artifact, Manifest
from jobs.sample.sample import SAMPLE, sample_fingerprint
from tests.api_server.server import ApiServer
from tests.controller.steps import Given, complete, planned, steps
from tests.controller.tracked import World

Run = Callable[..., tuple[int, str, str]]
LABEL = "CORD-19 de juin, 100 %"


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def covid_ctl(*words: str) -> tuple[int, str, str]:
        place = ["--profile", "local", "--bucket", str(tmp_path / "bucket")]
        monkeypatch.setattr(sys, "argv", ["covid-ctl", *place, *words])
        with pytest.raises(SystemExit) as ended:
            main.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return covid_ctl


def labelled(step: Step, label: str = LABEL) -> Step:
    return replace(step, label=label)


def test_the_ledger_and_the_job_have_it_and_the_artifact_has_not(world: World) -> None:
    plain, called = steps()[0], labelled(steps()[0])
    world.submit(called)
    complete(world.store, called)
    assert called.name == plain.name
    job = world.server.store.get("jobs", "default", called.name)
    assert job["metadata"]["annotations"][ANNOTATION_LABEL] == LABEL
    assert label_of(world.ledger.events(called.name)) == LABEL
    for found in world.store.objects(called.name):
        assert LABEL not in (world.store.find(found.path) or b"").decode()


@pytest.mark.parametrize("there", ["under way", "complete"])
def test_a_step_that_is_there_takes_the_newest_and_goes_on(there: str, world: World) -> None:
    step = steps()[0]
    world.submit(labelled(step, "first"))
    if there == "complete":
        complete(world.store, step)
    for label in ("second", "second", ""):
        (again,) = world.submit(labelled(step, label))
        assert again.outcome in (SubmissionOutcome.THERE, SubmissionOutcome.COMPLETE)
    assert [event.label for event in world.ledger.events(step.name)] == ["first", "second"]
    assert world.history(step).is_under_way


def test_it_is_shown_wherever_names_are(world: World, run: Run) -> None:
    step = labelled(steps()[0])
    world.submit(step)
    complete(world.store, step)
    state = observe(world.store, step.name, now=0.0)
    manifest = Artifact(world.store, step.spec).require()
    update = StepUpdate(step, StepProgress(1, 1), 0.0, 0, None)
    shown = [
        submitted_line(Submitted(step, SubmissionOutcome.CREATED)),
        progress_line(update),
        finished_line(update, manifest),
        status_line(state, 0.0),
        *(as_lines(status_table([state], {}, now=0.0, width=width)) for width in (60, 80, 120)),
        *(as_lines(artifacts_table([manifest], {step.name: LABEL})) for width in (60, 80, 120)),
    ]
    for text in shown:
        assert LABEL in text
    for words in (["status"], ["status", step.name], ["watch", step.name], ["artifacts"], ["explain", step.name]):
        assert LABEL in run(*words)[1], words
    for words in (["status"], ["artifacts"]):
        (data,) = json.loads(run(*words, "--output", "json")[1])
        assert data["label"] == LABEL
    assert json.loads(run("explain", step.name, "--output", "json")[1])["label"] == LABEL


def test_nothing_changes_where_nobody_gives_one(world: World) -> None:
    step = steps()[0]
    world.submit(step)
    complete(world.store, step)
    manifests: list[Manifest] = [Artifact(world.store, step.spec).require()]
    assert "LABEL" not in as_lines(status_table([observe(world.store, step.name, now=0.0)], {}, now=0.0))
    assert "LABEL" not in as_lines(artifacts_table(manifests, {}))


PLAN = ("submit", "preprocess", "tiny", "--corpus", "sample", "--dry-run", "--output", "json")


def test_steps_that_have_one_keep_it_unless_the_command_names_them(world: World, run: Run) -> None:
    first, *_, last = json.loads(run(*PLAN, "--label", "planned")[1])["steps"]
    assert (first["label"], last["label"]) == ("planned", "planned")
    sample = Given(corpus=Source(SAMPLE, sample_fingerprint()))
    own = {step.name: step for step in planned(given=sample)}
    world.submit(*(labelled(step, "mine") for step in own.values()))
    found = json.loads(run(*PLAN, "--label", "yours")[1])["steps"]
    assert {step["name"] for step in found} == set(own)
    assert [step["label"] for step in found] == ["mine", "mine", "mine", "yours"]


@pytest.mark.parametrize("label", ["a\nb", "\x1b[31m", "a\u202eb", "x" * (LONGEST + 1), "  "])
def test_what_a_row_cannot_show_is_refused(label: str, run: Run) -> None:
    code, out, err = run(*PLAN, "--label", label)
    assert (code, out) == (2, "")
    assert "--label" in err
    assert "\n  next: " in err
    assert "\x1b" not in err


def test_steps_are_picked_by_it_and_by_state_kind_and_recipe(world: World, run: Run) -> None:
    ingest, *_, preprocess = steps()
    world.submit(labelled(ingest, "one"), labelled(preprocess, "two"))
    complete(world.store, ingest)

    def picked(*words: str) -> set[str]:
        return {step["name"] for step in json.loads(run("status", "--output", "json", *words)[1])}

    assert picked("--label", "one") == picked("--kind", "ingest") == picked("--state", "complete") == {ingest.name}
    assert picked("--kind", "ingest", "--kind", "preprocess") == {ingest.name, preprocess.name}
    assert picked("--kind", "ingest", "--label", "two") == set()
    assert run("status", "--kind", "tune")[1] == "no step matches\n"
    (only,) = json.loads(run("artifacts", "--label", "one", "--output", "json")[1])
    assert only["name"] == ingest.name


REFUSED = {
    "--state complet": "did you mean complete?",
    "--kind ingst": "did you mean ingest?",
    "--recipe tyni": "no step has a recipe",
    "--label onne": "did you mean one?; there are one, two",
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_value_that_nothing_has_is_refused_with_those_there_are(words: str, world: World, run: Run) -> None:
    ingest, *_, preprocess = steps()
    world.submit(labelled(ingest, "one"), labelled(preprocess, "two"))
    for command in ("status", "watch"):
        code, out, err = run(command, *words.split())
        assert (code, out) == (2, "")
        assert REFUSED[words] in err
        assert "\n  next: covid-ctl " in err


def test_filters_are_for_lists(run: Run) -> None:
    for command in ("status", "watch", "artifacts"):
        code, _, err = run(command, "ingest-00000000", "--kind", "ingest")
        assert (code, "not both" in err) == (2, True)

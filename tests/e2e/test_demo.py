"""The tutorial's commands work as they stand there, and what the first one leaves: the main job, corpus in, model out.

It trains for seconds where ``make demo`` trains for a minute. README's commands are run by test_docs.
"""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import answer, covid_ctl
from tests.e2e.documents import check, commands_of, furnish, run, run_blocks
from tests.e2e.json_reference import REFERENCE

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorials" / "laptop.md"

DEMO = next(command for command, _ in commands_of(TUTORIAL) if command.startswith("covid-ctl submit all "))
SETTINGS = shlex.split(DEMO.partition("--corpus sample ")[2])
WARMUP = ("--set", "schedule.warmup_steps=10")
"""As it is among ``SETTINGS``: who extends a run says what it was, but for its steps."""
STEPS = [
    "ingest",
    "signatures",
    "vocabulary",
    "preprocess",
    "pretrain",
    "export",
    "tune",
    "control",
    "evaluate",
    "embed",
    "index",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnish(tmp_path_factory.mktemp("tutorial"))


@pytest.fixture(scope="module")
def demo(place: Path) -> list[str]:
    """What ``DEMO`` printed. Its bucket is kept as it was, whatever the tutorial does to it afterwards."""
    printed = run(DEMO, place)
    shutil.copytree(place / "bucket", place / "kept")
    return printed


@pytest.fixture(scope="module")
def bucket(place: Path, demo: list[str]) -> Path:
    assert demo
    return place / "kept"


@pytest.fixture(scope="module")
def manifests(bucket: Path) -> dict[str, dict[str, Any]]:
    found = answer("artifacts", "--output", "json", bucket=bucket).json()
    return {manifest["spec"]["kind"]: manifest for manifest in found}


def test_every_command_does_what_is_shown(place: Path, demo: list[str]) -> None:
    assert run_blocks(TUTORIAL, place, {DEMO: demo}) >= 7


def test_the_readme_shows_the_steps_and_counts_of_this_sample(place: Path, demo: list[str]) -> None:
    """Those of trained weights, which take longer, are compared where README's own commands run (test_docs)."""
    ((command, shown),) = [found for found in commands_of(README) if found[0].startswith("covid-ctl submit all ")]
    check(shown[: shown.index("...")][:5], demo, command)
    planned = answer(*shlex.split(command)[1:], "--dry-run", "--output", "json", cwd=place).json()["steps"]
    named = re.findall(r"\b[a-z]+-(?:tiny-)?[0-9a-f]{8}\b", README.read_text())
    assert len(named) >= 7
    assert set(named) <= {step["name"] for step in planned}


def test_every_step_is_reported_and_complete(bucket: Path, demo: list[str]) -> None:
    assert [line.split("-")[0] for line in demo if " done in " in line] == STEPS
    states = answer("status", "--output", "json", bucket=bucket).json()
    assert [(state["kind"], state["state"]) for state in states] == [(kind, "complete") for kind in STEPS]


def test_documents_are_accounted_for_from_end_to_end(manifests: dict[str, dict[str, Any]]) -> None:
    ingested = manifests["ingest"]["counts"]["documents"]
    assert ingested["read"] == ingested["kept"] + sum(ingested["dropped"].values()) + ingested["quarantined"]
    read = manifests["preprocess"]["counts"]["documents"]
    assert read["read"] == ingested["kept"] == read["kept"] + sum(read["dropped"].values())
    assert ingested["quarantined"] >= 1  # the sample has a malformed file


def test_held_out_loss_falls(manifests: dict[str, dict[str, Any]]) -> None:
    evaluations = manifests["pretrain"]["facts"]["evaluations"]
    assert [evaluation["step"] for evaluation in evaluations] == [0, 30]
    assert evaluations[-1]["mlm_loss"] < evaluations[0]["mlm_loss"] - 0.5


def test_programs_get_the_fields_that_the_reference_has(bucket: Path, place: Path) -> None:
    def fields(*words: str) -> Any:
        return answer(*words, "--output", "json", bucket=bucket, cwd=place).json()

    assert set(fields("report", "evaluate")) == REFERENCE["report evaluate"]
    found = fields("search", "coronavirus", "-n", "1")
    assert set(found) == REFERENCE["search"]
    assert set(found["answers"][0]["hits"][0]) == REFERENCE["search: a hit"]
    assert set(fields("publish", "tiny", *SETTINGS, "--to", "for-programs")) == REFERENCE["publish --to"]
    assert set(fields("verify", "for-programs")) == REFERENCE["verify DIRECTORY"]


def test_the_card_has_the_runs_own_numbers(bucket: Path, manifests: dict[str, dict[str, Any]]) -> None:
    card = (bucket / manifests["export"]["name"] / "model" / "README.md").read_text()
    documents = manifests["preprocess"]["counts"]["documents"]
    assert f"{documents['kept'] + documents['dropped']['without_text']:,}" in card
    assert "| dropped: language:es | 1 |" in card
    assert f"{manifests['preprocess']['counts']['examples']['train']:,}" in card
    assert f"{manifests['pretrain']['facts']['evaluations'][-1]['mlm_loss']:.3f}" in card


def test_preprocessing_leaves_a_report(place: Path, bucket: Path, manifests: dict[str, dict[str, Any]]) -> None:
    told = answer("report", "--html", "page.html", bucket=bucket, cwd=place)
    assert told.code == 0, told.err
    step = manifests["preprocess"]["name"]
    assert told.out.splitlines()[0] == step
    assert "Documents: 280 of 300 kept" in told.out
    assert told.out.splitlines()[-1] == "Page: page.html"
    assert (place / "page.html").read_bytes() == (bucket / step / "report.html").read_bytes()
    report = answer("report", step, "--output", "json", bucket=bucket).json()
    assert report["examples"] == manifests["preprocess"]["counts"]["examples"]
    refused = answer("report", manifests["ingest"]["name"], bucket=bucket)
    assert (refused.code, "ingest leaves no report" in refused.err) == (2, True)
    unwritable = answer("report", "--html", "no/such/folder.html", bucket=bucket, cwd=place)
    assert (unwritable.code, "give another --html FILE" in unwritable.err) == (2, True)


def test_again_does_nothing(bucket: Path, demo: list[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in bucket.rglob("*")}
    again = covid_ctl(*shlex.split(DEMO)[1:], bucket=bucket)
    assert again.code == 0
    assert Path(again.out.splitlines()[-1]).name == Path(demo[-1]).name
    assert again.out.count("already complete") == len(STEPS)
    assert {path: path.stat().st_mtime_ns for path in bucket.rglob("*")} == before


def test_the_newest_fitting_inputs_are_found_without_being_named(
    bucket: Path, manifests: dict[str, dict[str, Any]]
) -> None:
    rendered = answer("render", "pretrain", "tiny", *SETTINGS, bucket=bucket)
    (job,) = yaml.safe_load_all(rendered.out)
    assert job["metadata"]["name"] == manifests["pretrain"]["name"]
    # Keeping the text makes no other examples.
    with_text = ("render", "pretrain", "tiny", *SETTINGS, "--set", "corpus.clean_text=true")
    assert answer(*with_text, bucket=bucket).out == rendered.out


def test_curves_are_where_tensorboard_looks(bucket: Path, manifests: dict[str, dict[str, Any]]) -> None:
    folder = bucket / manifests["pretrain"]["name"] / "tensorboard"
    assert list(folder.glob("events.out.tfevents.*"))


def test_logs_are_json_lines(bucket: Path, manifests: dict[str, dict[str, Any]]) -> None:
    for manifest in manifests.values():
        (log, *_) = sorted((bucket / manifest["name"] / "logs").iterdir())
        events = [json.loads(line) for line in log.read_text().splitlines()]
        assert events[-1]["event"] in ("step.completed", "shard.committed")


EXTEND = ("submit", "pretrain", "tiny", *WARMUP, "--extend")


def test_what_extends_a_finished_training_and_what_does_not(bucket: Path, manifests: dict[str, dict[str, Any]]) -> None:
    trained = manifests["pretrain"]["name"]
    planned = answer(*EXTEND, trained, "--to", "40", "--dry-run", bucket=bucket)
    assert planned.code == 0, planned.err
    assert "pretrain-tiny-to40-" in planned.out
    assert f"extends {trained}: its learning rate was to fall to 0 at step 30, and now does at 40" in planned.out
    refused = {
        (trained, "--set", "schedule.train_steps=30"): "it has made 30 steps, 30 are no more",
        (trained, "--to", "20"): "it has made 30 steps, 20 are no more",
        (trained, "--to", "40", "--set", "schedule.learning_rate=0.5"): "schedule.learning_rate is 0.0005 in it, 0.5",
        (trained, "--to", "40", "--set", "schedule.train_steps=35"): "--set schedule.train_steps=35 says otherwise",
        (trained, "--to", "40", "--corpus", "sample"): f"it goes on with what {trained} was made of",
        (manifests["preprocess"]["name"], "--to", "40"): "its kind is preprocess, not pretrain",
    }
    for words, reason in refused.items():
        done = answer(*EXTEND, *words, bucket=bucket)
        assert (done.code, reason in done.err) == (2, True), (words, done.err)


@pytest.mark.slow  # each part has default tests of its own; this joins them by three commands that train and export
def test_a_finished_training_is_extended_under_a_name_that_says_so(
    bucket: Path, manifests: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    shutil.copytree(bucket, tmp_path / "bucket")
    bucket, trained = tmp_path / "bucket", manifests["pretrain"]["name"]
    done = covid_ctl(*EXTEND, trained, "--to", "40", bucket=bucket)
    assert done.code == 0, done.err
    assert f"extends {trained}: its learning rate was to fall to 0 at step 30, and now does at 40" in done.out
    assert f"40 steps (30 of them {trained}'s), held-out MLM loss" in done.out
    (extended,) = (path.name for path in bucket.glob("pretrain-tiny-to40-*"))
    assert "already complete" in covid_ctl(*EXTEND, trained, "--to", "40", bucket=bucket).out
    assert f"extends {trained}" in answer("explain", extended, bucket=bucket).out

    # The recipe alone still means the run that it describes; the longer one is named.
    exported = covid_ctl("submit", "export", "tiny", "--run", extended, bucket=bucket)
    assert exported.code == 0, exported.err
    card = Path(exported.out.splitlines()[-1], "model", "README.md").read_text()
    assert f"| up to step 30 | `{trained}` |" in card
    assert "then towards 0 at step 40." in card

    # Checkpoints may go once the extension is complete, and then nothing goes on from them.
    assert answer("gc", "--older-than", "0s", "--yes", bucket=bucket).code == 0
    gone = answer(*EXTEND, trained, "--to", "50", bucket=bucket)
    assert (gone.code, "its last checkpoint, of step 30, is gone" in gone.err) == (3, True), gone.err

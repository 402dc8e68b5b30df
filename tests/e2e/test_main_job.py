"""The main job on the built-in sample, through the real commands: corpus in, model out.

One small recipe of our own keeps training short; everything else is as a user has it.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.command import Done, covid_ctl

STEPS = ["ingest", "signatures", "vocabulary", "preprocess", "pretrain", "export"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a recipe in it, and the bucket after the first run."""
    directory = tmp_path_factory.mktemp("main-job")
    recipe = yaml.safe_load(covid_ctl("recipes", "show", "tiny").out)
    recipe["architecture"] |= {"hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": 128}
    recipe["vocabulary"]["learn"] = 800
    recipe["schedule"] |= {"train_batch_size": 8, "train_steps": 60, "warmup_steps": 6, "evaluate_every": 30}
    (directory / "smaller.yaml").write_text(yaml.safe_dump(recipe))
    return directory


@pytest.fixture(scope="module")
def first(place: Path) -> Done:
    done = covid_ctl("submit", "export", "smaller.yaml", "--with-inputs", bucket=place / "bucket", cwd=place)
    assert done.code == 0, done.err
    return done


@pytest.fixture(scope="module")
def manifests(place: Path, first: Done) -> dict[str, dict[str, Any]]:
    assert first.code == 0
    found = covid_ctl("artifacts", "--output", "json", bucket=place / "bucket").json()
    return {manifest["spec"]["kind"]: manifest for manifest in found}


def test_every_step_is_reported_and_complete(place: Path, first: Done) -> None:
    finished = [line.split("-")[0] for line in first.out.splitlines() if " done in " in line]
    assert finished == STEPS
    states = covid_ctl("status", "--output", "json", bucket=place / "bucket").json()
    assert [(state["kind"], state["state"]) for state in states] == [(kind, "complete") for kind in STEPS]


def test_documents_are_accounted_for_from_end_to_end(manifests: dict[str, dict[str, Any]]) -> None:
    ingested = manifests["ingest"]["counts"]["documents"]
    assert ingested["read"] == ingested["kept"] + sum(ingested["dropped"].values()) + ingested["quarantined"]
    read = manifests["preprocess"]["counts"]["documents"]
    assert read["read"] == ingested["kept"] == read["kept"] + sum(read["dropped"].values())
    assert ingested["quarantined"] >= 1  # the sample has a malformed file


def test_held_out_loss_falls(manifests: dict[str, dict[str, Any]]) -> None:
    evaluations = manifests["pretrain"]["facts"]["evaluations"]
    assert [evaluation["step"] for evaluation in evaluations] == [0, 30, 60]
    assert evaluations[-1]["mlm_loss"] < evaluations[0]["mlm_loss"] - 0.3


def test_the_card_has_the_runs_own_numbers(place: Path, manifests: dict[str, dict[str, Any]]) -> None:
    card = (place / "bucket" / manifests["export"]["name"] / "model" / "README.md").read_text()
    documents = manifests["preprocess"]["counts"]["documents"]
    assert f"{documents['kept'] + documents['dropped']['without_text']:,}" in card
    assert "| dropped: language:es | 1 |" in card
    assert f"{manifests['preprocess']['counts']['examples']['train']:,}" in card
    assert f"{manifests['pretrain']['facts']['evaluations'][-1]['mlm_loss']:.3f}" in card


def test_preprocessing_leaves_a_report(place: Path, manifests: dict[str, dict[str, Any]]) -> None:
    told = covid_ctl("report", "--html", "page.html", bucket=place / "bucket", cwd=place)
    assert told.code == 0, told.err
    step = manifests["preprocess"]["name"]
    assert told.out.splitlines()[0] == step
    assert "Documents: 280 of 300 kept" in told.out
    assert told.out.splitlines()[-1] == "Page: page.html"
    assert (place / "page.html").read_bytes() == (place / "bucket" / step / "report.html").read_bytes()
    report = covid_ctl("report", step, "--output", "json", bucket=place / "bucket").json()
    assert report["examples"] == manifests["preprocess"]["counts"]["examples"]
    refused = covid_ctl("report", manifests["ingest"]["name"], bucket=place / "bucket")
    assert (refused.code, "ingest leaves no report" in refused.err) == (2, True)
    unwritable = covid_ctl("report", "--html", "no/such/folder.html", bucket=place / "bucket", cwd=place)
    assert (unwritable.code, "give another --html FILE" in unwritable.err) == (2, True)


def test_again_does_nothing(place: Path, first: Done) -> None:
    before = {path: path.stat().st_mtime_ns for path in (place / "bucket").rglob("*")}
    again = covid_ctl("submit", "export", "smaller.yaml", "--with-inputs", bucket=place / "bucket", cwd=place)
    assert again.code == 0
    assert again.out.splitlines()[-1] == first.out.splitlines()[-1]
    assert "already complete" in again.out
    assert {path: path.stat().st_mtime_ns for path in (place / "bucket").rglob("*")} == before


def test_the_newest_fitting_inputs_are_found_without_being_named(place: Path, first: Done) -> None:
    assert first.code == 0
    rendered = covid_ctl("render", "pretrain", "smaller.yaml", bucket=place / "bucket", cwd=place)
    (job,) = yaml.safe_load_all(rendered.out)
    trained = [s["name"] for s in covid_ctl("status", "--output", "json", bucket=place / "bucket").json()]
    assert job["metadata"]["name"] in trained
    # Keeping the text makes no other examples.
    with_text = ("render", "pretrain", "smaller.yaml", "--set", "corpus.clean_text=true")
    assert covid_ctl(*with_text, bucket=place / "bucket", cwd=place).out == rendered.out


def test_curves_are_where_tensorboard_looks(place: Path, manifests: dict[str, dict[str, Any]]) -> None:
    folder = place / "bucket" / manifests["pretrain"]["name"] / "tensorboard"
    assert list(folder.glob("events.out.tfevents.*"))


def test_logs_are_json_lines(place: Path, manifests: dict[str, dict[str, Any]]) -> None:
    for manifest in manifests.values():
        (log, *_) = sorted((place / "bucket" / manifest["name"] / "logs").iterdir())
        events = [json.loads(line) for line in log.read_text().splitlines()]
        assert events[-1]["event"] in ("step.completed", "shard.committed")


def test_a_finished_training_is_extended_under_a_name_that_says_so(
    place: Path, manifests: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    bucket = tmp_path / "bucket"
    shutil.copytree(place / "bucket", bucket)
    trained, again = manifests["pretrain"]["name"], ("submit", "pretrain", "smaller.yaml", "--extend")

    refused = {
        (trained,): "it has made 60 steps, 60 are no more",
        (trained, "--to", "50"): "it has made 60 steps, 50 are no more",
        (trained, "--to", "90", "--set", "schedule.learning_rate=0.5"): "schedule.learning_rate is 0.0005 in it, 0.5",
        (trained, "--to", "90", "--set", "schedule.train_steps=80"): "--set schedule.train_steps=80 says otherwise",
        (trained, "--to", "90", "--corpus", "sample"): f"it goes on with what {trained} was made of",
        (manifests["preprocess"]["name"], "--to", "90"): "its kind is preprocess, not pretrain",
    }
    for words, reason in refused.items():
        done = covid_ctl(*again, *words, bucket=bucket, cwd=place)
        assert (done.code, reason in done.err) == (2, True), (words, done.err)

    done = covid_ctl(*again, trained, "--to", "90", bucket=bucket, cwd=place)
    assert done.code == 0, done.err
    assert f"extends {trained}: its learning rate was to fall to 0 at step 60, and now does at 90" in done.out
    assert f"90 steps (60 of them {trained}'s), held-out MLM loss" in done.out
    (extended,) = (path.name for path in bucket.glob("pretrain-tiny-to90-*"))
    assert "already complete" in covid_ctl(*again, trained, "--to", "90", bucket=bucket, cwd=place).out
    assert f"extends {trained}" in covid_ctl("explain", extended, bucket=bucket).out

    # The recipe alone still means the run that it describes; the longer one is named.
    exported = covid_ctl("submit", "export", "smaller.yaml", "--run", extended, bucket=bucket, cwd=place)
    assert exported.code == 0, exported.err
    card = Path(exported.out.splitlines()[-1], "model", "README.md").read_text()
    assert f"| up to step 60 | `{trained}` |" in card
    assert "then towards 0 at step 90." in card

    # Checkpoints may go once the extension is complete, and then nothing goes on from them.
    assert covid_ctl("gc", "--older-than", "0s", "--yes", bucket=bucket).code == 0
    gone = covid_ctl(*again, trained, "--to", "120", bucket=bucket, cwd=place)
    assert (gone.code, "its last checkpoint, of step 60, is gone" in gone.err) == (3, True), gone.err

"""Whole runs of the pretrain step: what they leave behind, stopped anywhere or not at all."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import structlog
import tensorflow as tf
from safetensors.numpy import load
from structlog.typing import EventDict

from jobs.artifact import Artifact
from jobs.errors import (
    ConfigurationError,
    DivergedError,
    Interrupted,
    LimitReachedError,
    MissingObjectError,
    StoreError,
)
from jobs.model import optimizer as updating
from jobs.model.bert import Bert, BertConfig
from jobs.model.evaluation import PretrainingEvaluation
from jobs.model.loss import evaluation_sums
from jobs.model.training_log import TRACING
from jobs.model.training_task import TrainingContext
from jobs.progress import read_heartbeats
from jobs.steps import pretrain
from jobs.steps.context import StepContext
from jobs.store import ObjectInfo, Store
from jobs.vocabulary import SPECIALS, Vocabulary

Submit = Callable[..., Artifact]
VOCABULARY = Vocabulary((*SPECIALS, *(f"w{n}" for n in range(35)), *(f"##c{n}" for n in range(10))))
SCALARS = {"loss", "mlm_loss", "nsp_loss", "learning_rate", "examples_per_second", "gradient_norm", "data_wait_share"}


def run(artifact: Artifact, scratch: Path, stopping: Callable[[], bool] = lambda: False, **runtime: str) -> None:
    scratch.mkdir(parents=True)
    pretrain.run(StepContext(artifact, 0, scratch, stopping, runtime=runtime))
    artifact.finish()


def checkpoint(artifact: Artifact, step: int) -> str:
    """The path of a checkpoint's numbers."""
    record = json.loads(artifact.store.get(artifact.path(f"checkpoints/{step:08d}.json")))
    return artifact.path(f"checkpoints/{record['file']}")


def stop_at_call(number: int) -> Callable[[], bool]:
    """True from its ``number``-th call on."""
    calls = iter(range(1, 1_000_000))
    return lambda: next(calls) >= number


def stop_after(step: int, time: int, logs: list[EventDict]) -> Callable[[], bool]:
    """True from the ``time``-th call on after ``logs`` say that ``step`` steps are made."""
    calls = iter(range(1, 1_000_000))

    def stopping() -> bool:
        made = any(e["step"] >= step for e in logs if e["event"] in ("training.started", "training.progressed"))
        return made and next(calls) >= time

    return stopping


def weights(artifact: Artifact) -> dict[str, npt.NDArray[np.float32]]:
    manifest = artifact.require()
    found: dict[str, npt.NDArray[np.float32]] = load(artifact.read(manifest.output("model/weights.safetensors")))
    return found


def curves(artifact: Artifact) -> list[tuple[int, str]]:
    """(step, name) of every scalar in the artifact's event files, in file order."""
    found = []
    for output in artifact.store.objects(artifact.path("tensorboard")):
        for record in tf.data.TFRecordDataset(str(Path(artifact.store.location, output.path))):
            event = tf.compat.v1.Event.FromString(record.numpy())
            found += [(event.step, value.tag) for value in event.summary.value]
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Filled by the first test that needs it."""
    return {"folder": tmp_path_factory.mktemp("undisturbed")}


@pytest.fixture
def finished(undisturbed: dict[str, Any], submit_pretrain: Submit) -> Artifact:
    """One run of twelve steps from end to end."""
    if "artifact" not in undisturbed:
        artifact = submit_pretrain(undisturbed["folder"] / "bucket")
        run(artifact, undisturbed["folder"] / "scratch")
        undisturbed["artifact"] = artifact
    finished: Artifact = undisturbed["artifact"]
    return finished


def test_until_its_first_step_it_says_that_the_graph_is_traced(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket")
    busy: list[str] = []

    def stopping() -> bool:
        busy.extend(beat.doing for beat in read_heartbeats(artifact.store, artifact.name).values())
        return bool(busy)

    with pytest.raises(Interrupted):
        run(artifact, tmp_path / "scratch", stopping)
    assert busy == [TRACING]


def test_when_it_has_ended_it_does_not(finished: Artifact) -> None:
    assert [beat.doing for beat in read_heartbeats(finished.store, finished.name).values()] == [""]


def test_a_finished_run_says_what_it_did(finished: Artifact) -> None:
    manifest = finished.require()
    facts = manifest.facts
    assert [o.path for o in manifest.outputs] == [
        "model/weights.safetensors",
        "model/bert_config.json",
        "evaluations.json",
    ]
    assert [Path(o.path).name for o in finished.store.objects(finished.path("tensorboard"))] == [
        "events.out.tfevents.00000000",
        "events.out.tfevents.00000004",
        "events.out.tfevents.00000006",
        "events.out.tfevents.00000008",
    ]
    assert (facts["steps"], facts["examples_seen"]) == (12, 48)
    assert (facts["train_examples"], facts["validation_examples"]) == (21, 9)
    assert facts["parameters"] == sum(w.size for w in weights(finished).values())
    assert facts["tensorflow"] == tf.__version__
    assert facts["device"] == "1 CPU"
    assert facts["device_hours"] == pytest.approx(facts["train_seconds"] / 3600, abs=1e-3)
    assert facts["processes"] == 1
    (hardware,) = facts["hardware"]
    assert hardware["device"] == "1 CPU"
    assert hardware["threads"] >= 1
    assert hardware["processor"]
    assert facts["checkpoints_rejected"] == []
    assert 0 < facts["train_seconds"] == manifest.seconds
    assert [e["step"] for e in facts["evaluations"]] == [0, 6, 12]
    assert facts["evaluations"][-1]["mlm_loss"] < facts["evaluations"][0]["mlm_loss"]
    assert json.loads(finished.store.get(finished.path("evaluations.json"))) == facts["evaluations"]


def test_the_model_s_configuration_is_google_s(finished: Artifact) -> None:
    assert json.loads(finished.store.get(finished.path("model/bert_config.json"))) == {
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": 16,
        "initializer_range": 0.02,
        "intermediate_size": 32,
        "max_position_embeddings": 512,
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "type_vocab_size": 2,
        "vocab_size": 50,
    }


def test_curves_have_every_step_once(finished: Artifact) -> None:
    found = curves(finished)
    assert len(found) == len(set(found))
    assert {(step, name) for step, name in found if "/" not in name} == {
        (step, name) for step in range(1, 13) for name in SCALARS
    }
    assert {step for step, name in found if name == "evaluation/perplexity"} == {0, 6, 12}


STOPS = {
    "in the evaluation at the start": (0, 2),
    "where a checkpoint is due": (4, 1),
    "between two checkpoints": (7, 1),
    "in the evaluation at the end": (12, 2),
}
"""After how many steps, and when it is asked for which time from then on: before each step, and in an evaluation."""


def test_a_run_goes_on_bit_for_bit_wherever_it_ended(
    finished: Artifact, submit_pretrain: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bucket fails while it saves, it is stopped in each place in turn, and its newest checkpoint is damaged."""
    artifact = submit_pretrain(tmp_path / "bucket")

    def away(_: Store, path: str, __: Any) -> None:
        raise StoreError(path, "503 service unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "stream", away)
        with pytest.raises(StoreError, match="503"):
            run(artifact, tmp_path / "without a bucket")
    with pytest.raises(Interrupted, match="SIGTERM"):
        run(artifact, tmp_path / "while it opens its examples", stop_at_call(2))
    for place, (step, time) in STOPS.items():
        with structlog.testing.capture_logs() as logs, pytest.raises(Interrupted, match="SIGTERM"):
            run(artifact, tmp_path / place, stop_after(step, time, logs))
        assert artifact.manifest() is None
    newest = artifact.store.objects(artifact.path("checkpoints"))[-1]
    artifact.store.put(newest.path, b"x" * newest.size)
    with structlog.testing.capture_logs() as logs:
        run(artifact, tmp_path / "last")

    assert "checkpoint.rejected" in [e["event"] for e in logs]
    assert artifact.require().facts["checkpoints_rejected"] == [int(Path(newest.path).stem)] == [12]
    ours, theirs = weights(artifact), weights(finished)
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)
    assert artifact.require().facts["evaluations"] == finished.require().facts["evaluations"]
    assert sorted(curves(artifact)) == sorted(curves(finished))


def test_a_run_goes_on_bit_for_bit_under_other_settings_of_how_often(
    finished: Artifact, submit_pretrain: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And at another pace."""
    artifact = submit_pretrain(tmp_path / "bucket")
    with structlog.testing.capture_logs() as logs, pytest.raises(Interrupted):
        run(artifact, tmp_path / "first", stop_after(6, 1, logs), checkpoint_every="1", log_every="3")
    monkeypatch.setenv("COVID_CTL_STEPS_PER_CALL", "5")
    run(artifact, tmp_path / "second", checkpoint_every="100", log_every="100")

    for name, value in weights(finished).items():
        np.testing.assert_array_equal(weights(artifact)[name], value, err_msg=name)
    assert {step for step, name in curves(artifact) if name == "loss"} >= {3, 12}
    assert artifact.require().facts["evaluations"] == finished.require().facts["evaluations"]
    assert artifact.require().facts["runtime"] == {"checkpoint_every": 100, "log_every": 100}


def test_limits_end_a_run_with_a_checkpoint_and_a_higher_one_continues_it_bit_for_bit(
    finished: Artifact, submit_pretrain: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on by a second whenever it is read."""
    ticks = itertools.count()
    monkeypatch.setattr(pretrain, "TrainingContext", partial(TrainingContext, clock=lambda: float(next(ticks))))
    monkeypatch.setenv("COVID_CTL_STEPS_PER_CALL", "2")
    artifact = submit_pretrain(tmp_path / "bucket")
    steps = []
    for number, limit in enumerate((10, 10)):
        with pytest.raises(LimitReachedError) as caught:
            run(artifact, tmp_path / str(number), max_hours=str(limit / 3600), max_dollars="1000")
        newest = max(json.loads(artifact.store.get(i.path))["step"] for i in records_of_checkpoints(artifact))
        assert f"schedule.max_hours {limit / 3600:g} is reached" in caught.value.reason
        assert f"step {newest} of 12" in caught.value.reason
        steps.append(newest)
    assert 0 < steps[0] == steps[1] < 12
    with pytest.raises(LimitReachedError, match=r"schedule.max_dollars 9 is reached: it has cost \$1\d\.\d\d"):
        pretrain.run(
            StepContext(artifact, 0, tmp_path, lambda: False, dollars_per_hour=3600.0, runtime={"max_dollars": "9"})
        )
    run(artifact, tmp_path / "last")

    for name, value in weights(finished).items():
        np.testing.assert_array_equal(weights(artifact)[name], value, err_msg=name)
    assert artifact.require().facts["evaluations"] == finished.require().facts["evaluations"]


def records_of_checkpoints(artifact: Artifact) -> list[ObjectInfo]:
    return [info for info in artifact.store.objects(artifact.path("checkpoints")) if info.path.endswith(".json")]


def test_the_documents_tell_how_to_read_the_curves(finished: Artifact) -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "other-trackers.md"
    code = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(compile(code, str(page), "exec"), names)
    found = names["curves"](str(Path(finished.store.location, finished.path("tensorboard"))))
    assert sorted((step, name) for _, step, name, _ in found) == sorted(curves(finished))
    losses = [value for _, step, name, value in found if name == "loss"]
    assert len(losses) == 12
    assert all(np.isfinite(losses))


def test_settings_beyond_the_recipe_go_on_bit_for_bit_too(submit_pretrain: Submit, tmp_path: Path) -> None:
    beyond = {"masking": "dynamic", "next_sentence_prediction": False, "accumulation": 2}
    short = {"train_steps": 4, "checkpoint_every": 2, "evaluate_every": 2}
    whole, stopped = (
        submit_pretrain(tmp_path / name, vocabulary=VOCABULARY, **short, **beyond) for name in ("whole", "stopped")
    )
    run(whole, tmp_path / "1")
    with structlog.testing.capture_logs() as logs, pytest.raises(Interrupted):
        run(stopped, tmp_path / "2", stop_after(2, 1, logs))
    run(stopped, tmp_path / "3")

    for name, value in weights(whole).items():
        np.testing.assert_array_equal(weights(stopped)[name], value, err_msg=name)
    scores = json.loads(whole.store.get(whole.path("evaluations.json")))
    assert [e["step"] for e in scores] == [0, 2, 4]
    assert scores == stopped.require().facts["evaluations"]
    assert all(e["nsp_loss"] is None and e["nsp_accuracy"] is None and e["mlm_loss"] > 0 for e in scores)
    assert not [name for _, name in curves(whole) if "nsp" in name]


def test_in_bfloat16_it_goes_on_bit_for_bit_too(
    submit_pretrain: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Products read copies of the weights, which no checkpoint holds, as in models of BERT's size."""
    monkeypatch.setattr(updating, "COMPILED_FROM_ELEMENTS", 1)
    short = {"train_steps": 4, "checkpoint_every": 2, "evaluate_every": 2, "precision": "bfloat16"}
    whole, stopped = (submit_pretrain(tmp_path / name, **short) for name in ("whole", "stopped"))
    run(whole, tmp_path / "1")
    with structlog.testing.capture_logs() as logs, pytest.raises(Interrupted):
        run(stopped, tmp_path / "2", stop_after(2, 1, logs))
    assert stopped.manifest() is None
    run(stopped, tmp_path / "3")

    for name, value in weights(whole).items():
        np.testing.assert_array_equal(weights(stopped)[name], value, err_msg=name)
    assert whole.require().facts["evaluations"] == stopped.require().facts["evaluations"]


def test_a_trained_run_that_died_before_its_commit_does_not_train_again(finished: Artifact, tmp_path: Path) -> None:
    shutil.copytree(finished.store.location, tmp_path / "bucket")
    artifact = Artifact.open(Store(str(tmp_path / "bucket")), finished.name)
    for path in ("manifest.json", "shards/00000.json", "model/weights.safetensors", "evaluations.json"):
        artifact.store.delete(artifact.path(path))
    with structlog.testing.capture_logs() as logs:
        run(artifact, tmp_path / "second")
    events = [e["event"] for e in logs]
    assert "training.already_done" in events
    assert "training.progressed" not in events
    assert artifact.require().facts["evaluations"][-1]["step"] == 12
    for name, value in weights(artifact).items():
        np.testing.assert_array_equal(value, weights(finished)[name])


def test_scores_are_those_of_the_first_weights_on_evenly_spread_examples(
    submit_pretrain: Submit, random_examples: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    """And the size of a vocabulary that was learnt comes with the examples."""
    artifact = submit_pretrain(
        tmp_path / "bucket",
        validation=9,
        evaluation_examples=6,
        train_steps=1,
        warmup_steps=1,
        sizes={"vocabulary_size": None},
        facts={"vocabulary_size": 60},
    )
    run(artifact, tmp_path / "scratch")

    settings = artifact.spec.settings
    model = Bert(BertConfig(**settings["architecture"], vocab_size=60), seed=settings["schedule"]["seed"])
    held_out = random_examples(9, seed=len("validation"))
    chosen = [held_out[i] for i in (0, 1, 3, 4, 6, 7)]
    batch = {name: tf.constant([e[name] for e in chosen]) for name in chosen[0]}
    batch["is_padding"] = tf.zeros([6], tf.int32)
    inputs = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions")
    sums = evaluation_sums(*model.pretraining_logits(*[batch[name] for name in inputs]), batch)
    expected = PretrainingEvaluation.of_sums(0, *sums.numpy().tolist()).model_dump()

    first, last = artifact.require().facts["evaluations"]
    assert first == pytest.approx(expected, rel=1e-5)
    # The rate of the only update is 0: nothing was learned, and without dropout nothing differs.
    assert last == pytest.approx(expected | {"step": 1}, rel=1e-5)
    assert weights(artifact)["bert/embeddings/word_embeddings"].shape == (60, 16)
    assert json.loads(artifact.store.get(artifact.path("model/bert_config.json")))["vocab_size"] == 60


def test_the_heartbeat_ends_at_the_last_step(finished: Artifact) -> None:
    beat = json.loads(finished.store.get(finished.path("progress/00000.json")))
    assert (beat["done"], beat["total"], beat["unit"]) == (12, 12, "steps")
    assert beat["eta_seconds"] == 0
    assert 0 < beat["learning_rate"] < 1e-2
    assert 0 <= beat["data_wait_share"] <= 1
    assert 0 < beat["utilisation"] < 1
    assert all(beat[name] > 0 for name in ("loss", "examples_per_second", "model_flops_per_second"))


def test_a_pace_that_suits_the_machine_changes_no_result(
    finished: Artifact, submit_pretrain: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVID_CTL_STEPS_PER_CALL", "")
    artifact = submit_pretrain(tmp_path / "bucket", log_every=100)
    run(artifact, tmp_path / "scratch")
    assert {step for step, name in curves(artifact) if name == "loss"} == {12}
    for name, value in weights(finished).items():
        np.testing.assert_array_equal(weights(artifact)[name], value, err_msg=name)
    assert artifact.require().facts["evaluations"] == finished.require().facts["evaluations"]


def test_an_early_end_has_the_best_weights_that_are_sound(submit_pretrain: Submit, tmp_path: Path) -> None:
    # So high a rate spoils what the first steps have learnt.
    schedule = {"learning_rate": 0.05, "evaluate_every": 2, "checkpoint_every": 100, "early_stop_evaluations": 2}
    artifact = submit_pretrain(tmp_path / "bucket", train_steps=40, **schedule)
    run(artifact, tmp_path / "scratch")
    facts = artifact.require().facts
    losses = {e["step"]: e["mlm_loss"] for e in facts["evaluations"]}
    best = min((step for step in losses if step), key=lambda step: losses[step])
    assert (facts["steps"], max(losses)) == (best, best + 4)
    assert max(losses) < 40
    kept = load(artifact.store.get(checkpoint(artifact, best)))
    for name, value in weights(artifact).items():
        np.testing.assert_array_equal(value, kept[name], err_msg=name)

    # Should that one be damaged before anything is committed, the last weights must do.
    for path in ("manifest.json", "shards/00000.json", "model/weights.safetensors", "evaluations.json"):
        artifact.store.delete(artifact.path(path))
    artifact.store.put(checkpoint(artifact, best), b"damaged")

    with structlog.testing.capture_logs() as logs:
        run(artifact, tmp_path / "again")

    last = best + 4
    assert {"event": "training.ended_early", "step": last, "best": best, "taken": last, "log_level": "info"} in logs
    assert artifact.require().facts["steps"] == last
    assert artifact.require().facts["checkpoints_rejected"] == [best]
    kept = load(artifact.store.get(checkpoint(artifact, last)))
    for name, value in weights(artifact).items():
        np.testing.assert_array_equal(value, kept[name], err_msg=name)


@pytest.mark.slow  # TensorFlow tries again for ten seconds
def test_too_little_memory_names_the_settings_to_lower(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket", architecture={"max_position_embeddings": 10**12})
    with pytest.raises(ConfigurationError, match="out of memory") as caught:
        run(artifact, tmp_path / "scratch")
    assert "schedule.train_batch_size" in caught.value.remedy


def test_divergence_names_step_and_batch(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket", validation=0, learning_rate=1e38, warmup_steps=0)
    with pytest.raises(
        DivergedError, match=r"batch begins with preprocess-.*/train/0000.\.tfrecord, record \d+"
    ) as caught:
        run(artifact, tmp_path / "scratch")
    assert caught.value.thing == "step 1"
    assert caught.value.container_exit_code == 44
    identity = json.loads(artifact.store.get(artifact.path("diverged/00000001.json")))
    assert identity["step"] == 1
    assert len(identity["examples"]) == 4
    assert identity["examples"][0] in caught.value.reason
    assert artifact.manifest() is None


def test_without_held_out_examples_there_are_no_scores(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket", validation=0, train_steps=2)
    run(artifact, tmp_path / "scratch")
    assert artifact.require().facts["evaluations"] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": 0}, "no training examples"),
        ({"validation": 0, "early_stop_evaluations": 1}, "no held-out examples, which schedule.early_stop_eval"),
        ({"inputs": {}}, "names no examples"),
        ({"inputs": {"examples": "preprocess-00000000"}}, "no such step"),
        ({"sizes": {"max_seq_length": 32}}, "this run needs input_ids 32"),
        ({"sizes": {"max_predictions_per_seq": 5}}, "masked_lm_positions 5"),
        ({"sizes": {"vocabulary_size": None}}, "does not say its vocabulary's size"),
        ({"facts": {"vocabulary_size": 49}}, "has 49 entries, pretrain-tiny-.* is for 50"),
        ({"sizes": {"vocabulary_size": 6}}, "outside the 6 vocabulary"),
        ({"architecture": {"max_position_embeddings": 8}}, "exceeds the model's 8 positions"),
        ({"architecture": {"hidden_size": 15}}, "not a multiple"),
        ({"architecture": {"colour": 15}}, "colour"),
        ({"masking": "dynamic"}, "no vocab.txt, which dynamic masking needs"),
        ({"masking": "dynamic", "vocabulary": Vocabulary(SPECIALS)}, "has 5 entries, the model 50"),
        ({"accumulation": 3}, "train_batch_size 4 is not a multiple of accumulation 3; 6 is"),
        ({"seed": 2**31}, "seed: 2147483648 is not less than 2,147,483,648"),
    ],
)
def test_what_cannot_work_is_a_configuration_error(
    submit_pretrain: Submit, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    artifact = submit_pretrain(tmp_path / "bucket", **change)
    with pytest.raises(ConfigurationError, match=said):
        run(artifact, tmp_path / "scratch")


def test_incomplete_examples_are_no_input(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket")
    artifact.store.delete(f"{artifact.spec.inputs['examples']}/manifest.json")
    with pytest.raises(MissingObjectError, match="not complete"):
        run(artifact, tmp_path / "scratch")

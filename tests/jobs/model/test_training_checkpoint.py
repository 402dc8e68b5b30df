"""Checkpoints: what is restored is what was saved, and damage costs one checkpoint, not the run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
import tensorflow as tf
from safetensors import safe_open

from jobs.artifact import Artifact, Output
from jobs.errors import ConfigurationError, StoreError
from jobs.model import training_checkpoint
from jobs.model.evaluation import PretrainingEvaluation
from jobs.model.training_checkpoint import RunRecord
from jobs.spec import Kind, Spec
from jobs.store import Store

Variables = dict[str, tf.Variable]
Evaluations = tuple[PretrainingEvaluation, ...]


def evaluated(step: int, mlm_loss: float) -> PretrainingEvaluation:
    return PretrainingEvaluation(
        step=step, mlm_loss=mlm_loss, mlm_accuracy=0.5, perplexity=2.0, nsp_loss=None, nsp_accuracy=None
    )


EVALUATIONS: Evaluations = (evaluated(0, 4.0),)


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return Artifact(Store(str(tmp_path / "bucket")), Spec(Kind.PRETRAIN, {}, recipe="tiny"))


def state_of(step: int) -> Variables:
    return {
        "a/kernel": tf.Variable(tf.fill([2, 3], float(step))),
        "a/kernel/adam_m": tf.Variable([step + 0.1]),
        "bias": tf.Variable(float(step)),
    }


def save_with(
    artifact: Artifact, step: int, evaluations: Evaluations = EVALUATIONS, rejected: tuple[int, ...] = ()
) -> None:
    tensors = training_checkpoint.snapshot(state_of(step))
    run = RunRecord(step=step, train_seconds=step / 2, evaluations=evaluations, rejected=rejected)
    training_checkpoint.save(artifact, tensors, run)


def save(artifact: Artifact, *steps: int) -> None:
    for step in steps:
        save_with(artifact, step)


def objects(artifact: Artifact) -> list[str]:
    """Files of numbers without what tells attempts apart."""
    names = (Path(o.path).name for o in artifact.store.objects(artifact.path("checkpoints")))
    return sorted(re.sub("-[0-9a-f]{8}", "", name) for name in names)


def numbers(artifact: Artifact, step: int = 200) -> str:
    """The path of the numbers that a checkpoint's record vouches for."""
    record = json.loads(artifact.store.get(artifact.path(f"checkpoints/{step:08d}.json")))
    return artifact.path(f"checkpoints/{record['file']}")


def restored(artifact: Artifact, tmp_path: Path) -> tuple[RunRecord | None, Variables]:
    state = state_of(-1)
    return training_checkpoint.restore(artifact, state, tmp_path), state


def assert_restored(artifact: Artifact, tmp_path: Path, step: int, *rejected: int) -> None:
    progress, state = restored(artifact, tmp_path)
    assert progress == RunRecord(step=step, train_seconds=step / 2, evaluations=EVALUATIONS, rejected=rejected)
    for name, variable in state_of(step).items():
        np.testing.assert_array_equal(state[name].numpy(), variable.numpy())


def test_the_newest_is_restored(artifact: Artifact, tmp_path: Path) -> None:
    assert restored(artifact, tmp_path)[0] is None
    save(artifact, 100, 200)
    assert_restored(artifact, tmp_path, 200)


def test_the_object_says_what_it_is(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 200)
    path = tmp_path / "object"
    artifact.store.download(numbers(artifact), path)
    with safe_open(path, "numpy") as tensors:
        assert sorted(tensors.keys()) == ["a/kernel", "a/kernel/adam_m", "bias"]
        assert json.loads(tensors.metadata()["checkpoint"]) == {"spec_sha256": artifact.spec.sha256, "step": 200}


def test_the_last_two_are_kept(artifact: Artifact) -> None:
    save(artifact, 100, 200, 300)
    assert objects(artifact) == [f"00000{step}.{kind}" for step in (200, 300) for kind in ("json", "safetensors")]


def test_the_best_is_kept_beside_them(artifact: Artifact) -> None:
    losses = {0: 1.0, 100: 3.0, 200: 2.0, 300: 2.5, 400: 2.0}
    for step in (100, 200, 300, 400, 500):
        evaluations = tuple(evaluated(s, loss) for s, loss in losses.items() if s <= step)
        save_with(artifact, step, evaluations)
    assert {name.split(".")[0] for name in objects(artifact)} == {"00000200", "00000400", "00000500"}


def test_a_snapshot_does_not_change_with_its_variables() -> None:
    state = state_of(1)
    tensors = training_checkpoint.snapshot(state)
    for variable in state.values():
        variable.assign_add(tf.ones_like(variable))
    for name, value in state_of(1).items():
        np.testing.assert_array_equal(tensors[name], value.numpy())


def test_when_none_is_sound_the_run_begins_anew_and_says_so(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 200)
    damage_object(artifact)
    assert restored(artifact, tmp_path)[0] == RunRecord.at_start([200])


def damage_object(artifact: Artifact) -> None:
    path = numbers(artifact)
    data = bytearray(artifact.store.get(path))
    data[-1] ^= 1
    artifact.store.put(path, bytes(data))


def cut_object(artifact: Artifact) -> None:
    path = numbers(artifact)
    artifact.store.put(path, artifact.store.get(path)[:-1])


def remove_object(artifact: Artifact) -> None:
    artifact.store.delete(numbers(artifact))


def damage_record(artifact: Artifact) -> None:
    artifact.store.put(artifact.path("checkpoints/00000200.json"), b"{")


def lose_a_field(artifact: Artifact) -> None:
    artifact.store.put(artifact.path("checkpoints/00000200.json"), b'{"step": 200}')


@pytest.mark.parametrize("damage", [damage_object, cut_object, remove_object, damage_record, lose_a_field])
def test_a_damaged_one_is_reported_and_the_one_before_used(
    artifact: Artifact, tmp_path: Path, damage: Callable[[Artifact], None]
) -> None:
    save(artifact, 100, 200)
    damage(artifact)
    with structlog.testing.capture_logs() as logs:
        assert_restored(artifact, tmp_path, 100, 200)
    assert [(e["event"], e["step"]) for e in logs] == [("checkpoint.rejected", 200), ("checkpoint.restored", 100)]
    assert logs[0]["reason"]


def test_a_rejected_one_does_not_outlive_the_next_save(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 100, 200)
    damage_object(artifact)
    save_with(artifact, 150, rejected=(200,))  # the resumed run was stopped before it came to 200 again
    assert_restored(artifact, tmp_path, 150, 200)
    assert objects(artifact) == [f"00000{step}.{kind}" for step in (100, 150) for kind in ("json", "safetensors")]


def test_an_object_without_its_record_does_not_count_and_is_swept(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 100, 200)
    artifact.store.delete(artifact.path("checkpoints/00000200.json"))  # killed between the two writes
    assert_restored(artifact, tmp_path, 100)
    save(artifact, 150)
    assert "00000200.safetensors" in objects(artifact)  # for all that this run knows, another is about to vouch for it
    save(artifact, 250)
    assert "00000200.safetensors" not in objects(artifact)


def test_a_trainer_that_is_behind_removes_and_replaces_nothing_of_one_that_is_ahead(artifact: Artifact) -> None:
    save(artifact, 100, 200, 300, 400)
    ahead = contents(artifact)
    save(artifact, 150, 300)
    assert ahead.items() <= contents(artifact).items()


def contents(artifact: Artifact) -> dict[str, bytes]:
    return {o.path: artifact.store.get(o.path) for o in artifact.store.objects(artifact.path("checkpoints"))}


def test_of_two_trainers_that_save_a_step_at_once_neither_touches_the_other_s(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late one has seen no record when it begins to send; the other's is there before it ends."""
    streamed = Artifact.stream
    early: dict[str, bytes] = {}

    def late(self: Artifact, *args: Any) -> Output:
        monkeypatch.setattr(Artifact, "stream", streamed)
        save(artifact, 200)
        early.update(contents(artifact))
        return streamed(self, *args)

    save(artifact, 100)
    monkeypatch.setattr(Artifact, "stream", late)
    # On another processor: the numbers differ.
    tensors = training_checkpoint.snapshot({name: v + 1e-3 for name, v in state_of(200).items()})
    training_checkpoint.save(artifact, tensors, RunRecord(step=200, train_seconds=1.0, evaluations=EVALUATIONS))
    assert contents(artifact) == early
    assert_restored(artifact, tmp_path, 200)


def test_a_checkpoint_of_an_earlier_version_is_restored(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 200)
    old = artifact.path("checkpoints/00000200.safetensors")
    record = json.loads(artifact.store.get(artifact.path("checkpoints/00000200.json")))
    artifact.store.put(old, artifact.store.get(numbers(artifact)))
    artifact.store.delete(numbers(artifact))
    for later in ("file", "extended_at", "sha256_of_rest"):
        del record[later]
    artifact.store.put(artifact.path("checkpoints/00000200.json"), json.dumps(record).encode())
    assert_restored(artifact, tmp_path, 200)
    save(artifact, 300, 400)
    assert not artifact.store.exists(old)


def test_a_bucket_that_is_away_costs_no_checkpoint(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 100, 200)

    class Away(Store):
        def get(self, path: str) -> bytes:
            raise StoreError(path, "503 service unavailable")

    away = Artifact(Away(artifact.store.location), artifact.spec)
    with pytest.raises(StoreError, match="503"):
        restored(away, tmp_path)


def test_another_model_s_checkpoint_is_refused(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 100)
    with pytest.raises(ConfigurationError, match="not this model's"):
        training_checkpoint.restore(artifact, {"a/kernel": tf.Variable([1.0])}, tmp_path)


def test_another_spec_s_checkpoint_is_refused(artifact: Artifact, tmp_path: Path) -> None:
    save(artifact, 100)
    other = Artifact(artifact.store, Spec(Kind.PRETRAIN, {"x": 1}, recipe="tiny"))
    for path, data in contents(artifact).items():
        other.store.put(path.replace(artifact.name, other.name), data)
    with pytest.raises(ConfigurationError, match="another step's spec"):
        restored(other, tmp_path)

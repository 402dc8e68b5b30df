"""A finished run that is extended: what is the same as in one undisturbed run, what is counted, what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from safetensors.numpy import load, save

from jobs.artifact import Artifact
from jobs.checksums import crc32c
from jobs.errors import ConfigurationError, Interrupted
from jobs.spec import EXTENDS, FIRST_STEP
from jobs.store import Store
from tests.jobs.model.test_training import Submit, checkpoint, curves, run, stop_at_call

LAST, TOTAL = 10, 20
"""Neither is a multiple of ``evaluate_every``: both runs evaluate at their ends what the other does not."""


def extension_of(parent: Artifact, total: int = TOTAL, **schedule: Any) -> Artifact:
    spec = parent.spec
    settings = {
        **spec.settings,
        "schedule": {**spec.settings["schedule"], "train_steps": total, **schedule},
        FIRST_STEP: parent.require().facts["steps"],
    }
    inputs = {**spec.inputs, EXTENDS: parent.name}
    artifact = Artifact(parent.store, replace(spec, settings=settings, inputs=inputs, label=f"to{total}"))
    artifact.submit()
    return artifact


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Filled by the first test that needs it."""
    return {"folder": tmp_path_factory.mktemp("extended")}


@pytest.fixture
def parent(made: dict[str, Any], submit_pretrain: Submit) -> Artifact:
    """Ten steps of a schedule of twenty."""
    if "parent" not in made:
        made["parent"] = submit_pretrain(made["folder"] / "bucket", train_steps=LAST, decay_steps=TOTAL)
        run(made["parent"], made["folder"] / "scratch")
    artifact: Artifact = made["parent"]
    return artifact


@pytest.fixture
def undisturbed(made: dict[str, Any], submit_pretrain: Submit) -> Artifact:
    """The whole schedule in one run."""
    if "whole" not in made:
        made["whole"] = submit_pretrain(made["folder"] / "other-bucket", train_steps=TOTAL, decay_steps=TOTAL)
        run(made["whole"], made["folder"] / "whole")
    artifact: Artifact = made["whole"]
    return artifact


@pytest.fixture
def extended(made: dict[str, Any], parent: Artifact) -> Artifact:
    """Stopped between two checkpoints on its way."""
    if "extended" not in made:
        made["extended"] = extension_of(parent)
        with pytest.raises(Interrupted):
            run(made["extended"], made["folder"] / "stopped", stop_at_call(6))
        run(made["extended"], made["folder"] / "extended")
    artifact: Artifact = made["extended"]
    return artifact


def test_within_its_schedule_it_becomes_the_undisturbed_run_bit_for_bit(
    extended: Artifact, undisturbed: Artifact
) -> None:
    files = ["model/bert_config.json", "evaluations.json", "model/weights.safetensors"]
    for file in files:
        assert extended.read(extended.require().output(file)) == undisturbed.read(undisturbed.require().output(file))


def test_its_name_says_what_it_is(extended: Artifact, parent: Artifact) -> None:
    assert extended.name.startswith("pretrain-tiny-to20-")
    assert extended.spec.inputs[EXTENDS] == parent.name


def test_facts_are_of_the_chain_and_seconds_of_the_step_alone(extended: Artifact, parent: Artifact) -> None:
    before, manifest = parent.require(), extended.require()
    facts = manifest.facts
    assert facts["extends"] == [{"name": parent.name, "steps": LAST, "decay_steps": TOTAL}]
    assert (facts["steps"], facts["examples_seen"]) == (TOTAL, TOTAL * 4)
    assert facts["processes"] == 3  # one of the first run, the one that was stopped, and the last
    assert facts["train_seconds"] == pytest.approx(before.facts["train_seconds"] + manifest.seconds, rel=0.2)
    assert facts["train_seconds"] > before.facts["train_seconds"]
    assert 0 < manifest.seconds < facts["train_seconds"]
    steps = [step for step, name in curves(extended) if name == "loss"]
    assert steps == list(range(LAST + 1, TOTAL + 1))


def test_past_its_schedule_the_rate_is_that_of_the_new_total(
    parent: Artifact, extended: Artifact, tmp_path: Path
) -> None:
    longer = extension_of(extended, total=24, decay_steps=None)
    run(longer, tmp_path / "scratch")
    rates = scalars(longer, "learning_rate")
    # The summary of a step is written once it is made.
    assert rates == pytest.approx({step + 1: 1e-2 * (1 - step / 24) for step in range(TOTAL, 24)}, rel=1e-6)
    facts = longer.require().facts
    assert [(link["name"], link["steps"]) for link in facts["extends"]] == [(parent.name, LAST), (extended.name, TOTAL)]
    assert facts["steps"] == 24


def scalars(artifact: Artifact, name: str) -> dict[int, float]:
    """A curve, by step."""
    found: dict[int, float] = {}
    for info in artifact.store.objects(artifact.path("tensorboard")):
        for record in tf.data.TFRecordDataset(str(Path(artifact.store.location, info.path))):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                if value.tag == name:
                    found[event.step] = float(tf.make_ndarray(value.tensor))
    return found


def test_scores_of_the_extended_run_do_not_end_it_early(parent: Artifact, tmp_path: Path) -> None:
    """Patience begins anew: the best of an extended run's steps has its checkpoint elsewhere."""
    spoiled = extension_of(parent, total=40, decay_steps=None, learning_rate=0.05, early_stop_evaluations=2)
    run(spoiled, tmp_path / "scratch")
    facts = spoiled.require().facts
    scored = {e["step"]: e["mlm_loss"] for e in facts["evaluations"]}
    best = min((step for step in scored if step > LAST), key=lambda step: scored[step])
    assert facts["steps"] == best
    assert facts["checkpoints_rejected"] == []


def damage(artifact: Artifact) -> None:
    artifact.store.put(checkpoint(artifact, LAST), b"damaged")


def remove(artifact: Artifact) -> None:
    artifact.store.delete(artifact.path(f"checkpoints/{LAST:08d}.json"))


def replace_numbers(artifact: Artifact) -> None:
    """With those of a trainer on another processor, as sound as the others."""
    path = checkpoint(artifact, LAST)
    tensors = load(artifact.store.get(path))
    tensors["cls/predictions/output_bias"] += 1e-6
    metadata = {"checkpoint": json.dumps({"spec_sha256": artifact.spec.sha256, "step": LAST})}
    data = save(tensors, metadata)
    record = json.loads(artifact.store.get(artifact.path(f"checkpoints/{LAST:08d}.json")))
    del record["sha256_of_rest"]
    record |= {"size": len(data), "crc32c": crc32c(data)}
    artifact.store.put(path, data)
    artifact.store.put(artifact.path(f"checkpoints/{LAST:08d}.json"), json.dumps(record).encode())


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (damage, "step 10, cannot be read: 7 bytes with crc32c"),
        (remove, "step 10, cannot be read: there is no such checkpoint"),
        (replace_numbers, "of another trainer than its weights are: cls/predictions/output_bias differs"),
    ],
)
def test_only_what_was_committed_is_gone_on_from(
    parent: Artifact, tmp_path: Path, spoil: Callable[[Artifact], None], reason: str
) -> None:
    shutil.copytree(parent.store.location, tmp_path / "bucket")
    copy = Artifact.open(Store(str(tmp_path / "bucket")), parent.name)
    spoil(copy)
    artifact = extension_of(copy, total=16)  # none of the others: the copy may have them
    with pytest.raises(ConfigurationError, match=reason):
        run(artifact, tmp_path / "scratch")

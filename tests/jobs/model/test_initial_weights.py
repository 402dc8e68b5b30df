"""Training from a checkpoint step's weights: what the model begins with, and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
from safetensors.numpy import load, save_file

from jobs.artifact import Artifact
from jobs.errors import ConfigurationError
from jobs.model.bert import Bert, BertConfig
from jobs.model.initial_weights import assign_initial
from jobs.spec import Kind, Spec
from jobs.steps import pretrain
from jobs.steps.context import StepContext
from jobs.store import Store

from .conftest import ARCHITECTURE, VOCABULARY

Weights = dict[str, Any]
CONFIG = BertConfig(**ARCHITECTURE, vocab_size=VOCABULARY)
WORDS, BIAS = "bert/embeddings/word_embeddings", "cls/predictions/output_bias"


def other_weights(**without: Any) -> Weights:
    """As of another run: none equals the seed's, and biases are not zero."""
    rng = np.random.default_rng(3)
    model = Bert(CONFIG.model_copy(update=without))
    return {name: rng.normal(0, 0.1, v.shape).astype(np.float32) for name, v in model.variables_by_name.items()}


def values(model: Bert) -> Weights:
    return {name: variable.numpy() for name, variable in model.variables_by_name.items()}


def assigned(weights: Weights, folder: Path, config: BertConfig = CONFIG) -> Weights:
    save_file(weights, folder / "weights")
    model = Bert(config, seed=5)
    assign_initial(model.variables_by_name, folder / "weights", "here")
    return values(model)


def test_every_variable_is_the_checkpoint_s(tmp_path: Path) -> None:
    found = assigned(other_weights(), tmp_path)
    for name, value in other_weights().items():
        np.testing.assert_array_equal(found[name], value)


def test_what_lacks_begins_as_from_scratch(tmp_path: Path) -> None:
    encoder = {name: value for name, value in other_weights().items() if name.startswith("bert/")}
    found = assigned(encoder, tmp_path)
    for name, value in values(Bert(CONFIG, seed=5)).items():
        np.testing.assert_array_equal(found[name], encoder.get(name, value))


def test_new_entries_are_drawn_by_the_seed_and_old_rows_stay(tmp_path: Path) -> None:
    larger = CONFIG.model_copy(update={"vocab_size": VOCABULARY + 7})
    found = assigned(other_weights(), tmp_path, larger)
    np.testing.assert_array_equal(found[WORDS][:VOCABULARY], other_weights()[WORDS])
    np.testing.assert_array_equal(found[WORDS][VOCABULARY:], values(Bert(larger, seed=5))[WORDS][VOCABULARY:])
    assert 0 < np.abs(found[WORDS][VOCABULARY:]).max() <= 2 * CONFIG.initializer_range
    np.testing.assert_array_equal(found[BIAS], np.append(other_weights()[BIAS], np.zeros(7, np.float32)))


def test_a_new_entry_begins_as_the_mean_of_its_pieces_with_the_first_one_s_bias(tmp_path: Path) -> None:
    larger, weights = CONFIG.model_copy(update={"vocab_size": VOCABULARY + 2}), other_weights()
    save_file(weights, tmp_path / "weights")
    model = Bert(larger, seed=5)
    assign_initial(model.variables_by_name, tmp_path / "weights", "here", lambda known: [[7, 8, 7], []][:known])
    found, drawn = values(model), values(Bert(larger, seed=5))
    np.testing.assert_allclose(found[WORDS][VOCABULARY], weights[WORDS][[7, 8, 7]].mean(axis=0), rtol=1e-6)
    assert found[BIAS][VOCABULARY] == weights[BIAS][7]
    np.testing.assert_array_equal(found[WORDS][VOCABULARY + 1], drawn[WORDS][VOCABULARY + 1])
    assert found[BIAS][VOCABULARY + 1] == 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (lambda: other_weights(vocab_size=VOCABULARY + 1), "its vocabulary has 51 entries, the examples' only 50"),
        (lambda: other_weights(intermediate_size=16), r"has shape \[16\], the model's is \[32\]"),
        (lambda: {**other_weights(), "classifier": np.ones(2, np.float32)}, "classifier is no variable"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, weights: Callable[[], Weights], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        assigned(weights(), tmp_path)


Submit = Callable[..., Artifact]


def checkpoint_step(bucket: Path, folder: Path, vocabulary: str = "") -> str:
    save_file(other_weights(), folder / "weights.safetensors")
    artifact = Artifact(Store(str(bucket)), Spec(Kind.CHECKPOINT, {"vocabulary": vocabulary}))
    artifact.submit()
    outputs = [artifact.upload("weights.safetensors", folder / "weights.safetensors")]
    if vocabulary:
        outputs.append(artifact.write("vocab.txt", vocabulary.encode()))
    artifact.commit(0, outputs)
    artifact.finish()
    return artifact.name


def run(artifact: Artifact, scratch: Path, stopping: Callable[[], bool] = lambda: False) -> Weights:
    scratch.mkdir()
    pretrain.run(StepContext(artifact, 0, scratch, stopping))
    artifact.finish()
    found: Weights = load(artifact.store.get(artifact.path("model/weights.safetensors")))
    return found


def submitted(tmp_path: Path, submit_pretrain: Submit, **schedule: Any) -> Artifact:
    scratch = submit_pretrain(tmp_path / "bucket", **schedule)
    inputs = {**scratch.spec.inputs, "initial_checkpoint": checkpoint_step(tmp_path / "bucket", tmp_path)}
    return submit_pretrain(tmp_path / "bucket", inputs=inputs, **schedule)


def test_training_starts_from_the_checkpoint(tmp_path: Path, submit_pretrain: Submit) -> None:
    # The only update's rate is 0: the weights at the end are those at the beginning.
    artifact = submitted(tmp_path, submit_pretrain, train_steps=1, warmup_steps=1, validation=0)
    found = run(artifact, tmp_path / "scratch")
    for name, value in other_weights().items():
        np.testing.assert_array_equal(found[name], value)


def test_a_resumed_run_goes_on_from_its_own_checkpoint(tmp_path: Path, submit_pretrain: Submit) -> None:
    artifact = submitted(tmp_path, submit_pretrain, train_steps=4, checkpoint_every=2, validation=0)
    undisturbed = run(artifact, tmp_path / "undisturbed")
    for path in ("manifest.json", "shards/00000.json"):
        artifact.store.delete(artifact.path(path))
    for found in artifact.store.objects(artifact.path("checkpoints")):
        if Path(found.path).stem == "00000004":
            artifact.store.delete(found.path)
    with structlog.testing.capture_logs() as logs:
        resumed = run(artifact, tmp_path / "second")
    assert {"event": "checkpoint.restored", "step": 2, "log_level": "info"} in logs
    for name, value in undisturbed.items():
        np.testing.assert_array_equal(resumed[name], value)


def test_the_examples_vocabulary_must_begin_with_the_checkpoint_s(tmp_path: Path) -> None:
    special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    examples = Artifact(Store(str(bucket)), Spec(Kind.PREPROCESS, {}))
    examples.submit()
    examples.commit(0, [examples.write("vocab.txt", f"{special}virus\ncell\n".encode())])
    examples.finish()

    def start_from(vocabulary: str) -> None:
        inputs = {"examples": examples.name, "initial_checkpoint": checkpoint_step(bucket, tmp_path, vocabulary)}
        step = Artifact(examples.store, Spec(Kind.PRETRAIN, {}, inputs))
        pretrain.initial_weights(
            StepContext(step, 0, tmp_path, lambda: False), step.spec.inputs["initial_checkpoint"], examples
        )

    start_from(f"{special}virus\n")
    with pytest.raises(ConfigurationError, match=r"entry 5 of its vocabulary is 'virus', .* is 'cell'"):
        start_from(f"{special}cell\n")


def test_examples_without_a_vocabulary_do_not_start_from_a_checkpoint(tmp_path: Path, submit_pretrain: Submit) -> None:
    plain = submit_pretrain(tmp_path / "bucket")
    name = checkpoint_step(tmp_path / "bucket", tmp_path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")
    artifact = submit_pretrain(tmp_path / "bucket", inputs={**plain.spec.inputs, "initial_checkpoint": name})
    with pytest.raises(ConfigurationError, match=r"no vocab.txt, which a checkpoint needs"):
        run(artifact, tmp_path / "scratch")

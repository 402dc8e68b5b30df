"""Against google-research/bert's own code: set BERT_REFERENCE_DIR to a checkout of it.

Its ``modeling.py`` is for TensorFlow 1: it runs on 2's compatibility layer, with the two ``contrib``
functions that it calls written out.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from jobs.model import bert
from jobs.model.bert import Bert, BertConfig
from jobs.model.tf1_checkpoint import GoogleWeights, write_google_checkpoint
from jobs.weights.account import account
from jobs.weights.variable_names import tensors

REFERENCE = os.environ.get("BERT_REFERENCE_DIR", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REFERENCE, reason="BERT_REFERENCE_DIR names no checkout of google-research/bert"),
]

v1 = tf.compat.v1
SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
CONFIG = BertConfig(vocab_size=80, initializer_range=0.2, max_position_embeddings=40, **SIZES)


@pytest.fixture(params=[CONFIG.hidden_size + 1, CONFIG.hidden_size], ids=["plain", "compiled"], autouse=True)
def compiled_from(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bert, "COMPILED_FROM_HIDDEN_SIZE", request.param)


def layer_norm(inputs: Any, begin_norm_axis: int, begin_params_axis: int, scope: str) -> Any:
    """As tf.contrib.layers.layer_norm in TensorFlow 1.15."""
    assert begin_norm_axis == begin_params_axis == -1
    with v1.variable_scope(scope, default_name="LayerNorm"):
        shape = [inputs.shape[-1]]
        beta = v1.get_variable("beta", shape, initializer=v1.zeros_initializer())
        gamma = v1.get_variable("gamma", shape, initializer=v1.ones_initializer())
        mean, variance = tf.nn.moments(inputs, [-1], keepdims=True)
        return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, 1e-12)


def dense(inputs: Any, units: int, activation: Any = None, name: str = "dense", kernel_initializer: Any = None) -> Any:
    """As tf.layers.dense, which newer TensorFlows have no more."""
    with v1.variable_scope(name):
        kernel = v1.get_variable("kernel", [inputs.shape[-1], units], initializer=kernel_initializer)
        bias = v1.get_variable("bias", [units], initializer=v1.zeros_initializer())
        outputs = tf.nn.bias_add(tf.tensordot(inputs, kernel, 1), bias)
    return activation(outputs) if activation else outputs


def reference(name: str) -> Any:
    """A module of the checkout, given the TensorFlow that it expects."""
    old = types.SimpleNamespace(**{k: getattr(v1, k) for k in dir(v1) if not k.startswith("__")})
    old.contrib = types.SimpleNamespace(layers=types.SimpleNamespace(layer_norm=layer_norm))
    old.layers = types.SimpleNamespace(dense=dense)
    spec = importlib.util.spec_from_file_location(f"reference_{name}", Path(REFERENCE) / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tensorflow", old)
        spec.loader.exec_module(module)
    return module


def batch() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    mask = (np.arange(20) < np.array([[20], [11], [7], [15]])).astype(np.int32)
    return {
        "ids": rng.integers(0, 80, (4, 20)).astype(np.int32),
        "mask": mask,
        "segments": rng.integers(0, 2, (4, 20)).astype(np.int32),
        "positions": rng.integers(0, 7, (4, 5)).astype(np.int32),
    }


def their_graph(modeling: Any, given: dict[str, Any]) -> tuple[Any, Any]:
    """Both heads as run_pretraining.py has them, up to their logits."""
    v1.set_random_seed(0)  # another test may have asked TensorFlow to be deterministic
    config = modeling.BertConfig.from_dict(json.loads(CONFIG.model_dump_json()) | {"hidden_act": "gelu"})
    model = modeling.BertModel(
        config,
        is_training=False,
        input_ids=v1.constant(given["ids"]),
        input_mask=v1.constant(given["mask"]),
        token_type_ids=v1.constant(given["segments"]),
    )
    masked = tf.gather(model.get_sequence_output(), v1.constant(given["positions"]), batch_dims=1)
    initializer = modeling.create_initializer(config.initializer_range)
    with v1.variable_scope("cls/predictions"):
        with v1.variable_scope("transform"):
            hidden = dense(masked, config.hidden_size, modeling.get_activation("gelu"), "dense", initializer)
            hidden = modeling.layer_norm(hidden)
        bias = v1.get_variable("output_bias", [config.vocab_size], initializer=v1.zeros_initializer())
        mlm = tf.tensordot(hidden, model.get_embedding_table(), [[2], [1]]) + bias
    with v1.variable_scope("cls/seq_relationship"):
        weights = v1.get_variable("output_weights", [2, config.hidden_size], initializer=initializer)
        bias = v1.get_variable("output_bias", [2], initializer=v1.zeros_initializer())
        nsp = tf.matmul(model.get_pooled_output(), weights, transpose_b=True) + bias
    return mlm, nsp


def ours() -> Bert:
    rng = np.random.default_rng(0)
    model = Bert(CONFIG, seed=3)
    for variable in model.variables_by_name.values():
        variable.assign_add(rng.normal(0, 0.1, variable.shape).astype(np.float32))  # biases and norms count too
    return model


def our_logits(model: Bert) -> tuple[Any, Any]:
    given = batch()
    return tuple(
        logits.numpy()
        for logits in model.pretraining_logits(given["ids"], given["mask"], given["segments"], given["positions"])
    )


def test_its_init_checkpoint_loads_what_is_published_and_computes_the_same(tmp_path: Path) -> None:
    model = ours()
    prefix = str(tmp_path / "bert_model.ckpt")
    write_google_checkpoint({name: v.numpy() for name, v in model.variables_by_name.items()}, Path(prefix))
    modeling = reference("modeling")
    with tf.Graph().as_default(), v1.Session() as session:
        mlm, nsp = their_graph(modeling, batch())
        variables = v1.trainable_variables()
        names, initialised = modeling.get_assignment_map_from_checkpoint(variables, prefix)
        assert set(names) == set(model.variables_by_name)
        assert {variable.name for variable in variables} <= set(initialised)
        v1.train.init_from_checkpoint(prefix, names)
        session.run(v1.global_variables_initializer())
        theirs = session.run((mlm, nsp))
    for found, expected in zip(our_logits(model), theirs, strict=True):
        assert np.ptp(expected) > 0.4  # they differ from one another by far more than the tolerance
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_a_checkpoint_that_its_code_saved_while_training_is_read_whole(tmp_path: Path) -> None:
    modeling, optimization = reference("modeling"), reference("optimization")
    prefix = str(tmp_path / "model.ckpt-1")
    with tf.Graph().as_default(), v1.Session() as session:
        mlm, nsp = their_graph(modeling, batch())
        v1.train.get_or_create_global_step()
        loss = tf.reduce_mean(mlm**2) + tf.reduce_mean(nsp**2)
        update = optimization.create_optimizer(loss, 0.1, 10, 0, False)
        session.run(v1.global_variables_initializer())
        session.run(update)
        v1.train.Saver().save(session, prefix)
        theirs = session.run((mlm, nsp))
    found = GoogleWeights(Path(prefix), "theirs", CONFIG.model_dump())
    total = len(tensors(CONFIG.model_dump()))
    counts = account(found.contents, {t.google: t.shape for t in tensors(CONFIG.model_dump())}).counts()
    assert {k: v for k, v in counts.items() if v} == {"matched": total, "aside": 2 * total + 1}
    model = Bert(CONFIG)
    for name, variable in model.variables_by_name.items():
        variable.assign(found.read(name))
    for mine, expected in zip(our_logits(model), theirs, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-5)

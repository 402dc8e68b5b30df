"""google-research/bert's pretraining graph from a checkout of theirs, made to run on TensorFlow 2.

Their ``modeling.py``, ``optimization.py`` and ``run_pretraining.py`` are executed as they are. What TensorFlow 2 no
longer has, they are given here: the two ``tf.contrib`` and ``tf.layers`` functions that they call.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jobs.model.bert import BertConfig
from jobs.recipe import Schedule

v1 = tf.compat.v1
SCRIPTS = ("modeling", "optimization", "tokenization", "run_pretraining")

Arrays = Mapping[str, npt.NDArray[Any]]


class ReferenceGraph:
    """Their training graph with a session of its own; one step per call."""

    def __init__(self, checkout: Path, config: BertConfig, schedule: Schedule, batch: Arrays, seed: int = 0) -> None:
        modules = _execute(checkout)
        modeling, pretraining = modules["modeling"], modules["run_pretraining"]
        with tf.Graph().as_default() as graph:
            v1.set_random_seed(seed)
            self._inputs = {name: v1.placeholder(array.dtype, array.shape) for name, array in batch.items()}
            model = modeling.BertModel(
                config=modeling.BertConfig.from_dict(config.google()),
                is_training=True,
                input_ids=self._inputs["input_ids"],
                input_mask=self._inputs["input_mask"],
                token_type_ids=self._inputs["segment_ids"],
                use_one_hot_embeddings=False,
            )
            mlm, *_ = pretraining.get_masked_lm_output(
                modeling.BertConfig.from_dict(config.google()),
                model.get_sequence_output(),
                model.get_embedding_table(),
                *(self._inputs[f"masked_lm_{part}"] for part in ("positions", "ids", "weights")),
            )
            nsp, *_ = pretraining.get_next_sentence_output(
                modeling.BertConfig.from_dict(config.google()),
                model.get_pooled_output(),
                self._inputs["next_sentence_labels"],
            )
            self._losses = (mlm + nsp, mlm, nsp)
            self._train = modules["optimization"].create_optimizer(
                mlm + nsp, schedule.learning_rate, schedule.train_steps, schedule.warmup_steps, use_tpu=False
            )
            self._variables = {v.op.name: v for v in v1.global_variables()}
            self._session = v1.Session(graph=graph)
            self._session.run(v1.global_variables_initializer())

    def load(self, values: Arrays) -> None:
        """Give variables these values; KeyError for one that they do not have."""
        for name, value in values.items():
            initializer = self._variables[name].initializer
            self._session.run(initializer, {initializer.inputs[1]: value})

    def values(self) -> dict[str, npt.NDArray[Any]]:
        """All variables, Adam's slots and ``global_step`` among them."""
        values: dict[str, npt.NDArray[Any]] = self._session.run(self._variables)
        return values

    def step(self, batch: Arrays) -> tuple[float, float, float]:
        """One update; total, masked-word and next-sentence loss before it."""
        feed = {self._inputs[name]: np.asarray(array) for name, array in batch.items()}
        losses, _ = self._session.run((self._losses, self._train), feed)
        return losses  # type: ignore[no-any-return]


def _execute(checkout: Path) -> dict[str, types.ModuleType]:
    tensorflow = types.ModuleType("tensorflow_v1")
    tensorflow.__dict__.update(vars(v1), layers=_Layers, contrib=_Contrib)
    # compat.v1 resolves some of its names when they are asked for.
    tensorflow.__getattr__ = lambda name: getattr(v1, name)  # type: ignore[method-assign]
    given = {"tensorflow_v1": tensorflow}
    made: dict[str, types.ModuleType] = {}
    before = {name: sys.modules.get(name) for name in (*SCRIPTS, *given)}
    sys.modules.update(given)
    try:
        for name in SCRIPTS:
            source = (checkout / f"{name}.py").read_text("utf-8")
            source = source.replace("import tensorflow as tf", "import tensorflow_v1 as tf")
            # Flags are for their command line: a second definition in one process would be an error.
            source = source.replace("flags = tf.flags\n", "flags = tf.contrib.flags\n").replace("tf.flags.", "flags.")
            spec = importlib.util.spec_from_loader(name, loader=None)
            assert spec
            sys.modules[name] = made[name] = importlib.util.module_from_spec(spec)
            exec(compile(source, str(checkout / f"{name}.py"), "exec"), made[name].__dict__)
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
    return made


class _Layers:
    @staticmethod
    def dense(
        inputs: tf.Tensor,
        units: int,
        activation: Callable[[tf.Tensor], tf.Tensor] | None = None,
        name: str | None = None,
        kernel_initializer: Any = None,
    ) -> tf.Tensor:
        with v1.variable_scope(name, default_name="dense"):
            kernel = v1.get_variable("kernel", [inputs.shape[-1], units], initializer=kernel_initializer)
            bias = v1.get_variable("bias", [units], initializer=v1.zeros_initializer())
            outputs = tf.nn.bias_add(tf.matmul(inputs, kernel), bias)
            return activation(outputs) if activation else outputs


class _Contrib:
    """``tf.contrib`` as far as they call it: layer normalisation as its source has it, and flags that nobody reads."""

    class layers:  # noqa: N801
        @staticmethod
        def layer_norm(inputs: tf.Tensor, begin_norm_axis: int, begin_params_axis: int, scope: str | None) -> tf.Tensor:
            assert begin_norm_axis == begin_params_axis == -1
            with v1.variable_scope(scope, default_name="LayerNorm"):
                shape = inputs.shape[-1:]
                beta = v1.get_variable("beta", shape, initializer=v1.zeros_initializer())
                gamma = v1.get_variable("gamma", shape, initializer=v1.ones_initializer())
                mean, variance = tf.nn.moments(inputs, [-1], keepdims=True)
                return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, variance_epsilon=1e-12)

    class flags:  # noqa: N801
        FLAGS = None

        @staticmethod
        def _ignore(*_: Any) -> None: ...

        DEFINE_string = DEFINE_integer = DEFINE_bool = DEFINE_float = _ignore

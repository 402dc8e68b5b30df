"""Makes what the tests here load, with TensorFlow: an exported model, and what training computes.

``python -m tests.in_transformers.make_files DIRECTORY`` runs in the environment of the jobs. The tests run in another
one, which has torch: the two libraries never meet in a process.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from jobs.examples.wordpiece import WordPiece
from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import find_devices
from jobs.model.embedder import Embedder
from jobs.publish.embedder_bundle import write_embedder
from jobs.steps.token_ids import TokenIds
from tests.jobs.steps.exporting import (
    GOOGLE,
    LENGTH,
    VOCABULARY,
    Array,
    publish,
    ready_to_export,
    trained_weights,
)

TEXTS = ("COVID covid Covid", "a\ue000b", "naïve fever, (ACE2).", "a" * 150, "a [SEP] b", "COVID", "covid")
SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}


def main(directory: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        model = directory / "covid-model"  # a name that does not give the model's type away
        model.mkdir()
        publish(ready_to_export(directory / "bucket", Path(scratch)), model)
    np.savez(directory / "embedder.npz", allow_pickle=False, **embedder(directory / "embedder"))
    np.savez(directory / "exported.npz", allow_pickle=False, **exported())
    np.savez(directory / "random.npz", allow_pickle=False, **random())
    training = WordPiece(VOCABULARY)
    tokens: dict[str, Any] = {
        "vocabulary": VOCABULARY.ids,
        "max_length": LENGTH,
        "ids": {text: list(training.encode(text)) for text in TEXTS},
    }
    (directory / "tokens.json").write_text(json.dumps(tokens))


def embedder(directory: Path) -> dict[str, Array]:
    """Writes an embedder below ``directory``; its vectors of ``TEXTS``, cut at 24 tokens."""
    bert = Bert(BertConfig(vocab_size=len(VOCABULARY), initializer_range=0.2, **SIZES), seed=5)
    weights = {name: variable.numpy() for name, variable in bert.variables_by_name.items()}
    write_embedder(directory, weights, bert.config.google(), VOCABULARY, cased=True, max_length=24)
    token_ids = TokenIds(VOCABULARY, cased=True)
    texts = [text for text in TEXTS if "[SEP]" not in text]
    vectors = Embedder(bert, find_devices("cpu")).encode([token_ids(text, 24) for text in texts])
    return {"texts": np.array(texts), "vectors": vectors}


def exported() -> dict[str, Array]:
    """The exported weights' logits."""
    bert = Bert(BertConfig(**{name: value for name, value in GOOGLE.items() if name != "hidden_act"}))
    for name, value in trained_weights().items():
        bert.variables_by_name[name].assign(value)
    rng = np.random.default_rng(3)
    mask = (np.arange(LENGTH) < [[LENGTH], [20], [9]]).astype(np.int32)
    inputs = {
        "ids": rng.integers(5, len(VOCABULARY), (3, LENGTH)).astype(np.int32),
        "mask": mask,
        "segments": (np.arange(LENGTH) >= [[15], [8], [4]]).astype(np.int32) * mask,
        "positions": np.array([[1, 5, 30], [2, 3, 19], [0, 4, 8]], np.int32),
    }
    bias = trained_weights()["cls/predictions/output_bias"]
    return {**inputs, **logits(bert, inputs), "output_bias": bias}


def random() -> dict[str, Array]:
    """A model whose biases and norms count too: its weights by google's names below ``weights/``, and its logits."""
    rng = np.random.default_rng(0)
    bert = Bert(BertConfig(vocab_size=80, initializer_range=0.2, **SIZES), seed=3)
    for variable in bert.variables_by_name.values():
        variable.assign_add(rng.normal(0, 0.1, variable.shape).astype(np.float32))
    inputs = {
        "ids": rng.integers(0, 80, (4, 20)),
        "mask": (np.arange(20) < np.array([[20], [11], [7], [15]])).astype(np.int64),
        "segments": rng.integers(0, 2, (4, 20)),
        "positions": rng.integers(0, 7, (4, 5)),
    }
    weights = {f"weights/{name}": variable.numpy() for name, variable in bert.variables_by_name.items()}
    sizes = {name: np.asarray(size) for name, size in {**SIZES, "vocab_size": 80}.items()}
    return {**inputs, **logits(bert, inputs), **weights, **sizes}


def logits(bert: Bert, inputs: dict[str, Array]) -> dict[str, Array]:
    arguments = [tf.constant(inputs[name], tf.int32) for name in ("ids", "mask", "segments", "positions")]
    mlm, nsp = bert.pretraining_logits(*arguments)
    return {"mlm": mlm.numpy(), "nsp": nsp.numpy()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A trained checkpoint becomes a Hugging Face model directory, if it proves to be the same model."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from safetensors.numpy import load_file

from jobs.errors import ConfigurationError
from jobs.examples.wordpiece import WordPiece
from jobs.inference.forward import ExportedBert
from jobs.json_text import from_json
from jobs.layout import GOOGLE_MODEL, MODEL, PROBE, TRAINED_CONFIG, TRAINED_WEIGHTS, VOCABULARY
from jobs.model.bert import Bert, BertConfig
from jobs.model.dataset import ExampleDataset, staged_shards
from jobs.model.tf1_checkpoint import GoogleWeights, write_google_checkpoint
from jobs.publish.card import model_card
from jobs.publish.configuration import config_json
from jobs.publish.describe import describe
from jobs.publish.facts import Card, usable_length
from jobs.publish.gate import LOGIT_TOLERANCE, LogitAgreement, check_logits, check_tokenizers
from jobs.publish.model_steps import ModelSteps
from jobs.publish.pooling_files import POOLING, POOLING_FILES, pooling_files
from jobs.publish.tokenizer import load_tokenizer, tokenizer_config_json, tokenizer_json
from jobs.steps.context import StepContext
from jobs.steps.inputs import CompleteStep
from jobs.vocabulary import Vocabulary, parse_vocabulary
from jobs.weights.hugging_face import to_hugging_face, write_safetensors
from jobs.weights.variable_names import Array

FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    *POOLING_FILES,
    "README.md",
)
"""What people download, below ``model/``. ``covid-ctl publish`` adds what does not follow from the settings: times,
costs, an evaluation, an embedder."""

GOOGLE_FILES = ("bert_model.ckpt.index", "bert_model.ckpt.data-00000-of-00001", "bert_config.json", "vocab.txt")
"""The same model below ``tensorflow/``, for google-research/bert's scripts: the prefix is ``--init_checkpoint``."""

COMPARED_EXAMPLES = 8
"""Held-out examples whose logits are compared: seconds for base, half a minute for large."""

_CHECKS = 4

Weights = dict[str, Array]


def run(context: StepContext) -> None:
    """Writes ``model/`` once the exported files reproduce training's ids and logits.

    Raises ``ConfigurationError``, and publishes nothing, when they do not (``jobs.publish.gate``).
    """
    started = time.monotonic()
    model_steps = ModelSteps.of(context.store, context.artifact.spec.inputs["pretrain"])
    pretrain, preprocess = (CompleteStep(context.store, s.name) for s in (model_steps.pretrain, model_steps.preprocess))
    heartbeat = context.heartbeat("checks")

    google = from_json(pretrain.read(TRAINED_CONFIG))
    config = config_json(google)
    vocabulary = parse_vocabulary(preprocess.read(VOCABULARY), f"{preprocess.artifact.name}/{VOCABULARY}")
    if len(vocabulary) != google["vocab_size"]:
        raise ConfigurationError(
            pretrain.artifact.name,
            f"the model has {google['vocab_size']:,} entries, its vocabulary {len(vocabulary):,}",
            "train again",
        )
    heartbeat.beat(1, _CHECKS)

    directory = context.scratch / "model"
    directory.mkdir()
    weights = _weights(pretrain, context.scratch)
    card = describe(context.artifact.spec, google, model_steps, len(vocabulary))
    (directory / "config.json").write_bytes(config)
    write_safetensors(to_hugging_face(weights, google), directory / "model.safetensors")
    _write_texts(directory, vocabulary, card)
    context.check_stop()
    heartbeat.beat(2, _CHECKS)

    tokens = check_tokenizers(
        WordPiece(vocabulary, cased=card.cased).encode,
        load_tokenizer((directory / "tokenizer.json").read_bytes()),
        preprocess.read(PROBE).decode().removesuffix("\n").split("\n"),
    )
    heartbeat.beat(3, _CHECKS)
    logits = _compare_logits(context, google, weights, directory, preprocess)
    heartbeat.beat(4, _CHECKS)

    context.check_stop()
    tensorflow = _write_google(context.scratch / "tensorflow", weights, google, vocabulary)
    context.check_stop()
    outputs = [context.artifact.upload(f"{MODEL}/{name}", directory / name) for name in FILES]
    outputs += [context.artifact.upload(f"{GOOGLE_MODEL}/{name}", tensorflow / name) for name in GOOGLE_FILES]
    gate = {"tokenizer": asdict(tokens), "logits": {**asdict(logits), "tolerance": LOGIT_TOLERANCE}}
    facts = {"gate": gate, "parameters": card.parameters, "title": card.title}
    context.artifact.commit(context.shard, outputs, facts=facts, seconds=time.monotonic() - started)
    structlog.get_logger().info("model.exported", step=context.artifact.name, **gate)


def _weights(pretrain: CompleteStep, scratch: Path) -> Weights:
    path = scratch / "weights.safetensors"
    path.write_bytes(pretrain.read(TRAINED_WEIGHTS))
    weights: Weights = load_file(path)
    return weights


def _write_texts(directory: Path, vocabulary: Vocabulary, card: Card) -> None:
    """The tokenizer, the card, and what sentence-transformers reads."""
    length = usable_length(
        initial_checkpoint=card.initial_checkpoint, max_seq_length=card.max_seq_length, positions=card.positions
    )
    (directory / "tokenizer.json").write_bytes(tokenizer_json(vocabulary, cased=card.cased))
    (directory / "tokenizer_config.json").write_bytes(tokenizer_config_json(length, cased=card.cased))
    (directory / "vocab.txt").write_bytes(vocabulary.to_bytes())
    (directory / POOLING).parent.mkdir()
    for name, text in pooling_files(card.hidden_size, max_length=length, normalize=False).items():
        (directory / name).write_text(text)
    (directory / "README.md").write_bytes(model_card(card).encode())


def _write_google(directory: Path, weights: Weights, google: Mapping[str, Any], vocabulary: Vocabulary) -> Path:
    """``GOOGLE_FILES``, read back and found to hold the very ``weights``."""
    directory.mkdir()
    prefix = directory / "bert_model.ckpt"
    write_google_checkpoint(weights, prefix)
    (directory / "bert_config.json").write_bytes(json.dumps(google, indent=2, sort_keys=True).encode() + b"\n")
    (directory / "vocab.txt").write_bytes(vocabulary.to_bytes())
    written = GoogleWeights(prefix, "tensorflow", google)
    for name in written.contents.shapes.keys() | weights.keys():
        if not np.array_equal(written.read(name), weights[name]):
            raise ConfigurationError("tensorflow/bert_model.ckpt", f"{name} was not written as trained", "report this")
    return directory


def _compare_logits(
    context: StepContext, google: Mapping[str, Any], weights: Weights, directory: Path, preprocess: CompleteStep
) -> LogitAgreement:
    """TensorFlow with training's weights against the exported files, on held-out examples."""
    config = BertConfig.of_google(google)
    batch = _held_out(context, preprocess, config)
    inputs = [batch[name] for name in ("input_ids", "input_mask", "segment_ids", "masked_lm_positions")]
    model = Bert(config)
    for name, variable in model.variables_by_name.items():
        variable.assign(weights[name])
    mlm, nsp = model.pretraining_logits(*inputs)
    context.check_stop()
    return check_logits((mlm.numpy(), nsp.numpy()), ExportedBert(directory).pretraining_logits(*inputs))


def _held_out(context: StepContext, preprocess: CompleteStep, config: BertConfig) -> dict[str, Array]:
    """The first ``COMPARED_EXAMPLES`` validation examples."""
    settings = preprocess.manifest.spec.settings
    examples = ExampleDataset(
        list(staged_shards(preprocess.artifact, "validation", context.scratch)),
        config,
        max_seq_length=settings["max_seq_length"],
        max_predictions_per_seq=settings["max_predictions_per_seq"],
        check_stop=context.check_stop,
    )
    with closing(examples):
        if not len(examples):
            raise ConfigurationError(preprocess.artifact.name, "it has no held-out example", "give a larger corpus")
        return examples.read(range(min(COMPARED_EXAMPLES, len(examples))))

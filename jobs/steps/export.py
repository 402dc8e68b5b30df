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

from jobs.artifact import Artifact, Manifest
from jobs.corpus.documents.outcome import WITHOUT_TEXT
from jobs.errors import ConfigurationError
from jobs.examples.wordpiece import WordPiece
from jobs.inference.forward import ExportedBert
from jobs.layout import GOOGLE_MODEL, MODEL, PROBE, TRAINED_CONFIG, TRAINED_WEIGHTS, VOCABULARY
from jobs.model.bert import Bert, BertConfig
from jobs.model.dataset import ExampleDataset, staged_shards
from jobs.model.hardware import Hardware
from jobs.model.tf1_checkpoint import GoogleWeights, write_google_checkpoint
from jobs.publish.card import Card, Data, Run, model_card, usable_length
from jobs.publish.configuration import config_json
from jobs.publish.gate import LOGIT_TOLERANCE, LogitAgreement, check_logits, check_tokenizers
from jobs.publish.tokenizer import load_tokenizer, tokenizer_config_json, tokenizer_json
from jobs.sample.sample import SAMPLE
from jobs.spec import Spec
from jobs.steps.context import StepContext
from jobs.vocabulary import Vocabulary, parse_vocabulary
from jobs.weights.architecture import activation_of_google
from jobs.weights.hugging_face import to_hugging_face, write_safetensors
from jobs.weights.variable_names import Array

FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "README.md")
"""What people download, below ``model/``."""

GOOGLE_FILES = ("bert_model.ckpt.index", "bert_model.ckpt.data-00000-of-00001", "bert_config.json", "vocab.txt")
"""The same model below ``tensorflow/``, for google-research/bert's scripts: the prefix is ``--init_checkpoint``."""

COMPARED_EXAMPLES = 8
"""Held-out examples whose logits are compared: seconds for base, half a minute for large."""

_CHECKS = 4

Weights = dict[str, Array]


class _Step:
    """One complete step that the model came from."""

    def __init__(self, context: StepContext, name: str) -> None:
        self.artifact = Artifact.open(context.store, name)
        self.manifest: Manifest = self.artifact.require()

    def read(self, path: str) -> bytes:
        return self.artifact.read(self.manifest.output(path))


def run(context: StepContext) -> None:
    """Writes ``model/`` once the exported files reproduce training's ids and logits.

    Raises ``ConfigurationError``, and publishes nothing, when they do not (``jobs.publish.gate``).
    """
    started = time.monotonic()
    pretrain = _Step(context, context.artifact.spec.inputs["pretrain"])
    preprocess = _Step(context, pretrain.manifest.spec.inputs["examples"])
    ingest = _Step(context, preprocess.manifest.spec.inputs["documents"])
    heartbeat = context.heartbeat("checks")

    google = json.loads(pretrain.read(TRAINED_CONFIG))
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
    card = describe(
        context.artifact.spec, google, pretrain.manifest, preprocess.manifest, ingest.manifest, len(vocabulary)
    )
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


def describe(
    spec: Spec, google: Mapping[str, Any], pretrain: Manifest, preprocess: Manifest, ingest: Manifest, entries: int
) -> Card:
    """What the model card says of a run, from its manifests; what they do not hold stays unknown."""
    documents = ingest.counts.get("documents", {})
    encoded = preprocess.counts.get("documents", {})
    examples = preprocess.counts.get("examples", {})
    # What preprocess left out before it looked for text: by language, as near-duplicates and so on.
    screened = {why: n for why, n in encoded.get("dropped", {}).items() if why != WITHOUT_TEXT and n}
    kept = documents.get("kept")
    facts = pretrain.facts
    hardware = [str(Hardware(**fields)) for fields in facts.get("hardware", ())]
    schedule = pretrain.spec.settings.get("schedule", {})
    checkpoint = pretrain.spec.inputs.get("initial_checkpoint")
    return Card(
        title=spec.settings["title"],
        description=spec.settings.get("description", ""),
        initial_checkpoint=spec.settings.get("initial_checkpoint", ""),
        layers=google["num_hidden_layers"],
        hidden_size=google["hidden_size"],
        heads=google["num_attention_heads"],
        vocabulary_size=entries,
        positions=google["max_position_embeddings"],
        max_seq_length=preprocess.spec.settings["max_seq_length"],
        parameters=facts.get("parameters"),
        data=Data(
            read=documents.get("read"),
            kept=kept if kept is None else kept - sum(screened.values()),
            dropped={**documents.get("dropped", {}), **screened},
            quarantined=documents.get("quarantined"),
            full_texts=(ingest.counts["full_texts"], kept) if kept and "parse_files" in ingest.counts else None,
            without_text=encoded.get("dropped", {}).get(WITHOUT_TEXT),
            held_out=encoded.get("held_out"),
            made_up=ingest.spec.inputs.get("corpus", "").startswith(f"{SAMPLE}-"),
            sentences=preprocess.counts.get("sentences"),
            train_examples=examples.get("train"),
            validation_examples=examples.get("validation"),
        ),
        run=Run(
            steps=facts.get("steps"),
            extends=facts.get("extends", ()),
            batch_size=schedule.get("train_batch_size"),
            examples_seen=facts.get("examples_seen"),
            device=facts.get("device", ""),
            hardware=hardware if len(hardware) > 1 else (),
            tensorflow=facts.get("tensorflow", ""),
            flops=facts.get("model_flops"),
            evaluations=facts.get("evaluations", ()),
        ),
        settings={**preprocess.spec.settings, **schedule},
        steps={
            "ingest": ingest.name,
            "vocabulary": preprocess.spec.inputs.get("vocabulary", ""),
            "preprocess": preprocess.name,
            **({"checkpoint": checkpoint} if checkpoint else {}),
            **{f"pretrain, up to step {link['steps']:,}": link["name"] for link in facts.get("extends", ())},
            "pretrain": pretrain.name,
            "export": spec.name,
        },
        license=spec.settings.get("license", ""),
        cased=preprocess.spec.settings.get("cased", True),
        hidden_act=activation_of_google(google["hidden_act"]),
        random_at_start=facts.get("random_at_start", ()),
    )


def _weights(pretrain: _Step, scratch: Path) -> Weights:
    path = scratch / "weights.safetensors"
    path.write_bytes(pretrain.read(TRAINED_WEIGHTS))
    weights: Weights = load_file(path)
    return weights


def _write_texts(directory: Path, vocabulary: Vocabulary, card: Card) -> None:
    """The tokenizer and the card."""
    length = usable_length(
        initial_checkpoint=card.initial_checkpoint, max_seq_length=card.max_seq_length, positions=card.positions
    )
    (directory / "tokenizer.json").write_bytes(tokenizer_json(vocabulary, cased=card.cased))
    (directory / "tokenizer_config.json").write_bytes(tokenizer_config_json(length, cased=card.cased))
    (directory / "vocab.txt").write_bytes(vocabulary.to_bytes())
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
    context: StepContext, google: Mapping[str, Any], weights: Weights, directory: Path, preprocess: _Step
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


def _held_out(context: StepContext, preprocess: _Step, config: BertConfig) -> dict[str, Array]:
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

"""A bucket with everything that a publication is made of, in milliseconds: steps as planned, outputs made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.ledger.events import Event, EventType, Ledger
from controller.planning.plan import Step
from jobs.artifact import Artifact
from jobs.publish.pooling_files import pooling_files
from jobs.recipe import load_recipe
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import planned

IMAGE = f"registry.example/covid-ctl/trainer@sha256:{'ab' * 32}"
AT = 1_600_000_000.0
GOOGLE = {
    "vocab_size": 5,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 512,
    "hidden_act": "gelu",
}
WORDS = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
RELEASE = {"name": "cord-19_2020-07-16.tar.gz", "size": 123_456, "sha256": "cd" * 32}
SCORES = [
    {"step": 0, "mlm_loss": 8.5, "mlm_accuracy": 0.001, "perplexity": 4900.0},
    {"step": 500, "mlm_loss": 2.5, "mlm_accuracy": 0.4712, "perplexity": 12.18},
]
MODEL = {
    "config.json": b"{}\n",
    "model.safetensors": b"w" * 20_000,
    "tokenizer.json": b"{}\n",
    "tokenizer_config.json": b"{}\n",
    "vocab.txt": WORDS,
    **{name: text.encode() for name, text in pooling_files(8, max_length=128, normalize=False).items()},
}
EMBEDDER = {
    **{name: data + b"\n" if name.endswith("config.json") else data for name, data in MODEL.items()},
    **{name: text.encode() for name, text in pooling_files(8, max_length=96, normalize=True).items()},
}
SYSTEMS = {
    "bm25": {"mrr": 0.75, "recall_at_1": 0.6, "recall_at_10": 0.9},
    "base": {"mrr": 0.2, "recall_at_1": 0.1, "recall_at_10": 0.4},
    "pretrained": {"mrr": 0.4, "recall_at_1": 0.2, "recall_at_10": 0.5},
    "tuned": {"mrr": 0.7, "recall_at_1": 0.5, "recall_at_10": 0.9, "beats_bm25": False},
}
MEASURES = {
    **{
        f"{system}.{name}": value
        for system, row in SYSTEMS.items()
        for name, value in row.items()
        if "beats" not in name
    },
    "pretrained.nats_per_word": 2.5,
    "base.nats_per_word": 8.4,
}
REPORT = {"summary": ["Masked words: better than the base", "  tuned embedder  0.700"]}
COUNTS: Mapping[Kind, dict[str, Any]] = {
    Kind.INGEST: {
        "documents": {"read": 30, "kept": 22, "dropped": {"duplicate": 7}, "quarantined": 1},
        "parse_files": {"found": 19},
        "full_texts": 19,
    },
    Kind.SIGNATURES: {"licenses": {"cc-by": 12, "": 8}},
    Kind.PREPROCESS: {
        "documents": {"kept": 20, "held_out": 3, "dropped": {"language:de": 2}},
        "examples": {"train": 500, "validation": 40},
        "sentences": 5000,
        "pieces": 100_000,
        "unknown_pieces": 120,
    },
    Kind.TUNE: {"documents": {"kept": 18}},
}
FACTS: Mapping[Kind, dict[str, Any]] = {
    Kind.INGEST: {"corpus": {"name": "CORD-19", "release": "2020-07-16", "files": [RELEASE], "files_not_named": 0}},
    Kind.PRETRAIN: {
        "steps": 500,
        "train_seconds": 7200.0,
        "device_hours": 16.0,
        "device": "8 TPU v3-8",
        "hardware": [
            {"device": "8 TPU v3-8", "replicas": 8, "threads": 96, "processor": "Xeon", "tensorflow": "2.19.1"}
        ],
        "tensorflow": "2.19.1",
        "parameters": 1_234_567,
        "evaluations": SCORES,
    },
    Kind.TUNE: {"steps": 56},
    Kind.EVALUATE: {"retrieval": SYSTEMS, "measures": MEASURES},
}
OUTPUTS: Mapping[Kind, dict[str, bytes]] = {
    Kind.PRETRAIN: {"model/bert_config.json": json.dumps(GOOGLE).encode()},
    Kind.EXPORT: {
        **{f"model/{name}": data for name, data in MODEL.items()},
        "model/README.md": b"the export's own card\n",
        "tensorflow/bert_model.ckpt.index": b"index",
        "tensorflow/bert_config.json": json.dumps(GOOGLE).encode(),
    },
    Kind.TUNE: {f"embedder/{name}": data for name, data in EMBEDDER.items()},
    Kind.EVALUATE: {"report.json": json.dumps(REPORT).encode(), "report.html": b"<!doctype html>\n"},
}


def fill(root: Path, *targets: Kind, **overrides: str) -> Store:
    """Complete all steps of recipe ``tiny`` that lead to ``targets``, by default to all that can be published."""
    store = Store(str(root))
    for step in planned(*(targets or (Kind.EXPORT, Kind.EVALUATE)), recipe=load_recipe("tiny", overrides)):
        _complete(store, step)
    return store


def _complete(store: Store, step: Step) -> None:
    kind, artifact = step.spec.kind, Artifact(store, step.spec)
    artifact.submit()
    Ledger(store).append(step.name, Event(EventType.SUBMITTED, AT, "covid-ctl submit", image=IMAGE))
    if kind is Kind.PRETRAIN:
        store.create(artifact.path("tensorboard/events.out.tfevents.00000000"), b"curves")
    written = [artifact.write(path, data) for path, data in OUTPUTS.get(kind, {}).items()]
    for shard in range(step.spec.shards):
        first = shard == 0
        artifact.commit(
            shard,
            written if first else [],
            counts=COUNTS.get(kind, {}) if first else {},
            facts=FACTS.get(kind, {}) if first else {},
            seconds=1800.0 / step.spec.shards,
        )
    assert artifact.finish()
    Ledger(store).append(step.name, Event(EventType.SUCCEEDED, AT + 86_400))

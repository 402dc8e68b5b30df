"""A small model on its way to publication: what is trained, the bucket it lies in, and the export step."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from jobs.artifact import Artifact, Manifest
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.documents.shards import DocumentShards
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import Examples, Filters
from jobs.spec import Kind, Spec
from jobs.steps import export, preprocess, signatures
from jobs.steps.context import StepContext
from jobs.store import Store
from jobs.vocabulary import SPECIALS, Vocabulary
from jobs.weights.variable_names import tensors

Array = NDArray[Any]

LENGTH = 32
TEXT = "The patients with COVID, of the virus covid: fever and cough were treated by ACE2 in days; enters cells"
WORDS = re.findall(r"\w+", TEXT)
VOCABULARY = Vocabulary(
    (*SPECIALS, *WORDS, *".,-[]()", *"abcdefghiklmnoprstuvxyACEFTOVID123", *(f"##{c}" for c in "abcdeghilmnorstuvy12"))
)
GOOGLE: dict[str, Any] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
    "initializer_range": 0.02,
}
FACTS: dict[str, Any] = {
    "steps": 300,
    "examples_seen": 9600,
    "train_seconds": 5400.0,
    "train_examples": 1234,
    "validation_examples": 56,
    "device": "8 x TPU v3",
    "parameters": 27_184,
    "tensorflow": "2.21.0",
    "evaluations": [
        {
            "step": 0,
            "mlm_loss": 8.31,
            "mlm_accuracy": 0.001,
            "perplexity": 4064.0,
            "nsp_accuracy": 0.5,
            "nsp_loss": 0.69,
        },
        {
            "step": 300,
            "mlm_loss": 2.5,
            "mlm_accuracy": 0.4712,
            "perplexity": 12.18,
            "nsp_accuracy": 0.91,
            "nsp_loss": 0.2,
        },
    ],
}


def documents() -> list[Document]:
    rng = np.random.default_rng(5)
    papers = []
    for number in range(12):
        body = plain(
            " ".join(f"The patients {' '.join(rng.choice(WORDS, 7))} were treated." for _ in range(4)) for _ in range(3)
        )
        papers.append(Document(f"uid{number:05d}", "COVID and fever", (), body, "pmc_json", "cc-by", "2020-04-01"))
    return papers


def trained_weights() -> dict[str, Array]:
    """As uneven as real ones: biases are not zero, nor gammas one."""
    rng = np.random.default_rng(7)
    return {
        t.google: (rng.standard_normal(t.shape) * 0.2 + t.google.endswith("gamma")).astype(np.float32)
        for t in tensors(GOOGLE)
    }


def complete(store: Store, spec: Spec, files: Mapping[str, bytes], **record: Any) -> Artifact:
    artifact = Artifact(store, spec)
    artifact.submit()
    artifact.commit(0, [artifact.write(path, data) for path, data in files.items()], **record)
    artifact.finish()
    return artifact


def ready_to_export(root: Path, scratch: Path) -> Path:
    """Fills the bucket ``root`` with all that an export needs. Preprocess really runs; the weights are made up."""
    store = Store(str(root))
    shard = scratch / "documents"
    with DocumentShards([shard]) as shards:
        for paper in documents():
            shards.write(paper)
    ingest = complete(
        store,
        Spec(Kind.INGEST, {"validation_share": 0.2, "max_quarantined_share": 0.05}, {"corpus": "a fingerprint"}),
        {
            "documents/00000.jsonl.zst": shard.read_bytes(),
            "held_out.txt": b"uid00003\nuid00007\n",
            "quarantine.jsonl": b'{"file": "pdf_json/x.json", "reason": "not JSON", "position": "0"}\n',
        },
        counts={"documents": {"read": 19, "kept": 12, "dropped": {"duplicate": 4, "not_english": 2}, "quarantined": 1}},
    )
    given = give_vocabulary(store, VOCABULARY.to_bytes())
    settings = Examples(max_seq_length=LENGTH, max_predictions_per_seq=5, whole_word_mask=True, dupe_factor=1)
    screening = {**Filters(languages=()).model_dump(), "near_duplicate_similarity": 1.0}
    screened = Artifact(store, Spec(Kind.SIGNATURES, screening, {"documents": ingest.name}))
    screened.submit()
    signatures.run(StepContext(screened, 0, scratch, lambda: False))
    screened.finish(signatures.finalize)
    spec = Spec(
        Kind.PREPROCESS,
        {
            **settings.model_dump(),
            "sections": ["title", "abstract", "body"],
            "clean_text": False,
        },
        {"documents": ingest.name, "signatures": screened.name, "vocabulary": given},
    )
    examples = Artifact(store, spec)
    examples.submit()
    preprocess.run(StepContext(examples, 0, scratch, lambda: False))
    examples.finish(preprocess.finalize)
    path = scratch / "weights"
    save_file(trained_weights(), path)
    complete(
        store,
        Spec(
            Kind.PRETRAIN,
            {"schedule": {"train_batch_size": 32, "learning_rate": 1e-3}},
            {"examples": examples.name},
            recipe="tiny",
        ),
        {"model/weights.safetensors": path.read_bytes(), "model/bert_config.json": json.dumps(GOOGLE).encode()},
        facts=FACTS,
    )
    return root


def submitted(root: Path, **settings: str) -> Artifact:
    store = Store(str(root))
    (pretrain,) = (name for name in store.folders() if name.startswith("pretrain-"))
    spec = Spec(
        Kind.EXPORT,
        {"title": "TinyCovidBERT", "description": "A small one.", "initial_checkpoint": "", **settings},
        {"pretrain": pretrain},
        recipe="tiny",
    )
    artifact = Artifact(store, spec)
    artifact.submit()
    return artifact


def run(artifact: Artifact, scratch: Path, stopping: Callable[[], bool] = lambda: False) -> Manifest:
    scratch.mkdir(exist_ok=True)
    export.run(StepContext(artifact, 0, scratch, stopping))
    artifact.finish()
    return artifact.require()


def publish(bucket: Path, directory: Path) -> Path:
    """Runs the export and copies the published model into ``directory``."""
    artifact = submitted(bucket)
    with tempfile.TemporaryDirectory() as scratch:
        manifest = run(artifact, Path(scratch))
    for output in manifest.under("model"):
        target = directory / output.path.removeprefix("model/")
        target.parent.mkdir(exist_ok=True)
        artifact.download(output, target)
    return directory

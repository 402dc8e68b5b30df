"""Small checkpoints in the layouts in which BERTs are published."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from safetensors.numpy import save_file

from jobs.weights.hugging_face import to_hugging_face
from jobs.weights.variable_names import tensors

Array = NDArray[Any]
Weights = dict[str, Array]

SHAPE: dict[str, Any] = {
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 12,
    "type_vocab_size": 2,
}
ENTRIES = 11
CONFIG = SHAPE | {"vocab_size": ENTRIES, "hidden_act": "gelu", "hidden_dropout_prob": 0.1}
VOCABULARY = "".join(f"{token}\n" for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdef"))
CLINICAL = "biobert_pretrain_output_all_notes_150000/model.ckpt-150000"
BIO = "biobert_large/bio_bert_large_1000k.ckpt"


def random_weights(seed: int = 1, **shape: int) -> Weights:
    rng = np.random.default_rng(seed)
    return {t.google: rng.standard_normal(t.shape).astype(np.float32) for t in tensors(CONFIG | shape)}


def with_optimizer_state(weights: Weights) -> dict[str, Array]:
    """As ``run_pretraining.py`` saves it while it trains."""
    slots = {f"{name}/{slot}": value * 0 for name, value in weights.items() for slot in ("adam_m", "adam_v")}
    return {**weights, **slots, "global_step": np.asarray(150_000, np.int64)}


def write_google(prefix: Path, variables: Mapping[str, Array]) -> Path:
    """By TensorFlow's own Saver, as TF1 programs do."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    saver = tf.compat.v1.train.Saver({name: tf.Variable(value) for name, value in variables.items()})
    saver.save(None, str(prefix), write_meta_graph=False)
    return prefix


def clinical(root: Path, weights: Weights) -> Path:
    """Bio+Clinical BERT's folder: with optimizer state, beside a pickle for torch."""
    prefix = write_google(root / CLINICAL, with_optimizer_state(weights))
    (prefix.parent / "bert_config.json").write_text(json.dumps(CONFIG))
    (prefix.parent / "vocab.txt").write_text(VOCABULARY)
    (prefix.parent / "pytorch_model.bin").write_bytes(b"pickle")
    return prefix


def bio(root: Path, weights: Weights) -> Path:
    """BioBERT-Large's folder: weights alone, files under names of its own."""
    prefix = write_google(root / BIO, weights)
    (prefix.parent / "bert_config_bio_58k_large.json").write_text(json.dumps(CONFIG))
    (prefix.parent / "vocab_cased_pubmed_pmc_30k.txt").write_text(VOCABULARY)
    return prefix


def hugging_face(root: Path, state: Mapping[str, Array] | None = None, **config: Any) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    save_file(dict(state or to_hugging_face(random_weights(), CONFIG)), root / "model.safetensors", {"format": "pt"})
    written = CONFIG | {"model_type": "bert", "layer_norm_eps": 1e-12} | config
    (root / "config.json").write_text(json.dumps(written))
    (root / "vocab.txt").write_text(VOCABULARY)
    return root


def packed(folder: Path, kind: str) -> Path:
    """``folder`` in an archive, its own name first."""
    target = folder.parent / f"{folder.name}.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(target, "w:gz" if kind.endswith("gz") else "w") as archive:
            archive.add(folder, folder.name)
    return target


def tar_of(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()

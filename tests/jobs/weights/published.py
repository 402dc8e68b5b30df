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
from tests.jobs.weights.torch_files import legacy_file

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
TABLES = (*SHAPE, "vocab_size")
"""Fields of a configuration that decide shapes."""
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


def pubmed(root: Path, *, heads: bool = True, seed: int = 1, **shape: int) -> Path:
    """PubMedBERT's directory on the Hugging Face Hub, with random weights: uncased, the exact gelu, a file of torch.

    Its tensors are those of a ``BertForMaskedLM``: the decoder beside the word embeddings that it is, and a buffer.
    Without ``heads`` it lacks the pooler and the next-sentence head, as later versions of transformers would save it.
    """
    root.mkdir(parents=True)
    entries = uncased_vocabulary()
    config = CONFIG | shape | {"vocab_size": len(entries)}
    sizes = {name: size for name, size in config.items() if name in TABLES}
    state = to_hugging_face(random_weights(seed, **sizes), config)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"]
    state["cls.predictions.decoder.bias"] = state["cls.predictions.bias"]
    state["bert.embeddings.position_ids"] = np.arange(config["max_position_embeddings"])[None]
    if not heads:
        state = {name: array for name, array in state.items() if not name.startswith(("bert.pooler", "cls.seq_"))}
    (root / "pytorch_model.bin").write_bytes(legacy_file(state))
    told = {"architectures": ["BertForMaskedLM"], "model_type": "bert", "layer_norm_eps": 1e-12}
    told |= {"initializer_range": 0.02, "attention_probs_dropout_prob": 0.1}
    (root / "config.json").write_text(json.dumps(told | config))
    (root / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    (root / "vocab.txt").write_text("".join(f"{entry}\n" for entry in entries))
    return root


def minilm(root: Path, **shape: int) -> Path:
    """all-MiniLM-L6-v2's directory with random weights: an encoder and its pooler without heads and without
    ``bert.`` before their names, beside what sentence-transformers and fast tokenizers read, and no vocab.txt."""
    root.mkdir(parents=True)
    entries = uncased_vocabulary()
    config = CONFIG | shape | {"vocab_size": len(entries)}
    sizes = {name: size for name, size in config.items() if name in TABLES}
    state = to_hugging_face(random_weights(**sizes), config)
    encoder = {name.removeprefix("bert."): array for name, array in state.items() if name.startswith("bert.")}
    encoder["embeddings.position_ids"] = np.arange(config["max_position_embeddings"])[None]
    save_file(encoder, root / "model.safetensors", {"format": "pt"})
    told = {"architectures": ["BertModel"], "model_type": "bert", "layer_norm_eps": 1e-12}
    (root / "config.json").write_text(json.dumps(told | config | {"position_embedding_type": "absolute"}))
    (root / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "model_max_length": 512}))
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "lowercase": True}
    words = {"type": "WordPiece", "vocab": {entry: number for number, entry in enumerate(entries)}}
    (root / "tokenizer.json").write_text(json.dumps({"normalizer": normalizer, "model": words}))
    (root / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": config["hidden_size"], "pooling_mode_mean_tokens": True}
    (root / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return root


def uncased_vocabulary(size: int = 30_522) -> list[str]:
    """As PubMedBERT's: special tokens first, then characters and their continuations, then lower-case words."""
    characters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    words = ["the", "of", "and", "virus", "patients", "covid", "coronavirus", "lung", "protein", "##ed", "##ing"]
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{one}" for one in characters), *words]
    return known + [f"word{number}" for number in range(size - len(known))]


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

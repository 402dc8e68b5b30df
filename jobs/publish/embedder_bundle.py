"""The embedder as a directory that sentence-transformers loads: the encoder's weights and small files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.json_text import from_json
from jobs.publish.configuration import config_json
from jobs.publish.pooling_files import POOLING_FILES, TOKENIZER, pooling_files
from jobs.publish.tokenizer import tokenizer_config_json, tokenizer_json
from jobs.vocabulary import Vocabulary
from jobs.weights.hugging_face import to_hugging_face, write_safetensors

FILES = (
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    *POOLING_FILES,
)


def write_embedder(
    directory: Path,
    weights: Mapping[str, NDArray[np.float32]],
    google: Mapping[str, Any],
    vocabulary: Vocabulary,
    *,
    cased: bool,
    max_length: int,
) -> None:
    """Write ``FILES`` below ``directory``, which is made.

    ``weights`` are all variables by google's names, of the model that ``google`` (``bert_config.json``) describes;
    the pretraining heads are left out. With ``cased`` false its tokenizer lower-cases
    text. Texts longer than ``max_length`` tokens are cut there.
    """
    (directory / "1_Pooling").mkdir(parents=True)
    encoder = {
        name.removeprefix("bert."): tensor
        for name, tensor in to_hugging_face(weights, google).items()
        if name.startswith("bert.")
    }
    write_safetensors(encoder, directory / "model.safetensors")
    config = from_json(config_json(google)) | {"architectures": ["BertModel"]}
    (directory / "tokenizer.json").write_bytes(tokenizer_json(vocabulary, cased=cased))
    (directory / TOKENIZER).write_bytes(tokenizer_config_json(max_length, cased=cased))
    (directory / "vocab.txt").write_bytes(vocabulary.to_bytes())
    texts = {"config.json": json.dumps(config, indent=2) + "\n"}
    texts |= pooling_files(google["hidden_size"], max_length=max_length, normalize=True)
    for name, content in texts.items():
        (directory / name).write_text(content)

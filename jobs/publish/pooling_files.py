"""The small files that make a model directory one for sentence-transformers. Light: texts and JSON.

Written by hand, never by ``SentenceTransformer.save``: what version 6 saves, older versions refuse. The class names in
``modules.json`` are those of versions before 6, which all versions from 3.0 on read.
"""

from __future__ import annotations

import json
from pathlib import Path

from jobs.json_text import mapping_in

MODULES = "modules.json"
POOLING = "1_Pooling/config.json"
LENGTH = "sentence_bert_config.json"
SIMILARITY = "config_sentence_transformers.json"
POOLING_FILES = (MODULES, POOLING, LENGTH, SIMILARITY)
"""What makes a model directory one for sentence-transformers."""

TOKENIZER = "tokenizer_config.json"
_CLASSES = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
_NORMALIZE = "Normalize"
_POOLING = {
    "pooling_mode_cls_token": False,
    "pooling_mode_mean_tokens": True,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
    "pooling_mode_weightedmean_tokens": False,
    "pooling_mode_lasttoken": False,
    "include_prompt": True,
}


def pooling_files(width: int, *, max_length: int, normalize: bool) -> dict[str, str]:
    """``POOLING_FILES`` of a model whose vectors, of ``width`` numbers, are the mean over its tokens."""
    texts = {
        POOLING: {"word_embedding_dimension": width, **_POOLING},
        LENGTH: {"max_seq_length": max_length, "do_lower_case": False},
        SIMILARITY: {
            "__version__": {},
            "prompts": {},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
    return {
        MODULES: modules_json("", normalize=normalize),
        **{name: json.dumps(content, indent=2) + "\n" for name, content in texts.items()},
    }


def modules_json(folder: str, *, normalize: bool) -> str:
    """``modules.json`` of a model whose encoder and pooling are in ``folder``; empty: beside the file."""
    classes = [(path, name) for path, name in _CLASSES.items() if normalize or name != _NORMALIZE]
    modules = [
        {
            "idx": index,
            "name": str(index),
            "path": "/".join(filter(None, (folder, path))),
            "type": f"sentence_transformers.models.{name}",
        }
        for index, (path, name) in enumerate(classes)
    ]
    return json.dumps(modules, indent=2) + "\n"


def is_cased(directory: Path) -> bool:
    """Whether the embedder in ``directory`` keeps the case of letters."""
    return not mapping_in(directory / TOKENIZER, "tune again")["do_lower_case"]


def max_length_of(directory: Path) -> int:
    """The length in tokens at which the embedder in ``directory`` cuts texts."""
    return int(mapping_in(directory / LENGTH, "tune again")["max_seq_length"])

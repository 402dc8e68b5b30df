"""Compares a checkpoint's own configuration with the recipe's, field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from jobs.errors import ConfigurationError

LAYER_NORM_EPSILON = 1e-12
"""The value of google-research/bert, which its configuration does not name."""

FIELDS = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
"""Fields that decide how weights are used. Dropout and the range of first values do not: a recipe may choose them."""

_SHAPED_BY = {
    "max_position_embeddings": "bert/embeddings/position_embeddings",
    "type_vocab_size": "bert/embeddings/token_type_embeddings",
}
_FIXED: Mapping[str, tuple[object, ...]] = {
    # transformers' own "gelu" is another form, but the models it converted from google's say so too.
    "hidden_act": ("gelu", "gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_eps": (LAYER_NORM_EPSILON,),
    "position_embedding_type": ("absolute",),
    "model_type": ("bert",),
}
"""What this BERT computes; a configuration may state nothing else."""


def check_architecture(data: bytes, wanted: Mapping[str, Any], may_differ: Iterable[str], source: str) -> int | None:
    """Returns the vocabulary size that ``bert_config.json`` or ``config.json`` states.

    ``may_differ`` are patterns of variables that may have another shape. Raises ``ConfigurationError`` naming
    the field that differs.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(source, f"not JSON ({error})", "get it again") from error
    if not isinstance(found, dict):
        raise ConfigurationError(source, "not a configuration: its top level is no mapping", "get it again")
    patterns = list(may_differ)
    for field in FIELDS:
        allowed = any(fnmatchcase(_SHAPED_BY.get(field, ""), pattern) for pattern in patterns)
        if field in found and found[field] != wanted[field] and not allowed:
            raise ConfigurationError(
                source,
                f"{field} is {found[field]}, the recipe's is {wanted[field]}",
                f"give a checkpoint of the recipe's architecture, or --set architecture.{field}={found[field]}",
            )
    for field, values in _FIXED.items():
        if field in found and found[field] not in values:
            known = " or ".join(map(str, values))
            raise ConfigurationError(source, f"{field} is {found[field]}, this BERT's is {known}", "give another one")
    entries = found.get("vocab_size")
    return entries if isinstance(entries, int) else None

"""google-research/bert's ``bert_config.json`` as transformers' ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jobs.errors import ConfigurationError
from jobs.weights.architecture import LAYER_NORM_EPSILON, activation_of_google

_SAME = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "max_position_embeddings",
    "type_vocab_size",
    "initializer_range",
)


def config_json(google: Mapping[str, Any]) -> bytes:
    """``config.json`` of a ``BertForPreTraining``.

    Raises ``ConfigurationError`` when a field is missing or the activation is none that we can name.
    """
    if missing := [field for field in (*_SAME, "hidden_act") if field not in google]:
        raise ConfigurationError("bert_config.json", f"lacks {', '.join(missing)}", "train again")
    config = {
        "architectures": ["BertForPreTraining"],
        "model_type": "bert",
        **{field: google[field] for field in _SAME},
        "hidden_act": activation_of_google(google["hidden_act"]),
        "layer_norm_eps": LAYER_NORM_EPSILON,
        "pad_token_id": 0,  # a vocabulary has [PAD] first or is refused
        "tie_word_embeddings": True,
        "dtype": "float32",
    }
    return json.dumps(config, indent=2).encode() + b"\n"

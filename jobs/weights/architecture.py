"""Compares a checkpoint's own configuration with the recipe's, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from jobs.errors import ConfigurationError
from jobs.json_text import from_json
from jobs.library_errors import in_our_words

LAYER_NORM_EPSILON = 1e-12
"""The value of google-research/bert, which its configuration does not name."""

GOOGLE_ACTIVATIONS = {"gelu_pytorch_tanh": "gelu", "gelu": "gelu_erf"}
"""By transformers' name, which recipes use, the name in a ``bert_config.json``. There "gelu" is the tanh form. google's
code has no exact form, and refuses its name rather than compute another one."""

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
    "layer_norm_eps": (LAYER_NORM_EPSILON,),
    "position_embedding_type": ("absolute",),
    "model_type": ("bert",),
}
"""What this BERT computes; a configuration may state nothing else."""

_ACTIVATIONS: Mapping[object, tuple[str, ...]] = {
    # transformers' own "gelu" is another form, but the models it converted from google's say so too.
    "gelu_pytorch_tanh": ("gelu", "gelu_new", "gelu_pytorch_tanh"),
    "gelu": ("gelu", "gelu_erf", "gelu_python"),
}
"""By the recipe's activation, the names of it in configurations."""


def check_tokenizer(data: bytes, cased: bool, source: str) -> None:
    """Raises ``ConfigurationError`` when a ``tokenizer_config.json`` and the recipe differ in ``do_lower_case``."""
    try:
        lower = from_json(data).get("do_lower_case")
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(source, f"not a configuration ({in_our_words(error)})", "get it again") from error
    if lower is cased:
        words = {True: "true", False: "false"}
        reason = f"do_lower_case is {words[lower]}, the recipe's vocabulary.cased is {words[cased]} too"
        remedy = f"--set vocabulary.cased={words[not cased]}; or leave the file out if it is wrong"
        raise ConfigurationError(source, reason, remedy)


def activation_of_google(name: object) -> str:
    """The recipe's name of the activation in a ``bert_config.json``. Raises ``ConfigurationError`` for others."""
    for ours, theirs in GOOGLE_ACTIVATIONS.items():
        if theirs == name:
            return ours
    known = " or ".join(GOOGLE_ACTIVATIONS.values())
    reason = f"hidden_act {name!r} is not supported, {known} is"
    raise ConfigurationError("bert_config.json", reason, "train again with this version of covid-ctl")


def check_architecture(data: bytes, wanted: Mapping[str, Any], may_differ: Iterable[str], source: str) -> int | None:
    """Returns the vocabulary size that ``bert_config.json`` or ``config.json`` states.

    ``may_differ`` are patterns of variables that may have another shape. Raises ``ConfigurationError`` naming
    the field that differs.
    """
    try:
        found = from_json(data)
    except ValueError as error:
        raise ConfigurationError(source, f"not JSON ({in_our_words(error)})", "get it again") from error
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
    activation = wanted.get("hidden_act", "gelu_pytorch_tanh")
    for field, values in {**_FIXED, "hidden_act": _ACTIVATIONS[activation]}.items():
        if field in found and found[field] not in values:
            known = " or ".join(map(str, values))
            raise ConfigurationError(source, f"{field} is {found[field]}, this BERT's is {known}", "give another one")
    entries = found.get("vocab_size")
    return entries if isinstance(entries, int) else None

"""google-research/bert's variables as the tensors of transformers' ``BertForPreTraining``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from jobs.errors import ConfigurationError

Array = NDArray[Any]


@dataclass(frozen=True)
class Tensor:
    """One variable, under both names."""

    google: str
    hugging_face: str
    shape: tuple[int, ...]
    """As google stores it."""
    transposed: bool = False
    """TensorFlow's kernels are [in, out], torch's are [out, in]."""


def tensors(config: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """Every trained variable of the model that ``bert_config.json`` describes: 206 for base, 398 for large.

    The MLM decoder is not among them: it is the word embeddings, tied when the model is loaded.
    """
    hidden, inner, entries = config["hidden_size"], config["intermediate_size"], config["vocab_size"]

    def same(name: str, *shape: int) -> Tensor:
        return Tensor(name, _dotted(name), shape)

    def embedding(name: str, rows: int) -> Tensor:
        return Tensor(name, f"{_dotted(name)}.weight", (rows, hidden))

    def dense(scope: str, inputs: int, outputs: int) -> Iterable[Tensor]:
        yield Tensor(f"{scope}/kernel", f"{_dotted(scope)}.weight", (inputs, outputs), transposed=True)
        yield same(f"{scope}/bias", outputs)

    def layer_norm(scope: str) -> Iterable[Tensor]:
        for google, hugging_face in (("gamma", "weight"), ("beta", "bias")):
            yield Tensor(f"{scope}/LayerNorm/{google}", f"{_dotted(scope)}.LayerNorm.{hugging_face}", (hidden,))

    def layer(scope: str) -> Iterable[Tensor]:
        for part in ("query", "key", "value"):
            yield from dense(f"{scope}/attention/self/{part}", hidden, hidden)
        yield from dense(f"{scope}/attention/output/dense", hidden, hidden)
        yield from layer_norm(f"{scope}/attention/output")
        yield from dense(f"{scope}/intermediate/dense", hidden, inner)
        yield from dense(f"{scope}/output/dense", inner, hidden)
        yield from layer_norm(f"{scope}/output")

    return (
        embedding("bert/embeddings/word_embeddings", entries),
        embedding("bert/embeddings/token_type_embeddings", config["type_vocab_size"]),
        embedding("bert/embeddings/position_embeddings", config["max_position_embeddings"]),
        *layer_norm("bert/embeddings"),
        *(t for index in range(config["num_hidden_layers"]) for t in layer(f"bert/encoder/layer_{index}")),
        *dense("bert/pooler/dense", hidden, hidden),
        *dense("cls/predictions/transform/dense", hidden, hidden),
        *layer_norm("cls/predictions/transform"),
        Tensor("cls/predictions/output_bias", "cls.predictions.bias", (entries,)),
        # google multiplies by this one transposed, so it already is [out, in].
        Tensor("cls/seq_relationship/output_weights", "cls.seq_relationship.weight", (2, hidden)),
        Tensor("cls/seq_relationship/output_bias", "cls.seq_relationship.bias", (2,)),
    )


def to_hugging_face(weights: Mapping[str, Array], config: Mapping[str, Any]) -> dict[str, Array]:
    """``weights`` by google's names to float32 arrays by transformers' names.

    Raises ``ConfigurationError`` naming the variables when one is missing, unknown or of another shape,
    or is not finite: a gap would be filled with random numbers by whoever loads the model.
    """
    known = tensors(config)
    names = {tensor.google for tensor in known}
    if missing := sorted(names - set(weights)):
        raise _refusal(f"lacks {_listed(missing)}")
    if unknown := sorted(set(weights) - names):
        raise _refusal(f"{_listed(unknown)} has no place in the model that bert_config.json describes")
    for tensor in known:
        found = weights[tensor.google]
        if found.shape != tensor.shape:
            raise _refusal(f"{tensor.google} has shape {list(found.shape)}, expected {list(tensor.shape)}")
        if not np.isfinite(found).all():
            raise _refusal(f"{tensor.google} holds values that are not finite")
    return {
        tensor.hugging_face: np.ascontiguousarray(
            weights[tensor.google].T if tensor.transposed else weights[tensor.google], dtype=np.float32
        )
        for tensor in known
    }


def write_safetensors(weights: Mapping[str, Array], target: Path) -> None:
    """``model.safetensors``; transformers loads no file that does not say it is torch's layout."""
    save_file(dict(weights), target, metadata={"format": "pt"})


def _dotted(name: str) -> str:
    return name.replace("/", ".").replace(".layer_", ".layer.")


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:3])} and {len(names) - 3} more" if len(names) > 3 else ", ".join(names)


def _refusal(reason: str) -> ConfigurationError:
    return ConfigurationError("model/weights.safetensors", reason, "train again with this version of covid-ctl")

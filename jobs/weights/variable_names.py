"""One table of BERT's variables, under google-research/bert's names and under transformers'."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Shape = tuple[int, ...]
Array = NDArray[Any]


WORD_EMBEDDINGS = "bert/embeddings/word_embeddings"
OUTPUT_BIAS = "cls/predictions/output_bias"
PER_ENTRY = (WORD_EMBEDDINGS, OUTPUT_BIAS)
"""Variables that have one row per entry of the vocabulary."""


@dataclass(frozen=True)
class Tensor:
    """One variable, under both names."""

    google: str
    hugging_face: str
    shape: Shape
    """The shape that google stores."""
    transposed: bool = False
    """TensorFlow's kernels are [in, out], torch's are [out, in]."""


def tensors(config: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """Every trained variable of the model that ``bert_config.json`` describes, in the order of google's graph.

    206 for base, 398 for large. The MLM decoder is not among them: it is the word embeddings.
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
        for google, hugging_face in (("beta", "bias"), ("gamma", "weight")):
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
        embedding(WORD_EMBEDDINGS, entries),
        embedding("bert/embeddings/token_type_embeddings", config["type_vocab_size"]),
        embedding("bert/embeddings/position_embeddings", config["max_position_embeddings"]),
        *layer_norm("bert/embeddings"),
        *(t for index in range(config["num_hidden_layers"]) for t in layer(f"bert/encoder/layer_{index}")),
        *dense("bert/pooler/dense", hidden, hidden),
        *dense("cls/predictions/transform/dense", hidden, hidden),
        *layer_norm("cls/predictions/transform"),
        Tensor(OUTPUT_BIAS, "cls.predictions.bias", (entries,)),
        # google multiplies by this one transposed, so it already is [out, in].
        Tensor("cls/seq_relationship/output_weights", "cls.seq_relationship.weight", (2, hidden)),
        Tensor("cls/seq_relationship/output_bias", "cls.seq_relationship.bias", (2,)),
    )


_GOOGLE_SCOPE = re.compile(r"^(?:module/)?(?:bert/)?(?=(?:embeddings|encoder|pooler)/)|^module/(?=cls/)")
_GOOGLE_NORM = re.compile(r"/(?:LayerNorm|layer_normalization|layer_norm)/(gamma|beta|kernel|bias)$")
_GOOGLE_NORM_PARTS = {"gamma": "gamma", "kernel": "gamma", "beta": "beta", "bias": "beta"}
_TORCH_SCOPE = re.compile(r"^(?:bert\.)?(?=(?:embeddings|encoder|pooler)\.)")
_TORCH_NORM = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))


def google_name(stored: str) -> str:
    """A TF1 checkpoint's name as google's graph has it.

    Names of TF Hub begin with ``module/``, those of a bare encoder lack ``bert/``, and layer norms are spelled in
    several ways.
    """
    if norm := _GOOGLE_NORM.search(stored):
        stored = f"{stored[: norm.start()]}/LayerNorm/{_GOOGLE_NORM_PARTS[norm[1]]}"
    return _GOOGLE_SCOPE.sub(lambda _: "" if stored.startswith("module/cls/") else "bert/", stored, count=1)


def torch_name(stored: str) -> str:
    """A torch state's name as ``BertForPreTraining`` has it today.

    ``BertModel`` saves itself without ``bert.``, and until 2019 LayerNorm's were called gamma and beta.
    """
    for old, new in _TORCH_NORM:
        if stored.endswith(old):
            stored = stored.removesuffix(old) + new
    return _TORCH_SCOPE.sub("bert.", stored, count=1)


_SLOT = re.compile(r"/(adam_m|adam_v|Adam|Adam_1|lamb_m|lamb_v)$")
_COUNTERS = frozenset({"global_step", "beta1_power", "beta2_power"})


def is_optimizer_state(stored: str, variables: Collection[str]) -> bool:
    """Whether a TF1 checkpoint's name is a step counter, or an optimizer's slot for one of google's ``variables``."""
    variable = _SLOT.sub("", stored)
    return stored in _COUNTERS or (variable != stored and google_name(variable) in variables)


def _dotted(name: str) -> str:
    return name.replace("/", ".").replace(".layer_", ".layer.")

"""A small embedder with random weights, some papers, and an index of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from jobs.search import lexical, vectors
from jobs.search.encoder import TextEncoder
from jobs.search.engine import Layout
from jobs.search.paper import Paper

WORDS = [
    "the",
    "a",
    "of",
    "in",
    "and",
    "virus",
    "vaccine",
    "mask",
    "masks",
    "children",
    "schools",
    "immune",
    "response",
    "bat",
    "lung",
    "##s",
    "covid",
    "protein",
]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]

PAPERS = (
    Paper("a1", "Masks in schools", "Children wore masks. Transmission fell by half.", 2020, "J Sch", "cc-by", "PMC"),
    Paper("b2", "Vaccine response", "The immune response to the vaccine was strong.", 2021, "", "cc0", "Medline; PMC"),
    Paper("c3", "Bat virus", "A virus of the bat. Its protein binds the lung.", 2019, "Nature", "", "WHO", "10.1/x"),
    Paper("d4", "Immune lung", "Lung immune cells. Masks are not mentioned in the title.", 0, "", "no-cc", "Elsevier"),
    Paper("e5", "<script>alert(1)</script>", "Angle brackets & ampersands \u202e in a title.", 2020),
)


def embedder(directory: Path, *, width: int = 16, layers: int = 2, seed: int = 0, pieces: int = 0) -> Path:
    """An ``embedder/`` directory as search reads it, of BERT's proportions; its vocabulary has ``pieces`` at least."""
    vocabulary = [*VOCABULARY, *(f"word{number}" for number in range(pieces - len(VOCABULARY)))]
    directory.mkdir(parents=True)
    draws = np.random.default_rng(seed)
    config = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": max(2, width // 64),
        "intermediate_size": 4 * width,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu_pytorch_tanh",
    }
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(vocabulary), width),
        "embeddings.position_embeddings.weight": (32, width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(layers):
        scope = f"encoder.layer.{layer}"
        for dense, (out, into) in {
            "attention.self.query": (width, width),
            "attention.self.key": (width, width),
            "attention.self.value": (width, width),
            "attention.output.dense": (width, width),
            "intermediate.dense": (4 * width, width),
            "output.dense": (width, 4 * width),
        }.items():
            shapes |= {f"{scope}.{dense}.weight": (out, into), f"{scope}.{dense}.bias": (out,)}
        norms += [f"{scope}.attention.output.LayerNorm", f"{scope}.output.LayerNorm"]
    weights = {name: draws.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    for norm in norms:
        weights |= {f"{norm}.weight": np.ones(width, np.float32), f"{norm}.bias": np.zeros(width, np.float32)}
    save_file(weights, str(directory / "model.safetensors"), {"format": "pt"})
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "vocab.txt").write_text("".join(f"{token}\n" for token in vocabulary))
    (directory / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    (directory / "sentence_bert_config.json").write_text('{"max_seq_length": 32, "do_lower_case": false}')
    return directory


def index(directory: Path, papers: Sequence[Paper] = PAPERS) -> Layout:
    """A staged index of ``papers`` below ``directory``."""
    layout = Layout(directory / "words", directory / "vectors.faiss", embedder(directory / "embedder"))
    layout.lexical.mkdir()
    lexical.build(layout.lexical, papers)
    encoder = TextEncoder(layout.embedder)
    vectors.write_index(layout.vectors, 16, [encoder.encode([f"{paper.title} {paper.abstract}" for paper in papers])])
    return layout

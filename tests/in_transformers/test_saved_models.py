"""The checkpoint step reads what transformers saves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_tensors

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdef")
SHAPE = {
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 12,
    "type_vocab_size": 2,
    "vocab_size": len(VOCABULARY),
}
VARIABLES = 46
HEADS = 7


def as_pickle(directory: Path, *, is_zip: bool) -> None:
    """Replaces model.safetensors with the ``pytorch_model.bin`` that older versions of transformers wrote."""
    file = directory / "model.safetensors"
    torch.save(load_tensors(file), directory / "pytorch_model.bin", _use_new_zipfile_serialization=is_zip)
    file.unlink()


FILES: dict[str, Callable[[Path], None]] = {
    "safetensors": lambda _: None,
    "zip": partial(as_pickle, is_zip=True),
    "legacy": partial(as_pickle, is_zip=False),
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("loader", ["BertForPreTraining", "BertModel"])
def test_what_transformers_saves(
    read_by_the_checkpoint_step: Callable[..., Path], tmp_path: Path, loader: str, file: str
) -> None:
    config = transformers.BertConfig(**SHAPE, hidden_act="gelu_pytorch_tanh")
    torch.manual_seed(0)
    model = getattr(transformers, loader)(config)
    model.save_pretrained(tmp_path / "saved")
    (tmp_path / "saved" / "vocab.txt").write_text("".join(f"{entry}\n" for entry in VOCABULARY))
    FILES[file](tmp_path / "saved")
    encoder = loader == "BertModel"
    allow_missing = ["cls/*"] if encoder else []

    found = load_file(read_by_the_checkpoint_step(tmp_path / "saved", *allow_missing, shape=SHAPE))

    assert len(found) == VARIABLES - (HEADS if encoder else 0)
    bert = model if encoder else model.bert
    query = bert.encoder.layer[1].attention.self.query
    np.testing.assert_array_equal(
        found["bert/encoder/layer_1/attention/self/query/kernel"], query.weight.detach().numpy().T
    )
    np.testing.assert_array_equal(
        found["bert/embeddings/LayerNorm/gamma"], bert.embeddings.LayerNorm.weight.detach().numpy()
    )

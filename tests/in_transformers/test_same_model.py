"""The model computes what BertForPreTraining of transformers does: an independent implementation."""

from __future__ import annotations

import numpy as np
import torch
import transformers

from tests.in_transformers.made import Made


def their_name(name: str) -> str:
    renamed = {
        "cls/predictions/output_bias": "cls.predictions.bias",
        "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
        "cls/seq_relationship/output_bias": "cls.seq_relationship.bias",
    }
    if name in renamed:
        return renamed[name]
    path = name.replace("layer_", "layer.").replace("/", ".")
    path = path.replace("gamma", "weight").replace("beta", "bias").replace("kernel", "weight")
    return f"{path}.weight" if path.endswith("_embeddings") else path


def test_logits_equal(made: Made) -> None:
    ours = made.random
    sizes = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    config = transformers.BertConfig(
        hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-12, **{name: int(ours[name]) for name in sizes}
    )
    theirs = transformers.BertForPreTraining(config).eval()
    weights = {
        their_name(name.removeprefix("weights/")): torch.tensor(value.T if name.endswith("kernel") else value)
        for name, value in ours.items()
        if name.startswith("weights/")
    }
    loaded = theirs.load_state_dict(weights, strict=False)
    assert not loaded.unexpected_keys
    assert set(loaded.missing_keys) <= {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}  # tied

    with torch.no_grad():
        out = theirs(
            torch.tensor(ours["ids"]),
            attention_mask=torch.tensor(ours["mask"]),
            token_type_ids=torch.tensor(ours["segments"]),
        )
    expected = np.take_along_axis(out.prediction_logits.numpy(), ours["positions"][:, :, None], axis=1)
    np.testing.assert_allclose(ours["mlm"], expected, atol=1e-4)
    np.testing.assert_allclose(ours["nsp"], out.seq_relationship_logits.numpy(), atol=1e-4)

"""The model computes what transformers' BertForPreTraining does: an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from jobs.model.bert import Bert, BertConfig

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}


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


def test_logits_equal() -> None:
    rng = np.random.default_rng(0)
    ours = Bert(BertConfig(vocab_size=80, initializer_range=0.2, **SIZES), seed=3)
    for variable in ours.variables_by_name.values():
        variable.assign_add(rng.normal(0, 0.1, variable.shape).astype(np.float32))  # biases and norms count too
    theirs = transformers.BertForPreTraining(
        transformers.BertConfig(vocab_size=80, hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-12, **SIZES)
    ).eval()
    mapped = {
        their_name(name): torch.tensor(v.numpy().T if name.endswith("kernel") else v.numpy())
        for name, v in ours.variables_by_name.items()
    }
    loaded = theirs.load_state_dict(mapped, strict=False)
    assert not loaded.unexpected_keys
    assert set(loaded.missing_keys) <= {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}  # tied

    ids, segments = rng.integers(0, 80, (4, 20)), rng.integers(0, 2, (4, 20))
    mask = (np.arange(20) < np.array([[20], [11], [7], [15]])).astype(np.int64)
    positions = rng.integers(0, 7, (4, 5))
    mlm, nsp = ours.pretraining_logits(*[tf.constant(a, tf.int32) for a in (ids, mask, segments, positions)])
    with torch.no_grad():
        out = theirs(torch.tensor(ids), attention_mask=torch.tensor(mask), token_type_ids=torch.tensor(segments))
    expected = np.take_along_axis(out.prediction_logits.numpy(), positions[:, :, None], axis=1)

    np.testing.assert_allclose(mlm.numpy(), expected, atol=1e-4)
    np.testing.assert_allclose(nsp.numpy(), out.seq_relationship_logits.numpy(), atol=1e-4)

"""transformers loads what the export step publishes, and computes what TensorFlow does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tests.in_transformers.made import Made


@pytest.mark.parametrize("loader", ["BertForPreTraining", "AutoModelForMaskedLM", "AutoModel"])
def test_every_weight_is_found(made: Made, loader: str) -> None:
    model, info = getattr(transformers, loader).from_pretrained(made.model, output_loading_info=True)
    assert model.config.model_type == "bert"
    assert set(info["missing_keys"]) == set()
    assert not info["mismatched_keys"]
    if loader == "BertForPreTraining":
        assert set(info["unexpected_keys"]) == set()


def test_logits_are_those_of_tensorflow(made: Made) -> None:
    expected = made.exported
    inputs = (torch.from_numpy(expected[name].astype(np.int64)) for name in ("ids", "mask", "segments"))
    model = transformers.BertForPreTraining.from_pretrained(made.model).eval()
    with torch.no_grad():
        found = model(*inputs)
    picked = np.take_along_axis(found.prediction_logits.numpy(), expected["positions"][..., None], axis=1)
    assert np.abs(expected["mlm"]).max() > 1
    np.testing.assert_allclose(picked, expected["mlm"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.seq_relationship_logits.numpy(), expected["nsp"], rtol=0, atol=1e-4)


def test_the_decoder_is_tied(made: Made) -> None:
    model = transformers.AutoModelForMaskedLM.from_pretrained(made.model)
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    np.testing.assert_array_equal(model.cls.predictions.decoder.bias.detach().numpy(), made.exported["output_bias"])


def test_the_tokenizer_reads_as_training_did(made: Made) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(made.model)
    ids, vocabulary = made.tokens["ids"], made.tokens["vocabulary"]
    for text in ids.keys() - {"a [SEP] b"}:
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == ids[text]
    assert tokenizer.model_max_length == made.tokens["max_length"]
    assert set(tokenizer("COVID", "virus")) == {"input_ids", "token_type_ids", "attention_mask"}
    assert tokenizer.decode(tokenizer("COVID virus")["input_ids"]) == "[CLS] COVID virus [SEP]"
    assert (tokenizer.mask_token_id, tokenizer.pad_token_id) == (vocabulary["[MASK]"], 0)
    assert len(tokenizer) == len(vocabulary)


def test_a_saved_copy_reads_the_same(made: Made, tmp_path: Path) -> None:
    """Fine-tuning scripts save the tokenizer beside their own checkpoints."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(made.model)
    tokenizer.save_pretrained(tmp_path)
    text = "COVID covid a\ue000b"
    copy = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert copy(text)["input_ids"] == tokenizer(text)["input_ids"]


@pytest.mark.parametrize("loader", ["AutoTokenizer", "BertTokenizer"])
def test_the_case_is_kept(made: Made, loader: str) -> None:
    tokenizer = getattr(transformers, loader).from_pretrained(made.model)
    for word in ("COVID", "covid"):
        assert tokenizer(word, add_special_tokens=False)["input_ids"] == [made.tokens["vocabulary"][word]]


def test_split_special_tokens_reads_their_names_as_text(made: Made) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(made.model, split_special_tokens=True)
    text = "a [SEP] b"
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == made.tokens["ids"][text]


@pytest.mark.parametrize("block", [0, 1], ids=["fill-mask", "embeddings"])
def test_the_cards_code_runs(
    made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], block: int
) -> None:
    monkeypatch.chdir(made.model)
    blocks = re.findall(r"```python\n(.*?)```", (made.model / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 2
    exec(compile(blocks[block], "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()

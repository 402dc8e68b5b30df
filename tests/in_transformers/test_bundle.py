"""What ``covid-ctl publish`` writes loads as its card says: the model, and the embedder beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import transformers


def programs(directory: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (directory / "README.md").read_text("utf-8"), re.DOTALL)


def test_the_cards_code_runs_as_written(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bundle)
    found = programs(bundle)
    assert len(found) == 3
    for program in found:
        if "sentence_transformers" in program:
            continue  # see below
        exec(compile(program, "README.md", "exec"), {})
        assert capsys.readouterr().out.strip()


def test_the_model_at_the_root_is_the_exported_one(bundle: Path, main_job: Path) -> None:
    assert (bundle / "model.safetensors").read_bytes() == (main_job / "model.safetensors").read_bytes()
    config = transformers.AutoConfig.from_pretrained(bundle)
    assert config.architectures == ["BertForPreTraining"]


def test_sentence_transformers_finds_the_embedder(
    bundle: Path, main_job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same vectors as with transformers alone; without an embedder, those of the pretrained model."""
    library = pytest.importorskip(
        "sentence_transformers", reason="pip install sentence-transformers into this environment"
    )
    text = "Which receptor does the virus use?"
    monkeypatch.chdir(bundle)
    names: dict[str, Any] = {}
    exec(compile(programs(bundle)[1], "README.md", "exec"), names)
    found = library.SentenceTransformer(".").encode([text])
    assert abs(found - names["embed"]([text]).numpy()).max() < 1e-5
    pretrained = library.SentenceTransformer(str(main_job)).encode([text])
    assert pretrained.shape == found.shape
    assert abs(pretrained - found).max() > 1e-3

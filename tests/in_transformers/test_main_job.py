"""The model that the main job makes of the built-in sample loads in transformers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import transformers

README = Path(__file__).parents[2] / "README.md"


def test_it_loads_and_answers(main_job: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(main_job)
    model = transformers.AutoModelForMaskedLM.from_pretrained(main_job)
    encoded = tokenizer("Coronavirus spike proteins bind ACE2.", return_tensors="pt")
    with torch.no_grad():
        logits = model(**encoded).logits
    assert logits.shape[-1] == len(tokenizer) == model.config.vocab_size
    assert logits.isfinite().all()
    assert tokenizer.tokenize("The") != tokenizer.tokenize("the")


def test_the_readmes_program_runs(main_job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a model that took seconds, in place of the one that it names."""
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    program, replaced = re.subn(r'"bucket/export-[^"]*/model"', repr(str(main_job)), program)
    assert replaced == 1
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()

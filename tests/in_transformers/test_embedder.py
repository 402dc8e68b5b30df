"""sentence-transformers loads the embedder without a word, and gives our vectors.

``COVID_CTL_SENTENCE_TRANSFORMERS`` names the Pythons of environments with other versions, as PATH names folders. The
embedder is written for 3.0.1, 5.7 and 6.2.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.in_transformers.made import Made

PROGRAM = Path(__file__).with_name("load_embedder.py")
OTHERS = list(filter(None, os.environ.get("COVID_CTL_SENTENCE_TRANSFORMERS", "").split(os.pathsep)))
ENVIRONMENT = {
    **os.environ,
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def difference(python: str, embedder: Path) -> float:
    command = [python, str(PROGRAM), str(embedder), str(embedder.with_name("embedder.npz"))]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    (line,) = done.stdout.splitlines()
    return float(line.split()[1])


@pytest.mark.parametrize("python", [sys.executable, *OTHERS])
def test_it_gives_our_vectors_and_says_nothing(python: str, made: Made) -> None:
    if python == sys.executable and not importlib.util.find_spec("sentence_transformers"):
        pytest.skip("needs the package sentence-transformers in this environment")
    assert difference(python, made.model.with_name("embedder")) < 1e-4

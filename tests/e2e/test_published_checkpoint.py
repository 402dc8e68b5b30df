"""From a published checkpoint to a model, by covid-ctl alone; its own export starts another."""

import json
from pathlib import Path

import pytest

from tests.e2e.command import covid_ctl
from tests.e2e.corpora import write_corpus
from tests.jobs.weights.published import CLINICAL, CONFIG, VOCABULARY, clinical, packed, random_weights

LETTERS = "".join(f"{letter}\n##{letter}\n" for letter in "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,")
SMALL = {
    "architecture.hidden_size": "8",
    "architecture.num_hidden_layers": "2",
    "architecture.num_attention_heads": "2",
    "architecture.intermediate_size": "16",
    "architecture.max_position_embeddings": "128",
    "embedder": "null",
    "vocabulary.max_unknown_share": "1",
    "schedule.train_steps": "3",
    "schedule.warmup_steps": "1",
    "schedule.train_batch_size": "4",
    "schedule.evaluation_examples": "4",
    "examples.dupe_factor": "1",
}


@pytest.mark.slow
def test_clinical_from_the_archive_as_published(tmp_path: Path) -> None:
    entries = len((VOCABULARY + LETTERS).splitlines())
    folder = tmp_path / "pretrained_bert_tf"
    clinical(folder, random_weights(max_position_embeddings=128))
    config = (folder / CLINICAL).with_name("bert_config.json")
    config.write_text(json.dumps(CONFIG | {"max_position_embeddings": 128}))
    (tmp_path / "vocab.txt").write_text(VOCABULARY + LETTERS)
    corpus = write_corpus(tmp_path / "corpus")
    archive = packed(folder, "tar.gz")

    def submit(kind: str, path: Path, **settings: str) -> str:
        given = SMALL | {"initial_checkpoint.path": str(path), "vocabulary.size": str(entries)} | settings
        words = [word for field, value in given.items() for word in ("--set", f"{field}={value}")]
        done = covid_ctl(
            *("submit", kind, "clinical", "--corpus", str(corpus), "--vocab", "vocab.txt", "--with-inputs", *words),
            bucket=tmp_path / "bucket",
            cwd=tmp_path,
        )
        assert done.code == 0, done.err
        return done.out

    out = submit("export", archive)
    assert "46 variables of Bio+Clinical BERT, 2 extended, 93 set aside" in out
    exported = Path(out.splitlines()[-1])
    assert "continues the pretraining of Bio+Clinical BERT" in (exported / "model" / "README.md").read_text()
    for start in (exported / "model", exported / "tensorflow" / "bert_model.ckpt"):
        assert "46 variables of Bio+Clinical BERT" in submit("pretrain", start)
    grown = submit("export", exported / "model", **{"vocabulary.extend": "{add: 3, min_documents: 2}"})
    model = Path(grown.splitlines()[-1]) / "model"
    lines = (model / "vocab.txt").read_text().splitlines()
    assert lines[:entries] == (VOCABULARY + LETTERS).splitlines()
    assert len(lines) == entries + 3 == json.loads((model / "config.json").read_text())["vocab_size"]
    assert json.loads((model / "tokenizer.json").read_text())["model"]["vocab"] == {w: i for i, w in enumerate(lines)}

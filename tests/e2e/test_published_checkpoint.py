"""From a published checkpoint to a model, by covid-ctl alone; its own export starts another."""

import json
from pathlib import Path

import pytest

from tests.e2e.command import covid_ctl
from tests.e2e.corpora import write_corpus
from tests.jobs.weights.published import (
    CLINICAL,
    CONFIG,
    VOCABULARY,
    clinical,
    minilm,
    packed,
    pubmed,
    random_weights,
)

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


@pytest.mark.slow
@pytest.mark.parametrize("heads", [True, False])
def test_pubmed_from_its_directory(heads: bool, tmp_path: Path) -> None:
    """Uncased, 30,522 entries, a file of torch; with or without the heads that the recipe does not train."""
    directory = pubmed(tmp_path / "pubmedbert", heads=heads, max_position_embeddings=128)
    given = SMALL | {"initial_checkpoint.path": str(directory), "schedule.cooldown_steps": "1"}
    words = [word for field, value in given.items() for word in ("--set", f"{field}={value}")]
    command = ("submit", "export", "pubmed", "--with-inputs", "--corpus", "sample")
    done = covid_ctl(*command, "--vocab", str(directory / "vocab.txt"), *words, bucket=tmp_path / "bucket")
    assert done.code == 0, done.err
    assert f"{46 if heads else 42} variables of PubMedBERT" in done.out
    model = Path(done.out.splitlines()[-1]) / "model"
    config = json.loads((model / "config.json").read_text())
    assert (config["hidden_act"], config["vocab_size"]) == ("gelu", 30_522)
    assert json.loads((model / "tokenizer_config.json").read_text())["do_lower_case"] is True
    assert (model / "vocab.txt").read_bytes() == (directory / "vocab.txt").read_bytes()


@pytest.mark.slow
def test_minilm_is_tuned_indexed_and_searched_without_pretraining(tmp_path: Path) -> None:
    """An encoder alone, with a tokenizer.json and no vocab.txt: the commands of docs/how-to/published-checkpoint.md."""
    directory = minilm(tmp_path / "minilm", max_position_embeddings=128)
    tuning = {"embedder.train_batch_size": "16", "embedder.epochs": "1", "embedder.abstract_length": "32"}
    given = {field: value for field, value in SMALL.items() if field != "embedder"} | tuning
    given |= {"initial_checkpoint.path": str(directory), "embedder.title_length": "16"}
    words = [word for field, value in given.items() for word in ("--set", f"{field}={value}")]
    common = ("--with-inputs", "--corpus", "sample", "--vocab", str(directory / "tokenizer.json"), *words)
    bucket = tmp_path / "bucket"
    tuned = covid_ctl("submit", "control", "minilm", *common, bucket=bucket)
    assert tuned.code == 0, tuned.err
    assert "it lacks the masked-word head and the next-sentence head" in tuned.out
    embedder = Path(tuned.out.splitlines()[-1]).name
    indexed = covid_ctl("submit", "index", "minilm", "--embedder", embedder, *common, bucket=bucket)
    assert indexed.code == 0, indexed.err
    found = covid_ctl("search", "masks in hospitals", "--mode", "dense", "--output", "json", bucket=bucket)
    assert found.code == 0, found.err
    assert found.json()

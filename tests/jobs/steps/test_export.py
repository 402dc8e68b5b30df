"""The export step: from trained weights in the bucket to a model that transformers loads."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from safetensors.numpy import save_file

from jobs.artifact import Artifact, Manifest
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import plain
from jobs.errors import ConfigurationError, Interrupted, MissingObjectError
from jobs.examples.wordpiece import WordPiece
from jobs.recipe import Examples, Filters
from jobs.spec import Kind, Spec
from jobs.steps import export, preprocess, signatures
from jobs.steps.context import StepContext
from jobs.store import Store
from jobs.vocabulary import SPECIALS, Vocabulary
from jobs.weights.names import tensors

Array = NDArray[Any]

LENGTH = 32
TEXT = "The patients with COVID, of the virus covid: fever and cough were treated by ACE2 in days; enters cells"
WORDS = re.findall(r"\w+", TEXT)
VOCABULARY = Vocabulary(
    (*SPECIALS, *WORDS, *".,-[]()", *"abcdefghiklmnoprstuvxyACEFTOVID123", *(f"##{c}" for c in "abcdeghilmnorstuvy12"))
)
GOOGLE: dict[str, Any] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
    "initializer_range": 0.02,
}
FACTS: dict[str, Any] = {
    "steps": 300,
    "examples_seen": 9600,
    "train_seconds": 5400.0,
    "train_examples": 1234,
    "validation_examples": 56,
    "device": "8 x TPU v3",
    "parameters": 27_184,
    "tensorflow": "2.21.0",
    "evaluations": [
        {
            "step": 0,
            "mlm_loss": 8.31,
            "mlm_accuracy": 0.001,
            "perplexity": 4064.0,
            "nsp_accuracy": 0.5,
            "nsp_loss": 0.69,
        },
        {
            "step": 300,
            "mlm_loss": 2.5,
            "mlm_accuracy": 0.4712,
            "perplexity": 12.18,
            "nsp_accuracy": 0.91,
            "nsp_loss": 0.2,
        },
    ],
}
CASE = ("COVID", "covid")


def documents() -> list[Document]:
    rng = np.random.default_rng(5)
    papers = []
    for number in range(12):
        body = plain(
            " ".join(f"The patients {' '.join(rng.choice(WORDS, 7))} were treated." for _ in range(4)) for _ in range(3)
        )
        papers.append(Document(f"uid{number:05d}", "COVID and fever", (), body, "pmc_json", "cc-by", "2020-04-01"))
    return papers


def trained_weights() -> dict[str, Array]:
    """As uneven as real ones: biases are not zero, nor gammas one."""
    rng = np.random.default_rng(7)
    return {
        t.google: (rng.standard_normal(t.shape) * 0.2 + t.google.endswith("gamma")).astype(np.float32)
        for t in tensors(GOOGLE)
    }


def complete(store: Store, spec: Spec, files: Mapping[str, bytes], **record: Any) -> Artifact:
    artifact = Artifact(store, spec)
    artifact.submit()
    artifact.commit(0, [artifact.write(path, data) for path, data in files.items()], **record)
    artifact.finish()
    return artifact


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything before the export; preprocess is the real one, training is not run."""
    root = tmp_path_factory.mktemp("bucket")
    store = Store(str(root))
    papers = documents()
    ingest = complete(
        store,
        Spec(Kind.INGEST, {"validation_share": 0.2, "max_quarantined_share": 0.05}, {"corpus": "a fingerprint"}),
        {
            "documents/00000.jsonl.gz": gzip.compress(b"".join(p.to_json_line() for p in papers), mtime=0),
            "held_out.txt": b"uid00003\nuid00007\n",
        },
        counts={"documents": {"read": 19, "kept": 12, "dropped": {"duplicate": 4, "not_english": 2}, "quarantined": 1}},
    )
    store.put("vocabularies/v.txt", VOCABULARY.to_bytes())
    settings = Examples(max_seq_length=LENGTH, max_predictions_per_seq=5, whole_word_mask=True, dupe_factor=1)
    screening = {**Filters(languages=()).model_dump(), "near_duplicate_similarity": 1.0}
    screened = Artifact(store, Spec(Kind.SIGNATURES, screening, {"documents": ingest.name}))
    screened.submit()
    signatures.run(StepContext(screened, 0, tmp_path_factory.mktemp("scratch"), lambda: False))
    screened.finish(signatures.conclude)
    spec = Spec(
        Kind.PREPROCESS,
        {
            **settings.model_dump(),
            "sections": ["title", "abstract", "body"],
            "clean_text": False,
        },
        {"documents": ingest.name, "signatures": screened.name, "vocabulary": "vocabularies/v.txt"},
    )
    examples = Artifact(store, spec)
    examples.submit()
    preprocess.run(StepContext(examples, 0, tmp_path_factory.mktemp("scratch"), lambda: False))
    examples.finish(preprocess.conclude)
    path = tmp_path_factory.mktemp("weights") / "weights"
    save_file(trained_weights(), path)
    complete(
        store,
        Spec(
            Kind.PRETRAIN,
            {"schedule": {"train_batch_size": 32, "learning_rate": 1e-3}},
            {"examples": examples.name},
            recipe="tiny",
        ),
        {"model/weights.safetensors": path.read_bytes(), "model/bert_config.json": json.dumps(GOOGLE).encode()},
        facts=FACTS,
    )
    return root


def submitted(root: Path, **settings: str) -> Artifact:
    store = Store(str(root))
    (pretrain,) = (name for name in store.folders() if name.startswith("pretrain-"))
    spec = Spec(
        Kind.EXPORT,
        {"title": "TinyCovidBERT", "description": "A small one.", "initial_checkpoint": "", **settings},
        {"pretrain": pretrain},
        recipe="tiny",
    )
    artifact = Artifact(store, spec)
    artifact.submit()
    return artifact


def run(artifact: Artifact, scratch: Path, stopping: Callable[[], bool] = lambda: False) -> Manifest:
    scratch.mkdir(exist_ok=True)
    export.run(StepContext(artifact, 0, scratch, stopping))
    artifact.finish()
    return artifact.require()


@pytest.fixture(scope="module")
def exported(bucket: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published files in a directory whose name does not give the model's type away."""
    root = tmp_path_factory.mktemp("published")
    shutil.copytree(bucket, root, dirs_exist_ok=True)
    artifact = submitted(root)
    manifest = run(artifact, tmp_path_factory.mktemp("scratch"))
    directory = tmp_path_factory.mktemp("covid-model")
    assert "bert" not in str(directory)
    for output in manifest.under("model"):
        artifact.download(output, directory / output.path.removeprefix("model/"))
    return directory


@pytest.fixture(scope="module")
def hub() -> Iterator[Any]:
    """transformers, which may reach no network."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        # Its imports' own deprecations are not ours to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        import torch
        import transformers

        yield SimpleNamespace(
            torch=torch,
            **{
                n: getattr(transformers, n)
                for n in (
                    "AutoConfig",
                    "AutoModel",
                    "AutoModelForMaskedLM",
                    "AutoTokenizer",
                    "BertForPreTraining",
                    "BertTokenizer",
                    "pipeline",
                )
            },
        )


@pytest.mark.parametrize("loader", ["BertForPreTraining", "AutoModelForMaskedLM", "AutoModel"])
def test_transformers_finds_every_weight(hub: Any, exported: Path, loader: str) -> None:
    model, info = getattr(hub, loader).from_pretrained(exported, output_loading_info=True)
    assert model.config.model_type == "bert"
    assert set(info["missing_keys"]) == set()
    assert not info["mismatched_keys"]
    if loader == "BertForPreTraining":
        assert set(info["unexpected_keys"]) == set()


def test_logits_in_transformers_are_those_of_tensorflow(hub: Any, exported: Path) -> None:
    from jobs.model.bert import Bert, BertConfig

    rng = np.random.default_rng(3)
    ids = rng.integers(5, len(VOCABULARY), (3, LENGTH)).astype(np.int32)
    mask = (np.arange(LENGTH) < [[LENGTH], [20], [9]]).astype(np.int32)
    segments = (np.arange(LENGTH) >= [[15], [8], [4]]).astype(np.int32) * mask
    positions = np.array([[1, 5, 30], [2, 3, 19], [0, 4, 8]], np.int32)
    bert = Bert(BertConfig(**{k: v for k, v in GOOGLE.items() if k != "hidden_act"}))
    for name, value in trained_weights().items():
        bert.variables_by_name[name].assign(value)
    mlm, nsp = bert.pretraining_logits(*map(tf.constant, (ids, mask, segments, positions)))

    model = hub.BertForPreTraining.from_pretrained(exported).eval()
    with hub.torch.no_grad():
        found = model(*(hub.torch.from_numpy(array.astype(np.int64)) for array in (ids, mask, segments)))
    picked = np.take_along_axis(found.prediction_logits.numpy(), positions[..., None], axis=1)
    assert np.abs(mlm.numpy()).max() > 1
    np.testing.assert_allclose(picked, mlm.numpy(), rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.seq_relationship_logits.numpy(), nsp.numpy(), rtol=0, atol=1e-4)


def test_the_decoder_is_tied(hub: Any, exported: Path) -> None:
    model = hub.AutoModelForMaskedLM.from_pretrained(exported)
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    bias = trained_weights()["cls/predictions/output_bias"]
    np.testing.assert_array_equal(model.cls.predictions.decoder.bias.detach().numpy(), bias)


def test_auto_tokenizer_reads_as_training_did(hub: Any, exported: Path) -> None:
    tokenizer = hub.AutoTokenizer.from_pretrained(exported)
    training = WordPiece(VOCABULARY)
    for text in ("COVID covid Covid", "a\ue000b", "naïve fever, (ACE2).", "a" * 150):
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == training.encode(text)
    assert tokenizer.model_max_length == LENGTH
    assert set(tokenizer("COVID", "virus")) == {"input_ids", "token_type_ids", "attention_mask"}
    assert tokenizer.decode(tokenizer("COVID virus")["input_ids"]) == "[CLS] COVID virus [SEP]"
    assert (tokenizer.mask_token_id, tokenizer.pad_token_id) == (VOCABULARY.ids["[MASK]"], 0)
    assert len(tokenizer) == len(VOCABULARY)


def test_a_saved_copy_reads_the_same(hub: Any, exported: Path, tmp_path: Path) -> None:
    """What fine-tuning scripts do beside their own checkpoints."""
    tokenizer = hub.AutoTokenizer.from_pretrained(exported)
    tokenizer.save_pretrained(tmp_path)
    text = "COVID covid a\ue000b"
    assert hub.AutoTokenizer.from_pretrained(tmp_path)(text)["input_ids"] == tokenizer(text)["input_ids"]


@pytest.mark.parametrize("loader", ["AutoTokenizer", "BertTokenizer"])
def test_the_case_is_kept(hub: Any, exported: Path, loader: str) -> None:
    tokenizer = getattr(hub, loader).from_pretrained(exported)
    ids = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in CASE]
    assert ids == [[VOCABULARY.ids[word]] for word in CASE]


def test_split_special_tokens_reads_their_names_as_text(hub: Any, exported: Path) -> None:
    tokenizer = hub.AutoTokenizer.from_pretrained(exported, split_special_tokens=True)
    text = "a [SEP] b"
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == WordPiece(VOCABULARY).encode(text)


@pytest.mark.parametrize("block", [0, 1], ids=["fill-mask", "embeddings"])
def test_the_cards_code_runs(
    hub: Any, exported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], block: int
) -> None:
    assert hub
    monkeypatch.chdir(exported)
    blocks = re.findall(r"```python\n(.*?)```", (exported / "README.md").read_text("utf-8"), re.S)
    assert len(blocks) == 2
    exec(compile(blocks[block], "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_what_is_published(bucket: Path, tmp_path: Path) -> None:
    root = shutil.copytree(bucket, tmp_path / "bucket")
    manifest = run(submitted(root), tmp_path / "scratch")
    published = {"model": export.FILES, "tensorflow": export.GOOGLE_FILES}
    assert [o.path for o in manifest.outputs] == [
        f"{folder}/{name}" for folder in published for name in published[folder]
    ]
    gate = manifest.facts["gate"]
    assert gate["tokenizer"]["sentences"] > 50
    assert gate["logits"]["examples"] == export.COMPARED_EXAMPLES
    assert gate["logits"]["mlm_logits"] == export.COMPARED_EXAMPLES * 5 * len(VOCABULARY)
    assert 0 < gate["logits"]["mlm_max_difference"] <= gate["logits"]["tolerance"] == 1e-4


def test_google_s_files_hold_the_trained_weights_and_nothing_else(bucket: Path, tmp_path: Path) -> None:
    root = shutil.copytree(bucket, tmp_path / "bucket")
    artifact = submitted(root)
    run(artifact, tmp_path / "scratch")
    folder = root / artifact.name / "tensorflow"
    reader = tf.train.load_checkpoint(str(folder / "bert_model.ckpt"))
    assert set(reader.get_variable_to_shape_map()) == set(trained_weights())
    for name, value in trained_weights().items():
        np.testing.assert_array_equal(reader.get_tensor(name), value)
    assert json.loads((folder / "bert_config.json").read_bytes()) == GOOGLE
    assert (folder / "vocab.txt").read_bytes() == VOCABULARY.to_bytes()


def test_a_second_run_writes_the_same_bytes(bucket: Path, tmp_path: Path) -> None:
    def outputs(name: str) -> list[Any]:
        root = shutil.copytree(bucket, tmp_path / name)
        return list(run(submitted(root), tmp_path / f"scratch-{name}").outputs)

    assert outputs("one") == outputs("two")


def test_the_cards_numbers_are_the_runs(exported: Path) -> None:
    card = (exported / "README.md").read_text("utf-8")
    for line in (
        "# TinyCovidBERT",
        "| documents read | 19 |",
        "| dropped: duplicate | 4 |",
        "| dropped: not english | 2 |",
        "| quarantined (unreadable) | 1 |",
        "| documents kept | 12 |",
        "| of these without usable text | 0 |",
        "| of these held out | 2 |",
        "| steps | 300 |",
        "| examples per step | 32 |",
        "| examples seen | 9,600 |",
        "| training time | 1.5 hours |",
        "| device | 8 x TPU v3 |",
        "| 0 | 8.310 | 4064.00 | 0.1% | 0.690 | 50.0% |",
        "| 300 | 2.500 | 12.18 | 47.1% | 0.200 | 91.0% |",
        "| `whole_word_mask` | True |",
    ):
        assert f"\n{line}\n" in card
    assert "demonstration" not in card
    for kind in ("ingest", "preprocess", "pretrain-tiny", "export-tiny"):
        assert re.search(rf"`{kind}-[0-9a-f]{{8}}`", card)


def corrupt_one_number(weights: Mapping[str, Array], target: Path) -> None:
    changed = dict(weights)
    name = "bert.encoder.layer.1.attention.output.dense.weight"
    changed[name] = changed[name].copy()
    changed[name][3, 5] += 0.05
    save_file(changed, target, metadata={"format": "pt"})


def transpose_one_kernel(weights: Mapping[str, Array], target: Path) -> None:
    name = "bert.encoder.layer.0.attention.self.query.weight"
    save_file({**weights, name: np.ascontiguousarray(weights[name].T)}, target, metadata={"format": "pt"})


@pytest.mark.parametrize("damage", [corrupt_one_number, transpose_one_kernel])
def test_other_weights_are_not_published(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[..., None]
) -> None:
    monkeypatch.setattr(export, "write_safetensors", damage)
    refused(bucket, tmp_path, "logits differ from training's")


def test_a_lowercasing_tokenizer_is_not_published(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lowercasing(vocabulary: Vocabulary) -> bytes:
        from tokenizers import normalizers

        from jobs.publish.tokenizer import build_tokenizer

        tokenizer = build_tokenizer(vocabulary)
        tokenizer.normalizer = normalizers.Sequence([tokenizer.normalizer, normalizers.Lowercase()])
        return str(tokenizer.to_str()).encode()

    monkeypatch.setattr(export, "tokenizer_json", lowercasing)
    refused(bucket, tmp_path, "ids differ from training's")


def refused(bucket: Path, tmp_path: Path, reason: str) -> None:
    root = shutil.copytree(bucket, tmp_path / "bucket")
    artifact = submitted(root)
    with pytest.raises(ConfigurationError, match=reason):
        run(artifact, tmp_path / "scratch")
    assert artifact.manifest() is None
    assert artifact.store.objects(artifact.path("model")) == []
    assert artifact.shards_done() == []


def test_an_unfinished_training_is_not_exported(bucket: Path, tmp_path: Path) -> None:
    root = shutil.copytree(bucket, tmp_path / "bucket")
    artifact = submitted(root)
    (root / artifact.spec.inputs["pretrain"] / "manifest.json").unlink()
    with pytest.raises(MissingObjectError, match="it is not complete"):
        run(artifact, tmp_path / "scratch")


def test_sigterm_leaves_nothing_half_published(bucket: Path, tmp_path: Path) -> None:
    root = shutil.copytree(bucket, tmp_path / "bucket")
    artifact = submitted(root)
    with pytest.raises(Interrupted):
        run(artifact, tmp_path / "scratch", lambda: True)
    assert artifact.store.objects(artifact.path("model")) == []

"""The export step: from trained weights in the bucket to a model directory. tests/transformers loads one."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import save_file

from jobs.errors import ConfigurationError, Interrupted, MissingObjectError
from jobs.seal import SEAL, sealed
from jobs.steps import export
from jobs.vocabulary import Vocabulary
from tests.jobs.steps.exporting import (
    GOOGLE,
    VOCABULARY,
    Array,
    publish,
    ready_to_export,
    run,
    submitted,
    trained_weights,
)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_to_export(tmp_path_factory.mktemp("bucket"), tmp_path_factory.mktemp("scratch"))


@pytest.fixture(scope="module")
def exported(bucket: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("covid-model")
    assert "bert" not in str(directory)
    return publish(shutil.copytree(bucket, tmp_path_factory.mktemp("published"), dirs_exist_ok=True), directory)


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


def test_how_long_training_took_changes_no_byte(bucket: Path, tmp_path: Path) -> None:
    """Two undisturbed runs of training differ in their times alone, and their exports have one name."""
    outputs = []
    for seconds in (5400.0, 5407.5):
        root = shutil.copytree(bucket, tmp_path / f"took {seconds}")
        (manifest,) = root.glob("pretrain-*/manifest.json")
        told = json.loads(manifest.read_text())
        told["seconds"] = told["facts"]["train_seconds"] = seconds
        told["facts"]["device_hours"] = seconds * 8 / 3600
        manifest.write_bytes(sealed({name: value for name, value in told.items() if name != SEAL}))
        outputs.append(list(run(submitted(root), tmp_path / f"scratch {seconds}").outputs))
    assert outputs[0] == outputs[1]


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
    def lowercasing(vocabulary: Vocabulary, *, cased: bool) -> bytes:
        from tokenizers import normalizers

        from jobs.publish.tokenizer import build_tokenizer

        tokenizer = build_tokenizer(vocabulary, cased=cased)
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

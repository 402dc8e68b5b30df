"""The checkpoint step on files as published: what it makes of them, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
import tensorflow as tf
from safetensors.numpy import load, save_file

from jobs.artifact import Artifact
from jobs.errors import ConfigurationError, Interrupted
from jobs.model.tf1_checkpoint import GoogleWeights, write_google_checkpoint
from jobs.spec import Kind, Spec
from jobs.steps import checkpoint
from jobs.steps.context import StepContext
from jobs.store import Store
from jobs.weights.hugging_face import to_hugging_face
from jobs.weights.source import find_source
from tests.jobs.weights.published import (
    CLINICAL,
    CONFIG,
    ENTRIES,
    SHAPE,
    VOCABULARY,
    Weights,
    bio,
    clinical,
    hugging_face,
    packed,
    random_weights,
    tar_of,
    write_google,
)
from tests.jobs.weights.torch_files import legacy_file, zip_file

SETTINGS: dict[str, Any] = {
    "name": "A published BERT",
    "architecture": SHAPE,
    "vocabulary_size": ENTRIES,
    "checkpoint": "",
    "size": None,
    "sha256": None,
    "allow_missing": [],
    "allow_unused": [],
    "allow_mismatched": [],
}


def submitted(tmp_path: Path, location: Path | str, **settings: Any) -> Artifact:
    settings = SETTINGS | settings
    identity = find_source(str(location), settings["checkpoint"]).identity()
    artifact = Artifact(Store(str(tmp_path / "bucket")), Spec(Kind.CHECKPOINT, settings, {"checkpoint": identity}))
    artifact.submit()
    return artifact


def run(
    tmp_path: Path, location: Path | str, stopping: Callable[[], bool] = lambda: False, **settings: Any
) -> Artifact:
    artifact = submitted(tmp_path, location, **settings)
    scratch = tmp_path / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    checkpoint.run(StepContext(artifact, 0, scratch, stopping, checkpoint=str(location)))
    artifact.finish()
    return artifact


def weights(artifact: Artifact) -> Weights:
    found: Weights = load(artifact.store.get(artifact.path("weights.safetensors")))
    return found


def assert_equal(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def counts(artifact: Artifact) -> dict[str, int]:
    found: dict[str, int] = artifact.require().counts["variables"]
    return {name: count for name, count in found.items() if count}


def test_bio_clinical_bert_s_folder(tmp_path: Path) -> None:
    prefix = clinical(tmp_path, random_weights())
    artifact = run(tmp_path, prefix)
    assert_equal(weights(artifact), random_weights())
    total = len(random_weights())
    assert counts(artifact) == {"matched": total, "aside": 2 * total + 1}
    assert artifact.store.get(artifact.path("vocab.txt")).decode() == VOCABULARY
    account = json.loads(artifact.store.get(artifact.path("variables.json")))
    assert "global_step" in account["aside"]
    assert "bert/pooler/dense/kernel" in account["matched"]


def test_biobert_large_s_folder(tmp_path: Path) -> None:
    artifact = run(tmp_path, bio(tmp_path, random_weights()).parent)
    assert_equal(weights(artifact), random_weights())
    assert counts(artifact) == {"matched": len(random_weights())}
    assert artifact.require().facts["found"] == "bio_bert_large_1000k.ckpt"


@pytest.mark.parametrize(
    "rename",
    [
        pytest.param(lambda name: f"module/{name}", id="tf hub"),
        pytest.param(lambda name: name.removeprefix("bert/"), id="bare encoder"),
    ],
)
def test_other_prefixes(tmp_path: Path, rename: Callable[[str], str]) -> None:
    prefix = write_google(tmp_path / "m.ckpt", {rename(name): value for name, value in random_weights().items()})
    assert_equal(weights(run(tmp_path, prefix)), random_weights())


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_any_of_its_files_names_the_checkpoint(tmp_path: Path, suffix: str) -> None:
    prefix = clinical(tmp_path, random_weights())
    assert_equal(weights(run(tmp_path, f"{prefix}{suffix}")), random_weights())


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tgz", "zip"])
def test_archives_with_several_checkpoints_as_clinical_bert_s(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "pretrained_bert_tf"
    clinical(folder, random_weights())
    bio(folder, random_weights(2))
    archive = packed(folder, kind)
    with pytest.raises(ConfigurationError, match=r"it holds 2 checkpoints: .*model.ckpt-150000"):
        run(tmp_path, archive)
    assert_equal(weights(run(tmp_path, archive, checkpoint=CLINICAL)), random_weights())


def test_a_hugging_face_directory(tmp_path: Path) -> None:
    artifact = run(tmp_path, hugging_face(tmp_path / "hub"))
    assert_equal(weights(artifact), random_weights())
    assert artifact.require().facts["format"] == "hugging face"


def test_transformers_older_names_and_copies(tmp_path: Path) -> None:
    state = to_hugging_face(random_weights(), CONFIG)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in state.items()
    }
    old["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"].copy()
    old["bert.embeddings.position_ids"] = np.arange(12, dtype=np.int64)[None]
    artifact = run(tmp_path, hugging_face(tmp_path / "hub", old))
    assert_equal(weights(artifact), random_weights())
    assert counts(artifact)["aside"] == 2


def test_a_decoder_of_its_own_is_refused(tmp_path: Path) -> None:
    state = to_hugging_face(random_weights(), CONFIG)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"] + 1
    with pytest.raises(ConfigurationError, match=r"decoder.weight differs from bert/embeddings/word_embeddings"):
        run(tmp_path, hugging_face(tmp_path / "hub", state))


def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    state = {name: value.astype(np.float16) for name, value in to_hugging_face(random_weights(), CONFIG).items()}
    found = weights(run(tmp_path, hugging_face(tmp_path / "hub", state)))
    halves = {name: value.astype(np.float16).astype(np.float32) for name, value in random_weights().items()}
    assert_equal(found, halves)


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    state = to_hugging_face(random_weights(), CONFIG)
    folder = hugging_face(tmp_path / "hub")
    tensors, start, data = {}, 0, b""
    for name, value in state.items():
        halves = (value.view(np.uint32) >> 16).astype("<u2").tobytes()
        tensors[name] = {"dtype": "BF16", "shape": value.shape, "data_offsets": [start, start + len(halves)]}
        start, data = start + len(halves), data + halves
    header = json.dumps(tensors).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    expected = {name: (v.view(np.uint32) >> 16 << 16).view(np.float32) for name, v in random_weights().items()}
    assert_equal(weights(run(tmp_path, folder)), expected)


@pytest.mark.parametrize("write", [zip_file, legacy_file], ids=["zip", "legacy"])
def test_a_pickle_is_read_without_torch(tmp_path: Path, write: Callable[..., bytes]) -> None:
    """With the tied decoder and the buffer that transformers saved there, and the vocabulary beside it."""
    folder = hugging_face(tmp_path / "hub")
    (folder / "model.safetensors").unlink()
    state = to_hugging_face(random_weights(), CONFIG)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"]
    state["bert.embeddings.position_ids"] = np.arange(12, dtype=np.int64)[None]
    (folder / "pytorch_model.bin").write_bytes(write(state))
    for location in (folder, folder / "pytorch_model.bin"):
        artifact = run(tmp_path, location)
        assert_equal(weights(artifact), random_weights())
        assert artifact.require().facts["format"] == "torch"
        assert artifact.store.get(artifact.path("vocab.txt")).decode() == VOCABULARY


def test_a_hostile_pickle_is_refused(tmp_path: Path) -> None:
    folder = hugging_face(tmp_path / "hub")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(Vtouch it-ran\ntR.")
    with pytest.raises(ConfigurationError, match=r"pytorch_model.bin: its pickle refers to os.system"):
        run(tmp_path, folder)


def shards(folder: Path) -> Path:
    """The model in two files and their index, as transformers saves what is larger than it wants."""
    hugging_face(folder)
    (folder / "model.safetensors").unlink()
    state = to_hugging_face(random_weights(), CONFIG)
    weight_map = {name: f"model-0000{1 + number % 2}-of-00002.safetensors" for number, name in enumerate(state)}
    for file in set(weight_map.values()):
        save_file({name: value for name, value in state.items() if weight_map[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


def test_a_model_in_several_files(tmp_path: Path) -> None:
    folder = shards(tmp_path / "hub")
    artifact = run(tmp_path, folder)
    assert_equal(weights(artifact), random_weights())
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ConfigurationError, match=r"model-00002-of-00002.safetensors is not"):
        run(tmp_path, folder)


def test_a_file_of_another_model_is_refused_by_the_index(tmp_path: Path) -> None:
    folder = shards(tmp_path / "hub")
    second = folder / "model-00002-of-00002.safetensors"
    other = {name.replace("layer.1", "layer.2"): value for name, value in load(second.read_bytes()).items()}
    save_file(other, second)
    with pytest.raises(ConfigurationError, match=r"index.json: it places bert.encoder.layer.1.* it is in None"):
        run(tmp_path, folder)


def test_a_checkpoint_of_objects_is_named_for_what_it_is(tmp_path: Path) -> None:
    variable = tf.Variable(tf.ones([2]), name="bert/pooler/dense/bias")
    prefix = tf.train.Checkpoint(model=variable).save(str(tmp_path / "tf2" / "bert"))
    with pytest.raises(ConfigurationError, match="a TensorFlow 2 checkpoint of objects"):
        run(tmp_path, prefix)


def test_out_and_in_again(tmp_path: Path) -> None:
    """What export writes, in both formats, starts a training with the very same numbers."""
    write_google_checkpoint(random_weights(), tmp_path / "bert_model.ckpt")
    assert_equal(weights(run(tmp_path, tmp_path / "bert_model.ckpt")), random_weights())
    assert_equal(weights(run(tmp_path, hugging_face(tmp_path / "hub"))), random_weights())


def test_google_s_files_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        order = random_weights() if name == "one" else dict(reversed(random_weights().items()))
        write_google_checkpoint(order, tmp_path / name / "m.ckpt")
    for suffix in (".index", ".data-00000-of-00001"):
        assert (tmp_path / "one" / f"m.ckpt{suffix}").read_bytes() == (
            tmp_path / "two" / f"m.ckpt{suffix}"
        ).read_bytes()
    assert set(GoogleWeights(tmp_path / "one" / "m.ckpt", "m", CONFIG).contents.shapes) == set(random_weights())


def test_a_smaller_vocabulary_is_extended_later_and_a_larger_one_refused(tmp_path: Path) -> None:
    prefix = bio(tmp_path, random_weights())
    artifact = run(tmp_path, prefix, vocabulary_size=ENTRIES + 3)
    assert weights(artifact)["bert/embeddings/word_embeddings"].shape == (ENTRIES, 8)
    assert counts(artifact)["extended"] == 2
    with pytest.raises(ConfigurationError, match=r"word_embeddings \[11, 8\], the model's is \[10, 8\]"):
        run(tmp_path, prefix, vocabulary_size=ENTRIES - 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 16}, "hidden_size is 8, the recipe's is 16"),
        ({"num_attention_heads": 4}, "num_attention_heads is 2, the recipe's is 4"),
        ({"num_hidden_layers": 3}, "num_hidden_layers is 2, the recipe's is 3"),
        ({"max_position_embeddings": 16}, "max_position_embeddings is 12, the recipe's is 16"),
    ],
)
def test_another_architecture_is_named_by_its_field(tmp_path: Path, change: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run(tmp_path, bio(tmp_path, random_weights()), architecture=SHAPE | change)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hidden_act": "relu"}, "hidden_act is relu, this BERT's is gelu"),
        ({"model_type": "roberta"}, "model_type is roberta"),
        ({"layer_norm_eps": 1e-5}, "layer_norm_eps is 1e-05"),
        ({"vocab_size": 12}, "vocabulary of 12 entries, the word embeddings beside it have 11"),
    ],
)
def test_another_computation_is_refused(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run(tmp_path, hugging_face(tmp_path / "hub", **config))


@pytest.mark.parametrize(
    ("recipe", "configured", "fits"),
    [
        ("gelu_pytorch_tanh", "gelu", True),
        ("gelu_pytorch_tanh", "gelu_new", True),
        ("gelu", "gelu", True),
        ("gelu", "gelu_erf", True),
        ("gelu", "gelu_new", False),
        ("gelu_pytorch_tanh", "gelu_erf", False),
    ],
)
def test_the_activation_is_the_recipe_s(tmp_path: Path, recipe: str, configured: str, fits: bool) -> None:
    folder = hugging_face(tmp_path / "hub", hidden_act=configured)
    architecture = SHAPE | {"hidden_act": recipe}
    if fits:
        assert counts(run(tmp_path, folder, architecture=architecture))
    else:
        with pytest.raises(ConfigurationError, match=f"hidden_act is {configured}, this BERT's is gelu"):
            run(tmp_path, folder, architecture=architecture)


@pytest.mark.parametrize(("cased", "lower"), [(True, True), (False, False)])
def test_a_tokenizer_of_the_other_case_is_refused(tmp_path: Path, cased: bool, lower: bool) -> None:
    folder = hugging_face(tmp_path / "hub")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}))
    change: dict[str, Any] = {} if cased else {"cased": False}
    with pytest.raises(ConfigurationError, match=r"tokenizer_config.json: do_lower_case is") as caught:
        run(tmp_path, folder, **change)
    assert f"vocabulary.cased={str(not cased).lower()}" in caught.value.remedy
    name = submitted(tmp_path, folder).name
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": not lower}))
    assert counts(run(tmp_path, folder, **change))
    # Only compared: the checkpoint is the same with and without it.
    assert submitted(tmp_path, folder).name == name


@pytest.mark.parametrize(("cased", "word"), [(True, "w"), (False, "W")])
def test_a_vocabulary_of_the_other_case_is_refused(tmp_path: Path, cased: bool, word: str) -> None:
    rows = 1100
    state = to_hugging_face(random_weights(vocab_size=rows), CONFIG | {"vocab_size": rows})
    folder = hugging_face(tmp_path / "hub", state, vocab_size=rows)
    tokens = [*VOCABULARY.split(), *(f"{word}{n}" for n in range(rows - ENTRIES))]
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens))
    change: dict[str, Any] = {} if cased else {"cased": False}
    with pytest.raises(ConfigurationError, match=r"vocab.txt: .*upper-case"):
        run(tmp_path, folder, vocabulary_size=rows, **change)


def test_without_a_configuration_shapes_tell(tmp_path: Path) -> None:
    prefix = write_google(tmp_path / "m.ckpt", random_weights(hidden_size=16))
    with pytest.raises(ConfigurationError, match=r"of another shape are bert/embeddings/LayerNorm/beta \[16\]"):
        run(tmp_path, prefix)


def test_missing_heads_are_listed_and_may_be_allowed(tmp_path: Path) -> None:
    encoder = {name: value for name, value in random_weights().items() if name.startswith("bert/")}
    prefix = write_google(tmp_path / "m.ckpt", encoder)
    with pytest.raises(ConfigurationError, match=r"it lacks cls/predictions/output_bias, .* and 4 more") as caught:
        run(tmp_path, prefix)
    assert "--set 'initial_checkpoint.allow_missing=[cls/*]'" in caught.value.remedy
    refused = submitted(tmp_path, prefix)
    assert refused.manifest() is None
    assert len(json.loads(refused.store.get(refused.path("variables.json")))["missing"]) == 7
    with structlog.testing.capture_logs() as logs:
        artifact = run(tmp_path, prefix, allow_missing=["cls/*"])
    assert_equal(weights(artifact), encoder)
    random = ["the masked-word head", "the next-sentence head"]
    assert artifact.require().facts["random"] == random
    assert [e["begin_random"] for e in logs if e["log_level"] == "warning"] == [random]


def padded(tmp_path: Path, entries: int, rows: int) -> Path:
    """Weights whose publisher rounded the number of rows up."""
    state = to_hugging_face(random_weights(vocab_size=rows), CONFIG | {"vocab_size": rows})
    folder = hugging_face(tmp_path / "padded", state, vocab_size=rows)
    tokens = [*VOCABULARY.split(), *(f"w{n}" for n in range(entries - ENTRIES))]
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens))
    return folder


@pytest.mark.parametrize("configured", [48, 46], ids=["as rows", "as entries"])
def test_rows_beyond_the_vocabulary_are_dropped(tmp_path: Path, configured: int) -> None:
    folder = padded(tmp_path, 46, 48)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": configured}))
    artifact = run(tmp_path, folder, vocabulary_size=46)
    found, whole = weights(artifact), random_weights(vocab_size=48)
    for name in ("bert/embeddings/word_embeddings", "cls/predictions/output_bias"):
        np.testing.assert_array_equal(found[name], whole[name][:46])
    assert artifact.require().facts["entries"] == 46
    assert counts(artifact)["padding"] == 2


def test_a_much_shorter_vocabulary_is_another_model_s(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="vocabulary of 44 entries, the word embeddings beside it have 48"):
        run(tmp_path, padded(tmp_path, 44, 48), vocabulary_size=44)


def test_a_shape_may_be_allowed_to_differ(tmp_path: Path) -> None:
    prefix = bio(tmp_path, random_weights())
    positions = "bert/embeddings/position_embeddings"
    artifact = run(tmp_path, prefix, architecture=SHAPE | {"max_position_embeddings": 16}, allow_mismatched=[positions])
    assert positions not in weights(artifact)
    assert counts(artifact)["mismatched"] == 1


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DATA, INDEX = ".data-00000-of-00001", ".index"


@pytest.mark.parametrize(
    ("suffix", "damage", "file"),
    [
        (DATA, lambda path: flip(path, 100), r"m.ckpt.data, \S+: damaged"),
        (DATA, cut, r"m.ckpt.data, \S+: damaged"),
        (INDEX, lambda path: flip(path, 100), r"m.ckpt.index: damaged"),
        (INDEX, cut, r"m.ckpt.index: damaged"),
        (INDEX, lambda path: path.write_bytes(b""), r"m.ckpt.index: damaged"),
    ],
    ids=["flipped data", "truncated data", "flipped index", "truncated index", "empty index"],
)
def test_damage_is_told_with_the_file(tmp_path: Path, suffix: str, damage: Callable[[Path], None], file: str) -> None:
    prefix = write_google(tmp_path / "m.ckpt", random_weights())
    damage(tmp_path / f"m.ckpt{suffix}")
    with pytest.raises(ConfigurationError, match=file) as caught:
        run(tmp_path, prefix)
    assert str(tmp_path / "scratch") not in str(caught.value)


def test_damaged_safetensors(tmp_path: Path) -> None:
    folder = hugging_face(tmp_path / "hub")
    cut(folder / "model.safetensors")
    with pytest.raises(ConfigurationError, match=r"model.safetensors: damaged"):
        run(tmp_path, folder)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_a_truncated_archive(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "folder"
    bio(folder, random_weights())
    archive = packed(folder, kind)
    cut(archive)
    with pytest.raises(ConfigurationError, match="truncated"):
        run(tmp_path, archive)


@pytest.mark.parametrize("name", ["../m.ckpt.index", "/etc/m.ckpt.index", "a/../../vocab.txt"])
def test_a_member_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.tar").write_bytes(tar_of({"m.ckpt.data-00000-of-00001": b"", name: b"x"}))
    with pytest.raises(ConfigurationError, match="its name leads out of the archive"):
        run(tmp_path, tmp_path / "a.tar")


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text" * 500)
    with pytest.raises(ConfigurationError, match="neither a directory nor an archive"):
        run(tmp_path, tmp_path / "file")


def test_weights_that_are_not_finite(tmp_path: Path) -> None:
    broken = random_weights()
    broken["bert/pooler/dense/bias"][2] = np.nan
    with pytest.raises(ConfigurationError, match="bert/pooler/dense/bias holds values that are not finite"):
        run(tmp_path, write_google(tmp_path / "m.ckpt", broken))


def test_size_and_digest_are_those_of_the_recipe(tmp_path: Path) -> None:
    import hashlib

    prefix = bio(tmp_path, random_weights())
    data = Path(f"{prefix}.data-00000-of-00001").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert counts(run(tmp_path, prefix, size=len(data), sha256=digest.upper()))
    with pytest.raises(ConfigurationError, match=rf"{len(data):,} bytes, the recipe says 5"):
        run(tmp_path, prefix, size=5)
    with pytest.raises(ConfigurationError, match=f"its SHA-256 is {digest}"):
        run(tmp_path, prefix, sha256="0" * 64)
    with pytest.raises(ConfigurationError, match="its SHA-256 is"):
        run(tmp_path, packed(prefix.parent, "zip"), sha256="0" * 64)


def test_the_name_follows_content_not_place(tmp_path: Path) -> None:
    here, there = (bio(tmp_path / place, random_weights()) for place in ("here", "there"))
    other = bio(tmp_path / "other", random_weights(2))
    names = [submitted(tmp_path, prefix).name for prefix in (here, here.parent, there, other)]
    assert names[0] == names[1] == names[2] != names[3]


def test_a_checkpoint_that_changed_after_it_was_submitted_is_refused(tmp_path: Path) -> None:
    prefix = bio(tmp_path, random_weights())
    artifact = submitted(tmp_path, prefix)
    bio(tmp_path, random_weights(2))
    (tmp_path / "scratch").mkdir()
    with pytest.raises(ConfigurationError, match=r"not the checkpoint that checkpoint-.* was submitted for"):
        checkpoint.run(StepContext(artifact, 0, tmp_path / "scratch", lambda: False, checkpoint=str(prefix)))


def test_sigterm_is_heard(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        run(tmp_path, bio(tmp_path, random_weights()), stopping=lambda: True)


def test_a_vocabulary_of_other_weights_is_refused(tmp_path: Path) -> None:
    folder = hugging_face(tmp_path / "hub")
    (folder / "vocab.txt").write_text(VOCABULARY + "more\n")
    with pytest.raises(ConfigurationError, match=r"vocab.txt: it is for a vocabulary of 12 entries"):
        run(tmp_path, folder)


def test_a_second_run_writes_the_same_bytes(tmp_path: Path) -> None:
    prefix = clinical(tmp_path, random_weights())
    first, second = (run(tmp_path / place, prefix).require().outputs for place in ("one", "two"))
    assert first == second


def test_a_task_s_own_head_is_unused_and_named(tmp_path: Path) -> None:
    state = {**to_hugging_face(random_weights(), CONFIG), "classifier.weight": np.ones((2, 8), np.float32)}
    folder = hugging_face(tmp_path / "hub", state)
    with pytest.raises(ConfigurationError, match=r"it holds classifier.weight, which the model does not have"):
        run(tmp_path, folder)
    assert counts(run(tmp_path, folder, allow_unused=["classifier.*"]))["unused"] == 1


def test_other_number_types_are_refused(tmp_path: Path) -> None:
    folder = hugging_face(tmp_path / "hub")
    state = to_hugging_face(random_weights(), CONFIG)
    state["bert.pooler.dense.bias"] = np.ones(8, np.int32)
    save_file(state, folder / "model.safetensors")
    with pytest.raises(ConfigurationError, match=r"bert.pooler.dense.bias is I32"):
        run(tmp_path, folder)

"""Which files of a directory or an archive are the checkpoint that is meant."""

from __future__ import annotations

import pytest

from jobs.errors import ConfigurationError
from jobs.weights.source import CheckpointFiles, Format, choose_checkpoint

CLINICAL = ["a/model.ckpt-150000.index", "a/model.ckpt-150000.data-00000-of-00001", "a/vocab.txt", "a/bert_config.json"]
LARGE = ["b/l.ckpt.index", "b/l.ckpt.data-00000-of-00001", "b/vocab_cased_30k.txt", "b/bert_config_bio_58k.json"]
HUGGING_FACE = ["h/model.safetensors", "h/config.json", "h/vocab.txt", "h/tokenizer_config.json", "h/pytorch_model.bin"]


def test_google_s_files() -> None:
    assert choose_checkpoint(
        [*CLINICAL, "a/pytorch_model.bin", "a/model.ckpt-150000.meta"], "", "here"
    ) == CheckpointFiles(
        Format.GOOGLE,
        "a/model.ckpt-150000",
        ("a/model.ckpt-150000.data-00000-of-00001",),
        ("a/model.ckpt-150000.index",),
        "a/bert_config.json",
        "a/vocab.txt",
    )


def test_files_under_names_of_their_own() -> None:
    files = choose_checkpoint(LARGE, "l.ckpt", "here")
    assert (files.configuration, files.vocabulary) == ("b/bert_config_bio_58k.json", "b/vocab_cased_30k.txt")


def test_a_hugging_face_directory() -> None:
    files = choose_checkpoint(HUGGING_FACE, "", "here")
    assert (files.format, files.weights, files.configuration) == (
        Format.HUGGING_FACE,
        ("h/model.safetensors",),
        "h/config.json",
    )


def test_data_in_parts() -> None:
    parts = [f"m.data-0000{n}-of-00002" for n in (0, 1)]
    assert choose_checkpoint(["m.index", *parts], "", "here").weights == tuple(parts)


@pytest.mark.parametrize(
    ("stem", "suffix", "format"),
    [("model", ".safetensors", Format.HUGGING_FACE), ("pytorch_model", ".bin", Format.TORCH)],
)
def test_shards(stem: str, suffix: str, format: Format) -> None:
    shards = [f"h/{stem}-0000{n}-of-00002{suffix}" for n in (1, 2)]
    index = f"h/{stem}{suffix}.index.json"
    files = choose_checkpoint([*shards, index, "h/config.json"], "", "here")
    assert (files.format, files.name, files.weights, files.index) == (
        format,
        f"h/{stem}{suffix}",
        tuple(shards),
        (index,),
    )


def test_a_pickle_is_taken_only_where_there_is_nothing_else() -> None:
    assert choose_checkpoint(["h/pytorch_model.bin", "h/config.json"], "", "here").format is Format.TORCH
    assert choose_checkpoint([*HUGGING_FACE, "h/pytorch_model.bin"], "", "here").format is Format.HUGGING_FACE
    assert choose_checkpoint([*CLINICAL, "a/pytorch_model.bin"], "", "here").format is Format.GOOGLE


@pytest.mark.parametrize("name", ["l.ckpt", "b/l.ckpt"])
def test_of_several_the_named_one(name: str) -> None:
    assert choose_checkpoint([*CLINICAL, *LARGE, *HUGGING_FACE], name, "here").name == "b/l.ckpt"


def test_an_exact_name_comes_before_a_path_that_ends_with_it() -> None:
    deeper = [f"copy/{path}" for path in CLINICAL]
    assert choose_checkpoint([*deeper, *CLINICAL], "a/model.ckpt-150000", "here").name == "a/model.ckpt-150000"


def test_one_alone_may_have_another_name_than_the_published() -> None:
    assert choose_checkpoint(CLINICAL, "published/name.ckpt", "here").name == "a/model.ckpt-150000"


@pytest.mark.parametrize(
    ("paths", "name", "message"),
    [
        ([], "", "there is no checkpoint in it"),
        (["a.txt"], "", "there is no checkpoint in it"),
        ([*CLINICAL, *LARGE], "", r"2 checkpoints: a/model.ckpt-150000, b/l.ckpt"),
        ([*CLINICAL, *LARGE], "150000", "2 checkpoints"),
        (CLINICAL[:1], "", r"model.ckpt-150000.index is there, a/model.ckpt-150000.data-00000-of-00001 is not"),
        (CLINICAL[1:], "", r"data-00000-of-00001 is there, a/model.ckpt-150000.index is not"),
        (["m.index", "m.data-00000-of-00002"], "", "m.data-00001-of-00002 is not"),
        (["h/tf_model.h5", "h/config.json"], "", "it holds h/tf_model.h5, Keras weights, and no model.safetensors"),
        (["pytorch_model-00001-of-00002.bin"], "", "pytorch_model-00002-of-00002.bin is not"),
        ([*LARGE, "b/vocab_other.txt"], "", "vocab_cased_30k.txt and vocab_other.txt"),
    ],
)
def test_what_cannot_be_chosen_is_named(paths: list[str], name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        choose_checkpoint(paths, name, "here")
    assert caught.value.remedy

"""Names of all publishers become google's, and every variable is matched or named."""

from __future__ import annotations

import pytest

from jobs.errors import ConfigurationError
from jobs.weights.account import Allowed, Contents, account, check_account, parts_of
from jobs.weights.variable_names import google_name, is_optimizer_state, torch_name

MODEL = {
    "bert/embeddings/word_embeddings": (10, 4),
    "bert/pooler/dense/bias": (4,),
    "cls/predictions/output_bias": (10,),
    "cls/seq_relationship/output_bias": (2,),
}


def contents(*without: str, **shapes: tuple[int, ...]) -> Contents:
    """The model's own variables but some; ``shapes`` replace or add by the name's last part."""
    found = {name: shape for name, shape in MODEL.items() if name not in without}
    for last, shape in shapes.items():
        found[next((name for name in MODEL if name.endswith(f"/{last}")), last)] = shape
    return Contents.of({name: (name, shape) for name, shape in found.items()}, (), "here")


@pytest.mark.parametrize(
    ("stored", "google"),
    [
        ("bert/pooler/dense/kernel", "bert/pooler/dense/kernel"),
        ("pooler/dense/kernel", "bert/pooler/dense/kernel"),
        ("module/bert/encoder/layer_0/output/dense/bias", "bert/encoder/layer_0/output/dense/bias"),
        ("module/embeddings/LayerNorm/beta", "bert/embeddings/LayerNorm/beta"),
        ("module/cls/predictions/output_bias", "cls/predictions/output_bias"),
        ("cls/predictions/output_bias", "cls/predictions/output_bias"),
        ("classifier/pooler/kernel", "classifier/pooler/kernel"),
        ("global_step", "global_step"),
        ("bert/embeddings/layer_normalization/gamma", "bert/embeddings/LayerNorm/gamma"),
        ("encoder/layer_0/output/layer_norm/beta", "bert/encoder/layer_0/output/LayerNorm/beta"),
        ("bert/encoder/layer_0/output/LayerNorm/kernel", "bert/encoder/layer_0/output/LayerNorm/gamma"),
        ("module/cls/predictions/transform/LayerNorm/bias", "cls/predictions/transform/LayerNorm/beta"),
        ("bert/encoder/layer_normalization_3/gamma", "bert/encoder/layer_normalization_3/gamma"),
    ],
)
def test_google_s_prefixes_and_spellings(stored: str, google: str) -> None:
    assert google_name(stored) == google


@pytest.mark.parametrize(
    ("stored", "today"),
    [
        ("encoder.layer.3.output.LayerNorm.gamma", "bert.encoder.layer.3.output.LayerNorm.weight"),
        ("bert.embeddings.LayerNorm.beta", "bert.embeddings.LayerNorm.bias"),
        ("pooler.dense.weight", "bert.pooler.dense.weight"),
        ("cls.predictions.transform.LayerNorm.gamma", "cls.predictions.transform.LayerNorm.weight"),
        ("classifier.weight", "classifier.weight"),
    ],
)
def test_transformers_older_names(stored: str, today: str) -> None:
    assert torch_name(stored) == today


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("global_step", True),
        ("bert/pooler/dense/bias/adam_m", True),
        ("bert/pooler/dense/bias/Adam_1", True),
        ("beta2_power", True),
        ("pooler/dense/bias/adam_v", True),
        ("bert/pooler/dense/bias", False),
        ("classifier/bias/adam_m", False),
    ],
)
def test_only_slots_of_the_model_s_variables_are_optimizer_state(name: str, expected: bool) -> None:
    assert is_optimizer_state(name, MODEL) is expected


def test_every_variable_is_in_one_place() -> None:
    found = account(contents("bert/pooler/dense/bias", output_bias=(11,), extra=(7,), word_embeddings=(8, 4)), MODEL)
    assert found.matched == ("bert/embeddings/word_embeddings", "cls/seq_relationship/output_bias")
    assert found.extended == {"bert/embeddings/word_embeddings": (8, 10)}
    assert found.mismatched == {"cls/predictions/output_bias": ((11,), (10,))}
    assert found.missing == ("bert/pooler/dense/bias",)
    assert found.unused == ("extra",)


@pytest.mark.parametrize(
    ("found", "message", "remedy"),
    [
        (
            contents("bert/pooler/dense/bias"),
            "it lacks bert/pooler/dense/bias",
            "allow_missing=[bert/pooler/dense/bias]",
        ),
        (
            contents("cls/predictions/output_bias", "cls/seq_relationship/output_bias"),
            "it lacks cls/predictions/output_bias, cls/seq_relationship/output_bias",
            "'initial_checkpoint.allow_missing=[cls/*]'",
        ),
        (contents(classifier=(2,)), "it holds classifier, which", "allow_unused=[classifier]"),
        (
            contents("cls/seq_relationship/output_bias", "cls/predictions/output_bias", "bert/pooler/dense/bias"),
            "it lacks",
            "allow_missing=[bert/pooler/dense/bias, cls/*]",
        ),
        (contents(word_embeddings=(12, 4)), r"\[12, 4\], the model's is \[10, 4\]", "architecture"),
        (contents(word_embeddings=(10, 5)), r"\[10, 5\], the model's is \[10, 4\]", "architecture"),
        (contents(*MODEL, other=(1,)), "it lacks", "architecture"),
        (contents(*MODEL), "and 1 more", "architecture"),
    ],
)
def test_a_mismatch_is_fatal_by_name_and_says_how_to_allow_it(found: Contents, message: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        check_account(account(found, MODEL), Allowed(), "here")
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("found", "allowed"),
    [
        (contents("bert/pooler/dense/bias"), Allowed(missing=["bert/pooler/*"])),
        (contents(classifier=(2,)), Allowed(unused=["class*"])),
        (contents(word_embeddings=(10, 5)), Allowed(mismatched=["*/word_embeddings"])),
        (contents(word_embeddings=(7, 4)), Allowed()),
    ],
)
def test_what_is_allowed_passes(found: Contents, allowed: Allowed) -> None:
    check_account(account(found, MODEL), allowed, "here")


def test_what_is_allowed_is_allowed_for_its_kind_alone() -> None:
    with pytest.raises(ConfigurationError, match="it lacks"):
        check_account(
            account(contents("bert/pooler/dense/bias"), MODEL), Allowed(unused=["*"], mismatched=["*"]), "here"
        )


def test_a_checkpoint_with_nothing_of_the_model_is_none_even_if_all_may_lack() -> None:
    with pytest.raises(ConfigurationError, match="none of the model's variables"):
        check_account(account(contents(*MODEL), MODEL), Allowed(missing=["*"]), "here")


@pytest.mark.parametrize(
    "found",
    [
        contents("bert/embeddings/word_embeddings", "cls/predictions/output_bias"),
        contents(**{"bert/encoder/layer_24/output/dense/bias": (4,)}),
        contents(**{f"bert.encoder.layer.{n}.adapter.weight": (4,) for n in range(900)}),
    ],
    ids=["lacks a part of the encoder", "has a layer more", "has adapters"],
)
def test_a_remedy_never_drops_a_part_of_the_encoder_and_is_short(found: Contents) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_account(account(found, MODEL), Allowed(), "here")
    assert "allow" not in caught.value.remedy
    assert len(str(caught.value)) < 400


def test_parts_have_people_s_names() -> None:
    assert parts_of(["cls/predictions/output_bias", "cls/predictions/transform/dense/bias", "bert/x"]) == [
        "the masked-word head",
        "bert/x",
    ]


def test_one_variable_under_two_names_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"a and b are both x"):
        Contents.of({"a": ("x", (1,)), "b": ("x", (1,))}, (), "here")

"""TensorFlow's out-of-memory error becomes one that helps; others pass."""

from __future__ import annotations

import re

import pytest
import tensorflow as tf

from jobs.errors import ConfigurationError
from jobs.model.tf_errors import MORE_MEMORY, shortage_explained
from jobs.recipe.schema import Recipe
from jobs.setting_docs import documented
from jobs.steps import embedder_training, pretrain


def fail_with(error: Exception, remedy: str = MORE_MEMORY) -> None:
    with shortage_explained("pretrain-bio-12345678 on 8 TPU", remedy):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(
            None, None, "{{function_node f_device_/job:l}} OOM when allocating\nmore\nlines"
        ),
        MemoryError("OOM when allocating"),
    ],
    ids=["device", "machine"],
)
def test_too_little_memory_names_the_settings_to_lower(error: Exception) -> None:
    with pytest.raises(ConfigurationError, match=r"out of memory \(OOM when allocating\)") as caught:
        fail_with(error, pretrain.SMALLER)
    assert caught.value.thing == "pretrain-bio-12345678 on 8 TPU"
    assert "lines" not in caught.value.reason


@pytest.mark.parametrize("remedy", [pretrain.SMALLER, embedder_training.SMALLER, MORE_MEMORY])
def test_the_settings_that_are_named_are_ones_that_the_recipe_has(remedy: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        fail_with(MemoryError(), remedy)
    named = re.findall(r"\b(?:schedule|embedder|examples)\.\w+", caught.value.remedy)
    assert named or remedy is MORE_MEMORY
    known = {setting.dotted for section in documented(Recipe).walk() for setting in section.settings}
    assert set(named) <= known


def test_other_errors_pass() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        fail_with(tf.errors.InvalidArgumentError(None, None, "something else"))

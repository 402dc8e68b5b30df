"""Model FLOPs against figures known from elsewhere."""

from __future__ import annotations

import pytest
import tensorflow as tf

from jobs.model.bert import BertConfig
from jobs.model.devices import Devices
from jobs.model.flops import example_flops, peak_flops
from jobs.recipe import load_recipe


@pytest.mark.parametrize(("recipe", "vocabulary", "tera_flops"), [("clinical", 28_996, 35.7), ("bio", 58_996, 125.0)])
def test_a_step_of_the_recipes(recipe: str, vocabulary: int, tera_flops: float) -> None:
    found = load_recipe(recipe)
    config = BertConfig(**found.architecture.model_dump(), vocab_size=vocabulary)
    flops = example_flops(config, found.examples.max_seq_length, found.examples.max_predictions_per_seq)
    assert flops * found.schedule.train_batch_size / 1e12 == pytest.approx(tera_flops, rel=0.005)


def test_without_attention_and_heads_it_is_six_per_parameter_and_token() -> None:
    sizes = {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 256, "vocab_size": 100}
    two, three = (BertConfig(num_hidden_layers=layers, **sizes) for layers in (2, 3))
    kernels = 4 * 64 * 64 + 2 * 64 * 256
    assert example_flops(three, 1, 1) - example_flops(two, 1, 1) == 6 * kernels + 3 * 4 * 64


@pytest.mark.parametrize(
    ("kind", "model", "peak"),
    [
        ("TPU", "v3-8", 52.5e12),
        ("GPU", "NVIDIA A100-SXM4-40GB", 312e12),
        ("GPU", "Some Other", None),
        ("TPU", "", None),
    ],
)
def test_peaks_of_known_devices(kind: str, model: str, peak: float | None) -> None:
    assert peak_flops(Devices(tf.distribute.get_strategy(), kind, model), "bfloat16") == peak


def test_a_cpu_s_peak_is_measured() -> None:
    peak = peak_flops(Devices(tf.distribute.get_strategy(), "CPU", ""), "float32")
    assert peak is not None
    assert peak > 1e8

"""Devices: asked for and not there, uneven batches, and that their number changes no result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from jobs.errors import ConfigurationError
from jobs.model import devices as devices_module
from jobs.model.bert import BertConfig
from jobs.model.devices import Devices, find_devices
from jobs.recipe import load_recipe
from jobs.steps.pretrain import PretrainSettings, with_microbatches
from jobs.training_memory import GB, Footprint

# A process of its own: logical devices are set before TensorFlow starts.
RUN = """
import json, sys
import numpy as np
import jobs.model
import tensorflow as tf

cpu, count = tf.config.list_physical_devices("CPU")[0], int(sys.argv[1])
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
from jobs.model import bert, optimizer as updating
from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import find_devices
from jobs.model.optimizer import AdamWeightDecay
from jobs.model.pretraining import Pretraining
from jobs.model.train_step import evaluation_step_function, train_steps_function

devices = find_devices("cpu")
assert devices.count == count, devices
config = BertConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                    intermediate_size=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
if sys.argv[3] == "compiled":
    bert.COMPILED_FROM_HIDDEN_SIZE, updating.COMPILED_FROM_ELEMENTS = config.hidden_size, config.hidden_size**2
with devices.strategy.scope():
    model = Bert(config, 3)
    optimizer = AdamWeightDecay(model.variables_by_name)
rng, K, B, S, P = np.random.default_rng(0), 4, 16, 12, 3
integers = {"input_ids": (50, S), "input_mask": (2, S), "segment_ids": (2, S), "masked_lm_positions": (S, P),
            "masked_lm_ids": (50, P), "next_sentence_labels": (2, 1)}
batches = {name: tf.constant(rng.integers(0, limit, (K, B, n)), tf.int32) for name, (limit, n) in integers.items()}
batches["masked_lm_weights"] = tf.constant(rng.integers(0, 2, (K, B, P)), tf.float32)  # uneven between replicas
update = train_steps_function(devices.strategy, model, optimizer, Pretraining(), accumulation=int(sys.argv[2]))
measures = update(batches, tf.constant(42), tf.constant(0), tf.constant([0.01] * K))
held_out = {name: values[0] for name, values in batches.items()} | {"is_padding": tf.constant([0] * 13 + [1] * 3)}
print(json.dumps({
    "measures": measures.numpy().tolist(),
    "evaluation": evaluation_step_function(devices.strategy, model)(held_out).numpy().tolist(),
    "weights": {name: v.numpy().ravel().tolist() for name, v in model.variables_by_name.items()},
}))
"""


def on_logical_devices(count: int, accumulation: int = 1, *, how: str) -> dict[str, Any]:
    arguments = [str(count), str(accumulation), how]
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("how", ["plain", "compiled"])
@pytest.mark.parametrize(("count", "accumulation"), [(2, 1), (8, 1), (2, 4)])
def test_replicas_compute_what_one_device_does(count: int, accumulation: int, how: str) -> None:
    one, several = on_logical_devices(1, how=how), on_logical_devices(count, accumulation, how=how)
    np.testing.assert_allclose(several["measures"], one["measures"], rtol=1e-5)
    np.testing.assert_allclose(several["evaluation"], one["evaluation"], rtol=1e-5)
    for name, values in one["weights"].items():
        # Adam divides by the root of tiny sums: of an update of 0.03, so much is rounding.
        np.testing.assert_allclose(several["weights"][name], values, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("tpu", r"there is no TPU that TensorFlow .* can use here \((it is built without|TPUs not found)"),
        ("gpu", "is built without CUDA|no NVIDIA driver here|finds no GPU here"),
        ("abacus", "'abacus' is not a kind of device"),
    ],
)
def test_what_is_not_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, wanted: str, said: str) -> None:
    monkeypatch.setenv("COVID_CTL_DEVICE", wanted)
    with pytest.raises(ConfigurationError, match=said) as caught:
        find_devices()
    assert "COVID_CTL_DEVICE" in caught.value.thing


@pytest.mark.parametrize(
    ("cuda", "driver", "said"),
    [
        (False, "", "is built without CUDA\n  next: use the image trainer-gpu"),
        (True, "", "there is no NVIDIA driver here\n  next: give the node pool gpu-driver-version=latest"),
        (True, "NVRM version: 550\nGCC", r"though there is a driver \(NVRM version: 550\)\n  next: have the pod ask"),
    ],
)
def test_a_gpu_that_is_missing_is_told_why(
    cuda: bool, driver: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf.test, "is_built_with_cuda", lambda: cuda)
    monkeypatch.setattr(devices_module, "DRIVER", tmp_path / "version")
    if driver:
        (tmp_path / "version").write_text(driver)
    with pytest.raises(ConfigurationError, match=said):
        find_devices("gpu")


def test_an_unknown_way_to_add_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVID_CTL_ALL_REDUCE", "gossip")
    with pytest.raises(ConfigurationError, match="'gossip' is no way to add up"):
        find_devices("cpu")


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    three = Devices(tf.distribute.MirroredStrategy(["CPU:0"]), "CPU", "")
    assert three.per_replica_batch_size(7) == 7

    class Eight(Devices):
        @property
        def count(self) -> int:
            return 8

    eight = Eight(three.strategy, "TPU", "v3-8")
    assert eight.per_replica_batch_size(512) == 64
    assert eight.per_replica_batch_size(512, 4) == 16
    with pytest.raises(ConfigurationError, match="evenly over 8 replicas") as caught:
        eight.per_replica_batch_size(500)
    assert caught.value.thing == "schedule.train_batch_size 500"
    assert caught.value.remedy.endswith("schedule.train_batch_size=504")
    with pytest.raises(ConfigurationError, match=r"each in 3 microbatches \(schedule.accumulation\)") as caught:
        eight.per_replica_batch_size(512, 3)
    assert caught.value.remedy.endswith("schedule.train_batch_size=528")
    with pytest.raises(ConfigurationError, match="evenly over 8 replicas") as caught:
        eight.per_replica_batch_size(500, section="embedder")
    assert caught.value.thing == "embedder.train_batch_size 500"
    assert caught.value.remedy.endswith("embedder.train_batch_size=504")


class EightReplicas(Devices):
    @property
    def count(self) -> int:
        return 8


@pytest.mark.parametrize(
    ("kind", "model", "recipe", "parts"),
    [
        ("TPU", "v3-8", "clinical", 1),
        ("TPU", "v3-8", "bio", 4),
        ("TPU", "v5litepod-8", "bio", 4),
        ("TPU", "v6e-8", "bio", 1),
        ("TPU", "v99-8", "bio", 1),  # of unknown memory
    ],
)
def test_a_batch_is_computed_in_the_fewest_parts_that_fit(kind: str, model: str, recipe: str, parts: int) -> None:
    found = load_recipe(recipe, {"schedule.accumulation": "auto"})
    devices = EightReplicas(tf.distribute.get_strategy(), kind, model)
    config = BertConfig(**found.architecture.model_dump(), vocab_size=found.vocabulary.entries)
    settings = PretrainSettings(config, found.schedule, 128, 20)
    assert with_microbatches(settings, devices).accumulation == parts


def test_cpus_share_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices_module, "machine_memory", lambda: 16 * GB)
    shape = load_recipe("clinical").architecture
    one, eight = (kind(tf.distribute.get_strategy(), "CPU", "") for kind in (Devices, EightReplicas))
    footprint = Footprint(shape, 28_996, 128)
    assert one.microbatches(footprint, 512) == 8
    assert eight.microbatches(footprint, 512) > 8

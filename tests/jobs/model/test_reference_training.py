"""Training is google-research/bert's: their graph and ours, step by step from one checkpoint on the same batches.

Needs a checkout of theirs: ``BERT_REFERENCE_DIR=... make test-slow``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from jobs.model import bert
from jobs.model import optimizer as updating
from jobs.model.bert import Bert, BertConfig
from jobs.model.optimizer import AdamWeightDecay
from jobs.model.pretraining import Pretraining
from jobs.model.train_step import train_steps_function
from jobs.recipe import Schedule
from jobs.recipe.rates import learning_rate
from tests.jobs.model.made import make_example
from tests.jobs.model.reference import ReferenceGraph

CHECKOUT = os.environ.get("BERT_REFERENCE_DIR")
STEPS, WARMUP = 20, 5
CONFIG = BertConfig(
    vocab_size=500,
    hidden_size=64,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=256,
    max_position_embeddings=64,
    initializer_range=0.1,  # large enough that the gradient's norm is beyond clipping
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)
SCHEDULE = Schedule(train_batch_size=8, learning_rate=1e-3, train_steps=STEPS, warmup_steps=WARMUP)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHECKOUT is None, reason="BERT_REFERENCE_DIR names no checkout of google-research/bert"),
    # Their code is of TensorFlow 1.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def batches() -> list[dict[str, npt.NDArray[Any]]]:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(STEPS):
        examples = [make_example(rng, length=32, predictions=6, vocabulary=500) for _ in range(8)]
        made.append(
            {
                name: np.array([e[name] for e in examples], np.float32 if name.endswith("weights") else np.int32)
                for name in examples[0]
            }
        )
    return made


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_losses_and_weights_are_theirs(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if compiled:
        monkeypatch.setattr(bert, "COMPILED_FROM_HIDDEN_SIZE", CONFIG.hidden_size)
        monkeypatch.setattr(updating, "COMPILED_FROM_ELEMENTS", CONFIG.hidden_size**2)
    model = Bert(CONFIG, seed=1)
    optimizer = AdamWeightDecay(model.variables_by_name)
    update = train_steps_function(tf.distribute.get_strategy(), model, optimizer, Pretraining())
    stream = batches()
    theirs = ReferenceGraph(Path(CHECKOUT or ""), CONFIG, SCHEDULE, stream[0])
    theirs.load({name: variable.numpy() for name, variable in model.variables_by_name.items()})

    expected = [theirs.step(batch) for batch in stream]
    measures = update(
        {name: tf.constant(np.stack([batch[name] for batch in stream])) for name in stream[0]},
        tf.constant(0),
        tf.constant(0),
        tf.constant([learning_rate(step, SCHEDULE) for step in range(STEPS)], tf.float32),
    ).numpy()

    assert measures[:, 3].max() > 1.0  # something was clipped
    np.testing.assert_allclose(measures[:, :3], expected, rtol=0, atol=1e-5)
    values = theirs.values()
    assert values.pop("global_step") == STEPS
    state = {**model.variables_by_name, **optimizer.slots_by_name}
    assert values.keys() == state.keys()
    for name, value in values.items():
        np.testing.assert_allclose(state[name].numpy(), value, rtol=0, atol=2e-5, err_msg=name)


def test_learning_rates_are_theirs() -> None:
    """Read from their graph through a weight that has no gradient but decays by rate * 0.01 a step."""
    model = Bert(CONFIG, seed=1)
    stream = batches()
    theirs = ReferenceGraph(Path(CHECKOUT or ""), CONFIG, SCHEDULE, stream[0])
    theirs.load({name: variable.numpy() for name, variable in model.variables_by_name.items()})
    name, unused = "bert/embeddings/position_embeddings", slice(32, 64)
    before = theirs.values()[name][unused].astype(np.float64)
    for step, batch in enumerate(stream):
        theirs.step(batch)
        after = theirs.values()[name][unused].astype(np.float64)
        rate = 100 * (1 - (after * before).sum() / (before * before).sum())
        assert rate == pytest.approx(learning_rate(step, SCHEDULE), abs=2e-6), step  # float32 rounds a decay of 5e-7
        before = after

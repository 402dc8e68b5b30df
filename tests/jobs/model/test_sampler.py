"""Batches follow from (seed, step) and the shards' sizes, whenever the shards arrive."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.model.bert import BertConfig
from jobs.model.dataset import STAGED_AT_ONCE, ExampleDataset, Shard
from jobs.model.masking import Masking, originals
from jobs.model.sampler import SHARDS_MIXED, BatchSampler
from jobs.vocabulary import SPECIALS, Vocabulary
from tests.jobs.model.made import make_example, serialized

CONFIG = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16)
GOLDEN = [[7, 1, 6, 4, 3, 5, 9, 0, 2, 8], [4, 9, 5, 3, 0, 2, 7, 1, 6, 8]]


def unfetched(*counts: int) -> ExampleDataset:
    """Shards of which only the sizes are known."""
    return examples([Shard(str(i), count, lambda: Path("nowhere")) for i, count in enumerate(counts)])


def examples(shards: list[Shard]) -> ExampleDataset:
    return ExampleDataset(shards, CONFIG, max_seq_length=16, max_predictions_per_seq=3)


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.integers(0, 5), min_size=1, max_size=3 * SHARDS_MIXED).filter(any),
    batch_size=st.integers(1, 50),
    seed=st.integers(0, 2**31 - 1),
)
def test_every_epoch_has_every_example_once(counts: list[int], batch_size: int, seed: int) -> None:
    shuffled, count = BatchSampler(unfetched(*counts), batch_size=batch_size, seed=seed), sum(counts)
    steps = 3 * count // batch_size + 1
    order = [int(index) for step in range(steps) for index in shuffled.indices(step)]
    for epoch in range(3):
        assert Counter(order[epoch * count : (epoch + 1) * count]) == Counter(range(count))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    first, other = (BatchSampler(unfetched(9, 14), batch_size=23, seed=seed) for seed in (1, 2))
    assert len({tuple(order) for order in (first.indices(0), first.indices(1), other.indices(0))}) == 3


@pytest.mark.parametrize("counts", [(10,), (3, 0, 7)])
def test_the_order_is_the_same_in_every_version(counts: tuple[int, ...]) -> None:
    shuffled = BatchSampler(unfetched(*counts), batch_size=10, seed=42)
    assert [shuffled.indices(0).tolist(), shuffled.indices(1).tolist()] == GOLDEN


def test_an_epoch_begins_with_some_shards_only() -> None:
    counts = [4] * (3 * SHARDS_MIXED)
    shuffled = BatchSampler(unfetched(*counts), batch_size=4 * SHARDS_MIXED, seed=1)
    groups = [[{int(i) // 4 for i in shuffled.indices(3 * epoch + part)} for part in range(3)] for epoch in range(2)]
    for epoch in groups:
        assert [len(group) for group in epoch] == [SHARDS_MIXED] * 3
    assert groups[0] != groups[1]


@pytest.fixture
def shards(tmp_path: Path) -> list[Shard]:
    """Forty shards of two examples; the first id of each example is the shard's number."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(40):
        path, count = tmp_path / str(number), 2
        with tf.io.TFRecordWriter(str(path)) as writer:
            for _ in range(count):
                example = make_example(rng, length=16, predictions=3, vocabulary=50)
                example["input_ids"][0] = number
                writer.write(serialized(example))
        made.append(Shard(str(number), count, partial(Path, path)))
    return made


def ids(batches: list[dict[str, np.ndarray]]) -> list[list[list[int]]]:
    return [batch["input_ids"].tolist() for batch in batches]


def test_a_batch_does_not_depend_on_where_reading_began(shards: list[Shard]) -> None:
    with closing(examples(shards)) as found:
        through = list(BatchSampler(found, batch_size=7, seed=7).batches(0, 30))
    with closing(examples(shards)) as found:
        resumed = list(BatchSampler(found, batch_size=7, seed=7).batches(9, 30))
    assert ids(through)[9:] == ids(resumed)


def test_a_batch_masked_anew_does_not_depend_on_where_reading_began(shards: list[Shard]) -> None:
    tokens = (*SPECIALS, *(f"w{n}" for n in range(35)), *(f"##c{n}" for n in range(10)))
    masking = Masking.of(Vocabulary(tokens), share=0.15, whole_words=True)

    def batches(first: int, masking: Masking | None) -> list[dict[str, np.ndarray]]:
        with closing(examples(shards)) as found:
            return list(BatchSampler(found, batch_size=80, seed=7, masking=masking).batches(first, 4))

    through, resumed, static = batches(0, masking), batches(2, masking), batches(0, None)
    for ours, theirs in zip(through[2:], resumed, strict=True):
        for name, values in ours.items():
            np.testing.assert_array_equal(values, theirs[name], err_msg=name)
    # Every batch is all the examples, here in one order: each epoch masks them otherwise.
    masks = {b["masked_lm_positions"][np.lexsort(originals(b).T[::-1])].tobytes() for b in (*through, static[0])}
    assert len(masks) == 5


def test_a_batch_does_not_depend_on_when_shards_arrive(shards: list[Shard]) -> None:
    with closing(examples(shards)) as found:
        undisturbed = list(BatchSampler(found, batch_size=7, seed=7).batches(0, 12))
    chance = random.Random(0)

    def late(shard: Shard) -> Path:
        threading.Event().wait(chance.uniform(0, 0.005))
        return shard.fetch()

    with closing(examples([Shard(s.name, s.count, partial(late, s)) for s in shards])) as found:
        assert ids(list(BatchSampler(found, batch_size=7, seed=7).batches(0, 12))) == ids(undisturbed)


def test_shards_come_before_the_first_batch_is_asked_for() -> None:
    begun = threading.Event()

    def fetch() -> Path:
        begun.set()
        return Path("nowhere")

    with closing(examples([Shard("one", 1, fetch)])) as found:
        batches = BatchSampler(found, batch_size=1, seed=7).batches(0, 1)
        assert begun.wait(60)
        del batches


def test_the_shards_that_the_next_step_wants_come_first(shards: list[Shard]) -> None:
    fetched: list[str] = []

    def note(shard: Shard) -> Path:
        fetched.append(shard.name)
        return shard.fetch()

    noted = [Shard(s.name, s.count, partial(note, s)) for s in shards]
    with closing(examples(noted)) as found:
        # The groups of 16, 16 and 8 shards end at 32, 64 and 80 examples; step 10 begins with the 70th.
        (batch,) = ids(list(BatchSampler(found, batch_size=7, seed=7).batches(10, 11)))
    assert {str(example[0]) for example in batch} <= set(fetched[: 8 + STAGED_AT_ONCE - 1])

"""Model FLOPs against figures known from elsewhere."""

import math

import pytest

from jobs.flops import encoding_flops, example_flops, run_flops, slice_hours
from jobs.model.bert import Bert, BertConfig
from jobs.recipe import Architecture, load_recipe

import tensorflow as tf  # isort: skip  # after jobs.model, which holds back its greeting


@pytest.mark.parametrize(("recipe", "tera_flops"), [("clinical", 33.73), ("bio", 121.6)])
def test_a_step_of_the_recipes(recipe: str, tera_flops: float) -> None:
    found = load_recipe(recipe)
    assert found.vocabulary.size
    flops = example_flops(found.architecture, vocabulary=found.vocabulary.size, length=128, predictions=20)
    assert flops * found.schedule.train_batch_size / 1e12 == pytest.approx(tera_flops, rel=0.002)


def test_the_last_layer_counts_where_something_reads_it() -> None:
    """By the shapes of the matrix products that a forward pass runs."""
    vocabulary, length, predictions = 50, 16, 3
    shape = Architecture(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=20)
    model = Bert(BertConfig(**shape.model_dump(), vocab_size=vocabulary))
    ids = tf.TensorSpec([1, length], tf.int32)
    masked = tf.TensorSpec([1, predictions], tf.int32)
    graph = tf.function(model.pretraining_logits, autograph=False).get_concrete_function(ids, ids, ids, masked).graph
    products = [op for op in graph.get_operations() if op.type in ("MatMul", "BatchMatMulV2")]
    # Segments are looked up by a product with one-hot rows.
    counted = sum(_product(op) for op in products) - 2 * length * shape.type_vocab_size * shape.hidden_size
    assert example_flops(shape, vocabulary=vocabulary, length=length, predictions=predictions) == 3 * counted


def _product(op: tf.Operation) -> int:
    """FLOP of one matrix product, of batch size 1 where the graph leaves it open."""
    a, result = op.inputs[0].shape, op.outputs[0].shape
    summed = a[-2] if op.type == "MatMul" and op.get_attr("transpose_a") else a[-1]
    return 2 * int(summed) * math.prod(int(size) for size in result)


def test_an_encoder_that_is_read_everywhere_counts_whole_layers() -> None:
    shape = load_recipe("clinical").architecture
    kernels = 12 * (4 * 768 * 768 + 2 * 768 * 3072)
    assert encoding_flops(shape, length=128) == 2 * 128 * kernels + 12 * 4 * 128 * 128 * 768
    assert encoding_flops(shape, length=128, read=128) == encoding_flops(shape, length=128)


def test_without_attention_and_heads_it_is_six_per_parameter_and_token() -> None:
    sizes = {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 256}
    two, three = (
        example_flops(Architecture(num_hidden_layers=layers, **sizes), vocabulary=100, length=1, predictions=1)
        for layers in (2, 3)
    )
    kernels = 4 * 64 * 64 + 2 * 64 * 256
    assert three - two == 6 * kernels + 3 * 4 * 64


def test_evaluations_count_and_only_go_forth() -> None:
    schedule = load_recipe("bio").schedule
    steps = {"train_steps": 100, "warmup_steps": 0, "train_batch_size": 8, "evaluate_every": 50}
    schedule = schedule.model_copy(update={**steps, "evaluation_examples": 30})
    assert run_flops(3, schedule) == 100 * 8 * 3 + 3 * 30


def test_a_slice_of_unknown_speed_has_no_hours() -> None:
    assert slice_hours(1e18, "v99-8") is None

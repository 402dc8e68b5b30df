"""Model FLOPs against figures known from elsewhere."""

import pytest

from jobs.flops import example_flops, run_flops, slice_hours
from jobs.recipe import Architecture, load_recipe


@pytest.mark.parametrize(("recipe", "tera_flops"), [("clinical", 35.7), ("bio", 125.0)])
def test_a_step_of_the_recipes(recipe: str, tera_flops: float) -> None:
    found = load_recipe(recipe)
    assert found.vocabulary.size
    flops = example_flops(found.architecture, vocabulary=found.vocabulary.size, length=128, predictions=20)
    assert flops * found.schedule.train_batch_size / 1e12 == pytest.approx(tera_flops, rel=0.002)


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

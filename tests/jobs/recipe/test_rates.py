"""Learning rates against known values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import ConfigurationError
from jobs.recipe import Schedule, load_recipe
from jobs.recipe.rates import learning_rate


def schedule(steps: int, warmup: int, rate: float = 2e-5) -> Schedule:
    return Schedule(train_batch_size=1, learning_rate=rate, train_steps=steps, warmup_steps=warmup)


@pytest.mark.parametrize(
    ("steps", "warmup", "step", "expected"),
    [
        (150_000, 10_000, 0, 0.0),
        (150_000, 10_000, 1, 2e-9),
        (150_000, 10_000, 5_000, 1e-5),
        (150_000, 10_000, 9_999, 1.9998e-5),
        (150_000, 10_000, 10_000, 2e-5 * 14 / 15),  # 1.867e-5: the fall counts from step 0
        (150_000, 10_000, 75_000, 1e-5),
        (150_000, 10_000, 149_999, 2e-5 / 150_000),
        (150_000, 10_000, 150_000, 0.0),
        (150_000, 10_000, 150_001, 0.0),
        (100, 0, 0, 2e-5),
        (100, 100, 99, 1.98e-5),
    ],
)
def test_schedule(steps: int, warmup: int, step: int, expected: float) -> None:
    assert learning_rate(step, schedule(steps, warmup)) == pytest.approx(expected, rel=1e-9, abs=1e-18)


def stable(steps: int, *, cooldown: int, warmup: int = 100) -> Schedule:
    fields = {"train_batch_size": 1, "learning_rate": 1e-3, "train_steps": steps, "warmup_steps": warmup}
    return Schedule(**fields, decay="wsd", cooldown_steps=cooldown)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0.0), (50, 5e-4), (100, 1e-3), (800, 1e-3), (850, 1e-3 * 0.5), (888, 1e-3 * (1 - 0.44**0.5)), (1000, 0.0)],
)
def test_warm_up_stable_decay(step: int, expected: float) -> None:
    assert learning_rate(step, stable(1000, cooldown=200)) == pytest.approx(expected, abs=1e-12)


@given(st.integers(200, 5000), st.integers(0, 100), st.integers(0, 100))
def test_a_stable_run_is_the_beginning_of_any_that_goes_on_from_it(steps: int, more: int, cooldown: int) -> None:
    longer = stable(steps + cooldown + more, cooldown=cooldown)
    assert all(learning_rate(s, stable(steps, cooldown=0)) == learning_rate(s, longer) for s in range(0, steps, 7))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"schedule.cooldown_steps": "10"}, "cooldown_steps 10 needs decay wsd"),
        ({"schedule.decay": "wsd", "schedule.decay_steps": "900"}, "decay wsd has no decay_steps"),
        ({"schedule.decay": "wsd", "schedule.cooldown_steps": "480"}, "warmup_steps 50 and cooldown_steps 480 exceed"),
        ({"schedule.decay": "cosine"}, "schedule.decay: 'cosine' is not linear or wsd"),
    ],
)
def test_schedules_that_contradict_themselves_are_refused(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_recipe("tiny", overrides)

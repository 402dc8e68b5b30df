"""The learning rate of each training step, by a schedule. Pure: training follows it, and plans compare by it."""

from __future__ import annotations

import math

from jobs.recipe.training import Schedule


def learning_rate(step: int, schedule: Schedule) -> float:
    """The learning rate of ``step`` (from 0): linear warm-up, then what ``schedule.decay`` says.

    ``linear`` decays to zero as in google-research/bert: the first step has rate 0, and the decay counts from step 0,
    not from the end of the warm-up, so the rate drops there by ``warmup_steps / decay_steps``. A run that is extended
    has the rates of its own schedule from its first step on, as there when a run is given a larger ``num_train_steps``.

    ``wsd`` (warm-up, stable, decay) keeps the full rate and falls to zero in the last ``cooldown_steps``, by one minus
    the square root of their share that has passed: the best of the shapes compared in arXiv 2405.18392.
    """
    if step < schedule.warmup_steps:
        return schedule.learning_rate * step / schedule.warmup_steps
    if schedule.decay == "wsd":
        passed = step - (schedule.train_steps - schedule.cooldown_steps)
        if passed <= 0:
            return schedule.learning_rate
        return schedule.learning_rate * (1.0 - math.sqrt(min(1.0, passed / schedule.cooldown_steps)))
    end = schedule.decay_steps or schedule.train_steps
    return schedule.learning_rate * (1.0 - min(step, end) / end)

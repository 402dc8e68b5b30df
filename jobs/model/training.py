"""The training loop: from examples to a trained model, through any number of kills.

Batches and dropout follow from (seed, step), and a checkpoint holds everything else that changes, so a
run that was killed at any moment and resumed ends with the very weights of an undisturbed one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog
import tensorflow as tf

from jobs.artifact import Artifact
from jobs.errors import DivergedError, Interrupted
from jobs.model import checkpoint
from jobs.model.bert import Bert, BertConfig
from jobs.model.checkpoint import Progress
from jobs.model.input import Examples, Shuffled
from jobs.model.loss import Batch, Evaluation, Losses, evaluation, evaluation_sums, pretraining_loss
from jobs.model.optimizer import AdamWeightDecay, learning_rate
from jobs.model.scalars import Scalars
from jobs.progress import Heartbeat
from jobs.recipe import Schedule

log = structlog.get_logger()


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    model: Bert
    seconds: float
    """Of all processes that took part, evaluations and checkpoints included."""
    evaluations: tuple[dict[str, Any], ...]
    device: str
    tensorflow: str
    """Its version."""


def train(
    artifact: Artifact,
    config: BertConfig,
    schedule: Schedule,
    examples: Examples,
    validation: Examples,
    *,
    scratch: Path,
    heartbeat: Heartbeat,
    stopping: Callable[[], bool],
    initialise: Callable[[checkpoint.State], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Trained:
    """Train until ``schedule.train_steps`` updates are made, from the newest checkpoint if there is one.

    Where there is none, ``initialise`` may replace the variables' random first values.

    Raises ``Interrupted`` once ``stopping()``, with a checkpoint saved; ``DivergedError`` when loss or
    gradient leave the finite numbers; what ``Examples.read`` and the store raise.
    """
    # Parallel sums in a fixed order: without it two runs on one machine differ in their last bits.
    tf.config.experimental.enable_op_determinism()
    device = _device()

    model = Bert(config, schedule.seed)
    optimizer = AdamWeightDecay(model.variables_by_name)
    state = {**model.variables_by_name, **optimizer.slots_by_name}
    resumed = checkpoint.restore(artifact, state, scratch)
    if resumed is None:
        initialise(model.variables_by_name)
        resumed = Progress(0, 0.0, ())

    started = clock()
    step = saved = resumed.step
    total = schedule.train_steps
    evaluations = list(resumed.evaluations)
    scalars = Scalars(artifact, scratch, step)
    batches = Shuffled(examples, batch_size=schedule.train_batch_size, seed=schedule.seed)
    upcoming = batches.batches(step, total)
    update = update_function(model, optimizer)
    evaluate = evaluate_function(model)
    held_out = _spread(len(validation), schedule.evaluation_examples)
    log.info("training.started", step=step, total=total, examples=len(examples), held_out=len(held_out), device=device)
    heartbeat.beat(step, total)

    def save() -> None:
        nonlocal saved
        if artifact.record(0) is not None:
            # A second trainer of the same step must not touch what the first has committed.
            raise Interrupted(artifact.name, "another trainer has finished it meanwhile", "covid-ctl artifacts")
        # Curves first: a checkpoint says that everything before it is safe.
        scalars.upload(step)
        progress = Progress(step, resumed.train_seconds + clock() - started, tuple(evaluations))
        checkpoint.save(artifact, state, progress, scratch)
        saved = step

    busy, logged = 0.0, step
    shown: dict[str, float] = {}
    while True:
        if stopping():
            if step > saved:
                save()
            raise Interrupted(artifact.name, f"SIGTERM arrived at step {step:,}", "submit it again to continue")

        if _due(step, schedule.evaluate_every, total) and not any(e["step"] == step for e in evaluations):
            result = _evaluate(
                step,
                evaluate,
                validation,
                held_out,
                schedule.train_batch_size,
                stopping,
                partial(heartbeat.beat, step, total, **shown),
            )
            if stopping():
                continue
            if result is not None:
                evaluations.append(result._asdict())
                scores = {f"evaluation/{k}": v for k, v in result._asdict().items() if k != "step"}
                scalars.write(step, **scores)
                log.info("evaluation.finished", **result._asdict())

        if _due(step, schedule.checkpoint_every, total) and step > saved:
            save()

        if step == total:
            scalars.upload(step)
            return Trained(model, resumed.train_seconds + clock() - started, tuple(evaluations), device, tf.__version__)

        began = clock()
        rate = learning_rate(step, schedule)
        losses, norm = update(next(upcoming), tf.constant([schedule.seed, step]), tf.constant(rate, tf.float32))
        loss, gradient_norm = float(losses.total), float(norm)
        if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
            raise _diverged(step, loss, gradient_norm, batches)
        step += 1
        busy += clock() - began

        shown = {"loss": loss}
        heartbeat.beat(step, total, **shown)
        if step % schedule.log_every == 0 or step == total:
            speed = (step - logged) * schedule.train_batch_size / max(busy, 1e-9)
            busy, logged = 0.0, step
            values = {
                "loss": loss,
                "mlm_loss": float(losses.mlm),
                "nsp_loss": float(losses.nsp),
                "learning_rate": rate,
                "gradient_norm": gradient_norm,
                "examples_per_second": speed,
            }
            scalars.write(step, **values)
            log.info("training.progressed", step=step, total=total, **values)


def update_function(
    model: Bert, optimizer: AdamWeightDecay
) -> Callable[[Batch, tf.Tensor, tf.Tensor], tuple[Losses, tf.Tensor]]:
    """One update from (batch, [seed, step], learning rate); returns the losses and the gradient's norm before it."""

    def update(batch: Batch, dropout_seed: tf.Tensor, rate: tf.Tensor) -> tuple[Losses, tf.Tensor]:
        with tf.GradientTape() as tape:
            losses = pretraining_loss(*_logits(model, batch, dropout_seed), batch)
        gradients = tape.gradient(losses.total, list(model.variables_by_name.values()))
        return losses, optimizer.apply(gradients, rate)

    # No XLA: on a CPU it makes the steps no faster and compiling takes longer.
    compiled: Callable[[Batch, tf.Tensor, tf.Tensor], tuple[Losses, tf.Tensor]] = tf.function(update)
    return compiled


def evaluate_function(model: Bert) -> Callable[[Batch], tf.Tensor]:
    """A batch's ``evaluation_sums``, without dropout."""

    def sums(batch: Batch) -> tf.Tensor:
        return evaluation_sums(*_logits(model, batch), batch)

    compiled: Callable[[Batch], tf.Tensor] = tf.function(sums)
    return compiled


def _logits(model: Bert, batch: Batch, dropout_seed: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    inputs = (batch["input_ids"], batch["input_mask"], batch["segment_ids"], batch["masked_lm_positions"])
    return model.pretraining_logits(*inputs, dropout_seed)


def _evaluate(
    step: int,
    sums_of: Callable[[Batch], tf.Tensor],
    validation: Examples,
    indices: list[int],
    batch_size: int,
    stopping: Callable[[], bool],
    alive: Callable[[], None],
) -> Evaluation | None:
    """None when there is nothing to evaluate on, or when SIGTERM arrived before the end."""
    sums = [0.0] * 6
    for first in range(0, len(indices), batch_size):
        if stopping():
            return None
        alive()
        batch = validation.read(indices[first : first + batch_size])
        sums = [total + float(part) for total, part in zip(sums, sums_of(batch).numpy(), strict=True)]
    return evaluation(step, *sums) if indices else None


def _due(step: int, every: int, total: int) -> bool:
    return step % every == 0 or step == total


def _spread(count: int, wanted: int) -> list[int]:
    """At most ``wanted`` of ``count`` numbers, evenly spaced: always the same, from all files alike."""
    chosen = min(count, wanted)
    return [i * count // chosen for i in range(chosen)]


def _device() -> str:
    for kind in ("TPU", "GPU", "CPU"):
        if found := tf.config.list_logical_devices(kind):
            return f"{len(found)} {kind}"
    return "none"


def _diverged(step: int, loss: float, gradient_norm: float, batches: Shuffled) -> DivergedError:
    first = batches.examples.where(batches.indices(step)[0])
    return DivergedError(
        f"step {step:,}",
        f"loss {loss}, gradient norm {gradient_norm}; the step's batch begins with {first}",
        "submit it with a lower learning rate: --set schedule.learning_rate=...",
    )

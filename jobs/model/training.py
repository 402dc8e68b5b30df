"""The training loop: from examples to a trained model, through any number of kills.

Batches and dropout follow from (seed, step), and a checkpoint holds everything else that changes, so a
run that was killed at any moment and resumed ends with the very weights of an undisturbed one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import tensorflow as tf

from jobs.artifact import Artifact
from jobs.errors import Interrupted
from jobs.model import checkpoint
from jobs.model.background import Background
from jobs.model.bert import Bert, BertConfig
from jobs.model.checkpoint import Progress, best_step
from jobs.model.dataset import Examples
from jobs.model.devices import Devices
from jobs.model.divergence import check_finite
from jobs.model.evaluation import evaluate, spread
from jobs.model.loss import learnt
from jobs.model.masking import Masking
from jobs.model.optimizer import AdamWeightDecay, learning_rate
from jobs.model.peak_flops import peak_flops
from jobs.model.sampler import Shuffled
from jobs.model.steps_per_call import Pace
from jobs.model.summaries import Scalars
from jobs.model.throughput import Meter
from jobs.model.train_step import MEASURES, evaluate_function, update_function
from jobs.model.watchdog import Watchdog
from jobs.progress import Heartbeat
from jobs.recipe import Schedule

log = structlog.get_logger()


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    model: Bert
    step: int
    """Updates that the weights are made by; fewer than asked for when it ended early."""
    seconds: float
    """Of all processes that took part, evaluations and checkpoints included."""
    evaluations: tuple[dict[str, Any], ...]
    rejected: tuple[int, ...]
    """Steps whose checkpoints were found damaged."""
    tensorflow: str
    """Its version."""


def train(
    artifact: Artifact,
    config: BertConfig,
    schedule: Schedule,
    examples: Examples,
    validation: Examples,
    *,
    devices: Devices,
    masking: Masking | None = None,
    step_flops: int,
    scratch: Path,
    heartbeat: Heartbeat,
    check_stop: Callable[[], None],
    initialise: Callable[[checkpoint.State], None] = lambda _: None,
    pace: Pace | None = None,
    watchdog: Watchdog | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Trained:
    """Train until ``schedule.train_steps`` updates are made, from the newest checkpoint if there is one.

    Where there is none, ``initialise`` may replace the variables' random first values. ``masking`` draws the
    training examples' masks anew; None keeps theirs. ``step_flops`` is what one update takes. ``pace`` changes no
    bit of the result; the number of ``devices`` changes what dropout drops, and beside that only rounding.
    Raises ``Interrupted`` once ``check_stop`` or ``Examples.read`` do, with a checkpoint saved; ``DivergedError``
    when loss or gradient leave the finite numbers; what ``Examples.read`` and the store raise.
    """
    # Parallel sums in a fixed order: without it two runs on one machine differ in their last bits.
    tf.config.experimental.enable_op_determinism()
    devices.share(schedule.train_batch_size, schedule.accumulation)
    next_sentence = schedule.next_sentence_prediction

    with devices.strategy.scope():
        model = Bert(config, schedule.seed, schedule.precision)
        optimizer = AdamWeightDecay(learnt(model.variables_by_name, next_sentence))
    state = {**model.variables_by_name, **optimizer.slots_by_name}
    pace, watchdog = pace or Pace(), watchdog or Watchdog()
    with watchdog.watching("restoring"):
        resumed = checkpoint.restore(artifact, state, scratch) or Progress(0, 0.0, ())
        if resumed.step == 0:
            initialise(model.variables_by_name)

    started = clock()
    step = saved = resumed.step
    total = schedule.train_steps
    evaluations = list(resumed.evaluations)
    batches = Shuffled(examples, batch_size=schedule.train_batch_size, seed=schedule.seed, masking=masking)
    upcoming = batches.batches(step, total)
    update = update_function(
        devices.strategy, model, optimizer, accumulation=schedule.accumulation, next_sentence=next_sentence
    )
    sums_of = evaluate_function(devices.strategy, model, next_sentence=next_sentence)
    at_once = schedule.train_batch_size // schedule.accumulation
    held_out = spread(len(validation), schedule.evaluation_examples)
    scalars = Scalars(artifact, scratch, step)
    meter = Meter(schedule.train_batch_size, step_flops, peak_flops(devices, schedule.precision))
    rejected = resumed.rejected
    shown: dict[str, float | None] = {}

    def progress() -> Progress:
        return Progress(step, resumed.train_seconds + clock() - started, tuple(evaluations), rejected)

    def save() -> None:
        nonlocal saved
        if artifact.record(0) is not None:
            # A second trainer of the same step must not touch what the first has committed.
            raise Interrupted(artifact.name, "another trainer has finished it meanwhile", "covid-ctl artifacts")
        saving.wait(check_stop)
        upload_curves, tensors, now = scalars.cut(step), checkpoint.snapshot(state), progress()

        def write() -> None:
            with watchdog.watching("saving"):
                # Curves first: a checkpoint says that everything before it is safe.
                upload_curves()
                checkpoint.save(artifact, tensors, now)

        saving.start(write)
        saved = step

    @contextmanager
    def saving_what_there_is() -> Iterator[None]:
        try:
            yield
        except Interrupted:
            # One that is under way counts: after SIGTERM there is time for one.
            if step > saved and not saving.busy:
                save()
            saving.wait()
            raise

    def alive() -> None:
        check_stop()
        heartbeat.beat(step, total, **shown)

    log.info(
        "training.already_done" if step == total else "training.started",
        step=step,
        total=total,
        examples=len(examples),
        held_out=len(held_out),
        device=str(devices),
        checkpoint_every=schedule.checkpoint_every,
        log_every=schedule.log_every,
    )
    with Background() as saving, closing(upcoming), saving_what_there_is():
        while True:
            saving.check()
            alive()

            if _due(step, schedule.evaluate_every, total) and not any(e["step"] == step for e in evaluations):
                result = evaluate(step, sums_of, validation, held_out, at_once, watchdog, alive)
                if result is not None:
                    evaluations.append(result._asdict())
                    scores = {
                        f"evaluation/{k}": v for k, v in result._asdict().items() if k != "step" and v is not None
                    }
                    scalars.write(step, **scores)
                    log.info("evaluation.finished", **result._asdict())

            best = _no_better(evaluations, schedule.early_stop_evaluations)
            ended = step == total or best is not None
            if (
                _due(step, schedule.checkpoint_every, total) or ended or best_step(evaluations) == step
            ) and step > saved:
                save()

            if ended:
                saving.wait(check_stop)
                # Scores of this step, if its checkpoint was saved before they were known.
                scalars.cut(step)()
                made_by = step
                if best is not None:
                    with watchdog.watching("restoring"):
                        if checkpoint.load(artifact, best, state, scratch):
                            made_by = best
                        else:
                            rejected = (*rejected, best)
                    log.info("training.ended_early", step=step, best=best, taken=made_by)
                return Trained(
                    model,
                    step=made_by,
                    seconds=progress().train_seconds,
                    evaluations=tuple(evaluations),
                    rejected=rejected,
                    tensorflow=tf.__version__,
                )

            began = clock()
            every = (schedule.log_every, schedule.checkpoint_every, schedule.evaluate_every)
            count = pace.steps(step, min(total, *((step // n + 1) * n for n in every)))
            with watchdog.watching("input", count):
                block = list(islice(upcoming, count))
            waited = clock() - began
            rates = [learning_rate(s, schedule) for s in range(step, step + count)]
            with watchdog.watching("update", count):
                measures = update(
                    {name: tf.constant(np.stack([batch[name] for batch in block])) for name in block[0]},
                    tf.constant(schedule.seed),
                    tf.constant(step),
                    tf.constant(rates, tf.float32),
                ).numpy()
            check_finite(measures, step, batches, artifact)
            step += count
            pace.took(count, clock() - began)
            meter.add(count, seconds=clock() - began, waited=waited)

            last = dict(zip(MEASURES, map(float, measures[-1]), strict=True)) | {"learning_rate": rates[-1]}
            if not next_sentence:
                del last["nsp_loss"]
            shown |= {"loss": last["loss"], "learning_rate": last["learning_rate"]}
            if step % schedule.log_every == 0 or step == total:
                speeds = meter.read(total - step)
                shown |= speeds._asdict()
                curves = {"examples_per_second": speeds.examples_per_second, "data_wait_share": speeds.data_wait_share}
                scalars.write(step, **last, **curves)
                log.info("training.progressed", step=step, total=total, **last, **speeds._asdict())


def _due(step: int, every: int, total: int) -> bool:
    return step % every == 0 or step == total


def _no_better(evaluations: Sequence[dict[str, Any]], patience: int | None) -> int | None:
    """The best step once so many evaluations in a row, the last among them, were no better; None: go on."""
    best = best_step(evaluations)
    if patience is None or best is None:
        return None
    return best if len([e for e in evaluations if e["step"] > best]) >= patience else None

"""The training loop: from examples to a trained model, through any number of kills.

Batches and dropout follow from (seed, step), and a checkpoint holds everything else that changes, so a run that was
killed at any moment and resumed ends with the very weights of an undisturbed one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import tensorflow as tf

from jobs.errors import LimitReachedError
from jobs.model import training_checkpoint
from jobs.model.bert import Bert
from jobs.model.cadence import Cadence
from jobs.model.checkpoint_saver import checkpoint_saver
from jobs.model.device_peak import warn_of_emulation
from jobs.model.evaluation import Evaluation
from jobs.model.hardware import ProcessRecord, this_hardware
from jobs.model.optimizer import AdamWeightDecay
from jobs.model.run_state import RunState
from jobs.model.step_runner import StepRunner
from jobs.model.training_checkpoint import RunRecord, Variables
from jobs.model.training_log import TrainingLog
from jobs.model.training_task import TrainingContext, TrainingTask


@dataclass(frozen=True)
class TrainedModel:
    """A finished run."""

    model: Bert
    step: int
    """The step that the weights are of; fewer than asked for when the run ended early."""
    seconds: float
    """Over all processes that took part, evaluations and checkpoints included."""
    evaluations: tuple[Evaluation, ...]
    rejected: tuple[int, ...]
    """Steps whose checkpoints were found damaged."""
    processes: tuple[ProcessRecord, ...]
    """Those that took part, in the order of time."""


def train(
    task: TrainingTask, context: TrainingContext, initialise: Callable[[Variables], None] = lambda _: None
) -> TrainedModel:
    """Train until ``schedule.train_steps`` steps are made, from the newest checkpoint if there is one.

    Without a checkpoint, a run begins where the one ends that ``task`` extends; if it extends none, ``initialise`` may
    replace the variables' random first values. Raises ``Interrupted`` once
    ``check_stop`` or reading examples does, with a checkpoint saved; so does ``LimitReachedError`` once it has taken
    what it may; ``DivergedError`` when loss or gradient leave the finite numbers; what reading examples and the store
    raise.
    """
    # Parallel sums in a fixed order: without it two runs on one machine differ in their last bits.
    tf.config.experimental.enable_op_determinism()
    schedule = task.schedule
    section = context.limits.section
    warn_of_emulation(task.devices, schedule.precision, section)
    task.devices.per_replica_batch_size(schedule.train_batch_size, schedule.microbatches, section)
    with task.devices.strategy.scope():
        model = Bert(task.config, schedule.seed, schedule.precision)
        optimizer = AdamWeightDecay(task.objective.trainable_variables(model.variables_by_name))
    variables = {**model.variables_by_name, **optimizer.slots_by_name}
    with context.watchdog.watching("restoring"):
        resumed = training_checkpoint.restore(context.artifact, variables, context.scratch) or RunRecord.at_start()
        if resumed.step == 0 and task.extends:
            taken = task.extends.take_over(variables, context.scratch, evaluate_every=schedule.evaluate_every)
            resumed = taken.model_copy(update={"rejected": resumed.rejected})
        elif resumed.step == 0:
            initialise(model.variables_by_name)

    state = RunState(resumed, schedule, context.clock, this_hardware(task.devices))
    cadence = Cadence.of(schedule)
    evaluator = task.objective.evaluator(task, context, model)
    training_log = TrainingLog(task, context, state, cadence)
    training_log.started(held_out=evaluator.held_out)
    with (
        checkpoint_saver(context, variables, state, training_log.summaries) as saver,
        closing(StepRunner(task, context, model, optimizer, state.step)) as runner,
    ):
        while True:
            saver.check()
            training_log.alive()
            if evaluator.held_out and cadence.evaluates_at(state.step) and not state.is_evaluated:
                state.evaluations.append(evaluator.evaluate(state.step, training_log.alive))
                training_log.evaluated(state.evaluations[-1])
            if cadence.saves_at(state.step) or state.is_best or state.has_ended:
                saver.save()
            if state.has_ended:
                saver.wait()
                training_log.flush()
                return _finished(model, variables, state, context, training_log)
            if reached := context.limits.reached(state.own_seconds):
                saver.save()
                saver.wait()
                raise _limit_reached(context, state, *reached)
            call = runner.run(state.step, cadence.next_stop(state.step))
            state.step += call.steps
            training_log.trained(call)


def _limit_reached(context: TrainingContext, state: RunState, field: str, reason: str) -> LimitReachedError:
    reason += f". It is at step {state.step:,} of {state.total:,}, and its checkpoint is saved"
    remedy = f"the same command with a higher --set {field}=NUMBER continues it"
    return LimitReachedError(context.artifact.name, reason, remedy)


def _finished(
    model: Bert, variables: Variables, state: RunState, context: TrainingContext, training_log: TrainingLog
) -> TrainedModel:
    """The model of the last step or, after an early end, of the best one, unless that one's checkpoint is damaged."""
    step, rejected = state.step, state.rejected
    if (best := state.best_of_early_end) is not None:
        with context.watchdog.watching("restoring"):
            if training_checkpoint.load(context.artifact, best, variables, context.scratch):
                step = best
            else:
                rejected = (*rejected, best)
        training_log.ended_early(best=best, taken=step)
    return TrainedModel(model, step, state.seconds, tuple(state.evaluations), rejected, state.processes)

"""Saves a run while it goes on, and once more when it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.errors import Interrupted
from jobs.model import training_checkpoint
from jobs.model.background import Background
from jobs.model.run_state import RunState
from jobs.model.summaries import SummaryWriter
from jobs.model.training_checkpoint import Variables
from jobs.model.training_task import TrainingContext


class CheckpointSaver:
    """Copies the variables to memory and uploads the copy in the background."""

    def __init__(
        self,
        context: TrainingContext,
        variables: Variables,
        state: RunState,
        summaries: SummaryWriter,
        background: Background,
    ) -> None:
        self._artifact = context.artifact
        self._watchdog = context.watchdog
        self._check_stop = context.check_stop
        self._variables = variables
        self._state = state
        self._summaries = summaries
        self._background = background
        self._saved_step = state.step

    def check(self) -> None:
        """Raises what a save that has ended raised."""
        self._background.check()

    def save(self) -> None:
        """Save the current step unless it is saved already; returns when the upload has begun.

        An earlier save ends first. Raises ``Interrupted`` when another trainer has finished the step.
        """
        if self._state.step == self._saved_step:
            return
        if self._artifact.record(0) is not None:
            # A second trainer of the same step must not touch what the first has committed.
            raise Interrupted(self._artifact.name, "another trainer has finished it meanwhile", "covid-ctl artifacts")
        self.wait()
        upload_summaries = self._summaries.cut(self._state.step)
        tensors, record = training_checkpoint.snapshot(self._variables), self._state.record()

        def write() -> None:
            with self._watchdog.watching("saving"):
                # Summaries first: a checkpoint says that everything before it is safe.
                upload_summaries()
                training_checkpoint.save(self._artifact, tensors, record)

        self._background.start(write)
        self._saved_step = self._state.step

    def save_last(self) -> None:
        """Save what there is and wait for it. A save under way counts: after SIGTERM there is time for one."""
        if not self._background.busy:
            self.save()
        self._background.wait()

    def wait(self) -> None:
        """Returns when the last save has ended; raises what it or ``check_stop`` raises."""
        self._background.wait(self._check_stop)


@contextmanager
def checkpoint_saver(
    context: TrainingContext, variables: Variables, state: RunState, summaries: SummaryWriter
) -> Iterator[CheckpointSaver]:
    """A saver that saves once more when the block is interrupted. Leaving the block waits for the last save."""
    with Background() as background:
        saver = CheckpointSaver(context, variables, state, summaries, background)
        try:
            yield saver
        except Interrupted:
            saver.save_last()
            raise

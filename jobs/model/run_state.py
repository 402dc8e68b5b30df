"""How far a run is: everything that changes while it trains, except its variables."""

from __future__ import annotations

from collections.abc import Callable

from jobs.model.evaluation import best_step
from jobs.model.hardware import Hardware, ProcessRecord, seconds_since
from jobs.model.training_checkpoint import RunRecord
from jobs.recipe import Schedule


class RunState:
    """Continues the run that ``resumed`` describes, until ``schedule`` ends it."""

    def __init__(self, resumed: RunRecord, schedule: Schedule, clock: Callable[[], float], hardware: Hardware) -> None:
        self.step = resumed.step
        self.total = schedule.train_steps
        self.evaluations = list(resumed.evaluations)
        self.rejected = resumed.rejected
        self._patience = schedule.early_stop_evaluations
        self._clock = clock
        self._started = clock()
        self._resumed = resumed
        self.hardware = hardware

    @property
    def is_evaluated(self) -> bool:
        """Whether the current step has its scores."""
        return any(evaluation.step == self.step for evaluation in self.evaluations)

    @property
    def _best_step(self) -> int | None:
        """The best of this run's own: where it extends another, that one's checkpoints are not its own."""
        return best_step(self.evaluations, self._resumed.extended_at)

    @property
    def is_best(self) -> bool:
        """Whether no evaluated step was better than the current one."""
        return self._best_step == self.step

    @property
    def best_of_early_end(self) -> int | None:
        """The best step once ``early_stop_evaluations`` in a row were no better; None until then."""
        best = self._best_step
        if self._patience is None or best is None:
            return None
        return best if sum(evaluation.step > best for evaluation in self.evaluations) >= self._patience else None

    @property
    def has_ended(self) -> bool:
        return self.step == self.total or self.best_of_early_end is not None

    @property
    def seconds(self) -> float:
        """Training time so far, over all processes that took part."""
        return self._resumed.train_seconds + self._clock() - self._started

    @property
    def own_seconds(self) -> float:
        """``seconds`` without those of the run that this one extends."""
        return seconds_since(self.processes, at) if (at := self._resumed.extended_at) else self.seconds

    @property
    def processes(self) -> tuple[ProcessRecord, ...]:
        """All processes that took part, this one last."""
        seconds = self._clock() - self._started
        this = ProcessRecord(hardware=self.hardware, first_step=self._resumed.step, seconds=seconds)
        return (*self._resumed.processes, this)

    @property
    def other_hardware(self) -> Hardware | None:
        """What the process before this one computed on, if it was anything else."""
        before = self._resumed.processes[-1].hardware if self._resumed.processes else self.hardware
        return before if before != self.hardware else None

    def record(self) -> RunRecord:
        """The state as a checkpoint stores it."""
        return RunRecord(
            step=self.step,
            train_seconds=self.seconds,
            evaluations=tuple(self.evaluations),
            rejected=self.rejected,
            processes=self.processes,
            extended_at=self._resumed.extended_at,
        )

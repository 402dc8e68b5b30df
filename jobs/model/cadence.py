"""At which steps a run logs, saves a checkpoint and evaluates."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.recipe import Schedule


@dataclass(frozen=True)
class Cadence:
    """Intervals in steps. Logging, saving and evaluating are always due at the last step, ``total``, too."""

    total: int
    log_every: int
    checkpoint_every: int
    evaluate_every: int

    @classmethod
    def of(cls, schedule: Schedule) -> Cadence:
        return cls(schedule.train_steps, schedule.log_every, schedule.checkpoint_every, schedule.evaluate_every)

    def logs_at(self, step: int) -> bool:
        return self._is_due(step, self.log_every)

    def saves_at(self, step: int) -> bool:
        return self._is_due(step, self.checkpoint_every)

    def evaluates_at(self, step: int) -> bool:
        return self._is_due(step, self.evaluate_every)

    def next_stop(self, step: int) -> int:
        """The first step after ``step`` at which anything is due."""
        intervals = (self.log_every, self.checkpoint_every, self.evaluate_every)
        return min(self.total, *((step // every + 1) * every for every in intervals))

    def _is_due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.total

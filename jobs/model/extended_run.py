"""Takes over from a finished run: its last checkpoint, the optimizer's state included, is where another run begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from safetensors import SafetensorError, safe_open

from jobs.artifact import Artifact
from jobs.errors import ConfigurationError, CovidCtlError, DamagedError, MissingObjectError
from jobs.layout import TRAINED_WEIGHTS
from jobs.model import training_checkpoint
from jobs.model.training_checkpoint import RunRecord, Variables

log = structlog.get_logger()


@dataclass(frozen=True)
class ExtendedRun:
    """A finished run that another one goes on from."""

    artifact: Artifact
    step: int
    """How many steps it made."""

    def take_over(self, variables: Variables, scratch: Path, *, evaluate_every: int) -> RunRecord:
        """Load its last checkpoint into ``variables``; the record is the finished run's, to be continued.

        An evaluation that the finished run made only because it ended is left out, as a longer run would not have made
        it. Raises ``ConfigurationError`` when the checkpoint is gone, damaged or not that of the committed weights.
        """
        try:
            run = training_checkpoint.load_exactly(self.artifact, self.step, variables, scratch)
        except (DamagedError, MissingObjectError, SafetensorError, ValueError, KeyError, TypeError) as error:
            reason = error.reason if isinstance(error, CovidCtlError) else repr(error)
            raise self._refusal(f"its last checkpoint, of step {self.step:,}, cannot be read: {reason}") from error
        self._check_against_weights(variables, scratch)
        log.info("training.extends", step=self.artifact.name, first_step=self.step)
        evaluations = tuple(e for e in run.evaluations if e.step % evaluate_every == 0)
        return run.model_copy(update={"extended_at": self.step, "rejected": (), "evaluations": evaluations})

    def _check_against_weights(self, variables: Variables, scratch: Path) -> None:
        """What another trainer of the finished run saved last need not be what was committed."""
        file = scratch / "extended.safetensors"
        self.artifact.download(self.artifact.require().output(TRAINED_WEIGHTS), file)
        with safe_open(file, "numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                if not np.array_equal(tensors.get_tensor(name), variables[name].numpy()):
                    raise self._refusal(
                        f"its last checkpoint is of another trainer than its weights are: {name} differs"
                    )
        file.unlink()

    def _refusal(self, reason: str) -> ConfigurationError:
        return ConfigurationError(
            self.artifact.name, reason, "train all steps anew: the same command without --extend, with --fresh"
        )

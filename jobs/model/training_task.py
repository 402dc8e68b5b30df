"""What one training run is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jobs.artifact import Artifact
from jobs.model.bert import BertConfig
from jobs.model.dataset import Dataset
from jobs.model.devices import Devices
from jobs.model.extended_run import ExtendedRun
from jobs.model.masking import Masking
from jobs.model.objective import Objective
from jobs.model.run_limits import RunLimits
from jobs.model.steps_per_call import StepsPerCall
from jobs.model.watchdog import Watchdog
from jobs.progress import Heartbeat
from jobs.recipe import Schedule


@dataclass(frozen=True)
class TrainingTask:
    """What is trained, on which examples and on which devices."""

    config: BertConfig
    schedule: Schedule
    objective: Objective
    examples: Dataset
    held_out: Dataset
    devices: Devices
    """Their number changes what dropout drops, and apart from that only rounding."""
    step_flops: int
    """Floating-point operations of one step."""
    masking: Masking | None = None
    """Draws the training examples' masks anew in every step; None keeps theirs."""
    extends: ExtendedRun | None = None
    """The finished run that this one goes on from."""


@dataclass(frozen=True)
class TrainingContext:
    """Where a run keeps its state, and who may stop it. Nothing here changes a bit of the result."""

    artifact: Artifact
    scratch: Path
    heartbeat: Heartbeat
    check_stop: Callable[[], None]
    """Called often; raises ``Interrupted`` to stop the run."""
    limits: RunLimits = field(default_factory=RunLimits)
    steps_per_call: StepsPerCall = field(default_factory=StepsPerCall)
    watchdog: Watchdog = field(default_factory=Watchdog)
    clock: Callable[[], float] = time.monotonic

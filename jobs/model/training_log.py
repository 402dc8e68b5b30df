"""What people see of a run: its heartbeat, its log lines and its TensorBoard summaries."""

from __future__ import annotations

import structlog

from jobs.model.cadence import Cadence
from jobs.model.device_peak import peak_flops
from jobs.model.evaluation import Evaluation
from jobs.model.run_state import RunState
from jobs.model.step_runner import Call
from jobs.model.summaries import SummaryWriter
from jobs.model.throughput import ThroughputMeter
from jobs.model.training_task import TrainingContext, TrainingTask

log = structlog.get_logger()

TRACING = "tracing and compiling the graph"
"""What a process does, for a minute or more, until its first call to the devices has ended."""


class TrainingLog:
    """Reports a run; ``alive`` may raise what ``check_stop`` does."""

    def __init__(self, task: TrainingTask, context: TrainingContext, state: RunState, cadence: Cadence) -> None:
        self.summaries = SummaryWriter(context.artifact, context.scratch, state.step)
        self._task = task
        self._context = context
        self._state = state
        self._cadence = cadence
        schedule, devices = task.schedule, task.devices
        self._meter = ThroughputMeter(
            schedule.train_batch_size, task.step_flops, peak_flops(devices, schedule.precision)
        )
        self._shown: dict[str, float | str | None] = {"doing": TRACING}

    def started(self, *, held_out: int) -> None:
        log.info(
            "training.already_done" if self._state.step == self._state.total else "training.started",
            step=self._state.step,
            total=self._state.total,
            examples=len(self._task.examples),
            held_out=held_out,
            device=str(self._task.devices),
            checkpoint_every=self._cadence.checkpoint_every,
            log_every=self._cadence.log_every,
        )
        if self._state.step < self._state.total:
            log.info("training.traces_graph", then="its first steps")
        if before := self._state.other_hardware:
            log.warning(
                "training.other_hardware",
                step=self._state.step,
                before=str(before),
                now=str(self._state.hardware),
                consequence="its weights differ in their last bits from those of a run on one kind of hardware",
            )

    def alive(self) -> None:
        self._context.check_stop()
        self._context.heartbeat.beat(self._state.step, self._state.total, **self._shown)

    def evaluated(self, evaluation: Evaluation) -> None:
        self.summaries.write(
            evaluation.step, **{f"evaluation/{name}": value for name, value in evaluation.scores().items()}
        )
        log.info("evaluation.finished", **evaluation.model_dump())

    def trained(self, call: Call) -> None:
        """Report a call's last step; the state has counted the call's steps."""
        self._meter.add(call.steps, seconds=call.seconds, waited=call.waited)
        metrics = call.last_metrics
        self._shown.pop("doing", None)
        self._shown |= {name: metrics[name] for name in ("loss", "learning_rate")}
        step, total = self._state.step, self._state.total
        if not self._cadence.logs_at(step):
            return
        throughput = self._meter.read(total - step)
        self._shown |= throughput._asdict()
        self.summaries.write(
            step,
            **metrics,
            examples_per_second=throughput.examples_per_second,
            data_wait_share=throughput.data_wait_share,
        )
        log.info("training.progressed", step=step, total=total, **metrics, **throughput._asdict())

    def ended_early(self, *, best: int, taken: int) -> None:
        log.info("training.ended_early", step=self._state.step, best=best, taken=taken)

    def flush(self) -> None:
        """Upload the summaries written since the last checkpoint."""
        self.summaries.cut(self._state.step)()

"""The control loop: run what is planned and not complete, watch it, and keep the ledger."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.cluster import Cluster, JobStatus
from controller.jobpolicy import COMPLETE
from controller.ledger import Event, EventType, Ledger
from controller.manifest import render
from controller.plan import Step, inputs_first
from controller.profile import Profile
from controller.state import Progress, observe_progress
from jobs.artifact import Artifact, Manifest
from jobs.errors import CovidCtlError
from jobs.store import Store

POLL_SECONDS = 0.1
REPORT_SECONDS = 0.5


class StepFailedError(CovidCtlError):
    """A step ended without its artifact."""


class CancelledStepError(CovidCtlError):
    """Somebody asked for the end: the containers were told, and what they had committed stays."""

    cli_exit_code = 130


@dataclass(frozen=True)
class Snapshot:
    """What a watcher is told about a step, again and again."""

    step: Step
    progress: Progress
    seconds: float
    """Since it was started."""
    retries: int = 0
    manifest: Manifest | None = None
    """Set once the step is complete."""
    fresh: bool = True
    """False for a step that was complete before anything was done."""


class Tracker:
    def __init__(
        self,
        store: Store,
        cluster: Cluster,
        profile: Profile,
        report: Callable[[Snapshot], None],
        *,
        cancelled: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._profile = profile
        self._report = report
        self._cancelled = cancelled
        self._clock = clock
        self._sleep = sleep
        self._ledger = Ledger(store)

    def run(self, steps: Sequence[Step]) -> list[Manifest]:
        """Bring every step to completion, inputs first; what is complete is left alone.

        Raises ``StepFailedError``; ``CancelledStepError`` once ``cancelled()``, after the running
        containers were asked to end and the ledger has noted it.
        """
        return [self._complete(step) for step in inputs_first(steps)]

    def _complete(self, step: Step) -> Manifest:
        artifact = Artifact(self._store, step.spec)
        manifest = artifact.manifest()
        if manifest:
            self._report(Snapshot(step, Progress(step.spec.shards, step.spec.shards), 0.0, 0, manifest, fresh=False))
            return manifest
        artifact.submit()
        started = self._clock()
        if not self._ledger.events(step.name):
            self._note(step, EventType.SUBMITTED, step.command)
        self._note(step, EventType.STARTED)
        self._cluster.create(render(step, self._profile))
        status = self._watch(step, artifact, started)
        self._cluster.delete(step.name)
        manifest = artifact.manifest()
        if manifest is None:
            reason, remedy = explain(status)
            self._note(step, EventType.FAILED, reason)
            logs = f"{self._profile.bucket}/{artifact.path('logs')}"
            raise StepFailedError(step.name, reason.removeprefix(f"{step.name}: "), remedy or f"see the logs in {logs}")
        self._note(step, EventType.SUCCEEDED)
        progress = observe_progress(artifact, started)
        self._report(Snapshot(step, progress, self._clock() - started, status.retries, manifest))
        return manifest

    def _watch(self, step: Step, artifact: Artifact, started: float) -> JobStatus:
        reported = float("-inf")
        while True:
            status = self._cluster.status(step.name)
            if status is None:
                raise StepFailedError(step.name, "its Job is gone", step.command)
            if status.condition:
                return status
            if self._cancelled():
                self._cluster.delete(step.name)
                self._note(step, EventType.CANCELLED)
                raise CancelledStepError(step.name, "cancelled", "the same command continues it")
            now = self._clock()
            if now - reported >= REPORT_SECONDS:
                reported = now
                self._report(Snapshot(step, observe_progress(artifact, started), now - started, status.retries))
            self._sleep(POLL_SECONDS)

    def _note(self, step: Step, event: EventType, detail: str = "") -> None:
        self._ledger.append(step.name, Event(event, self._clock(), detail))


def explain(status: JobStatus) -> tuple[str, str]:
    """Why a Job ended without its artifact, and what to do: from its containers' last words."""
    condition = status.condition
    outline = f"{condition.reason}, {condition.message}" if condition and condition.type != COMPLETE else ""
    for line in reversed(status.message.splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("event") == "step.failed":
            return f"{event['thing']}: {event['reason']}", event.get("remedy", "")
    last = status.message.strip().splitlines()[-1:] or [""]
    return "; ".join(part for part in (outline, last[0]) if part) or "it wrote no manifest", ""

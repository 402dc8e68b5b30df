"""Waits for some steps to end, with a tracker of its own: what ``submit`` does while it waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from controller.ledger.events import EventType
from controller.ledger.history import History
from controller.planning.plan import Step
from controller.status.step_status import StepProgress, observe_progress
from controller.tracking.observer import Observer
from controller.tracking.outages import BUCKET, CLUSTER, Outages
from controller.tracking.reconcile import why_failed
from controller.tracking.tracker import Tracker
from jobs.artifact import Artifact, Manifest
from jobs.errors import CovidCtlError, StoreUnreachableError
from jobs.store import Store

STEP_SECONDS = 0.5
"""Longest time until Ctrl-C is noticed."""


class StepFailedError(CovidCtlError):
    """A step ended without its artifact."""


class StillRunningError(CovidCtlError):
    """The time allowed for waiting is over; what was submitted goes on."""

    cli_exit_code = 4


@dataclass(frozen=True)
class StepUpdate:
    """What is reported about a step while it is waited for."""

    step: Step
    progress: StepProgress
    seconds: float
    """Since it was started."""
    retries: int = 0
    manifest: Manifest | None = None
    """Set once the step is complete."""
    fresh: bool = True
    """False for a step that was complete before anything was done."""
    reason: str = ""
    """Why it does not run, or only in part."""


class Waiting:
    """``interrupted`` is asked in every round; ``on_interrupt`` gets the steps that are not complete, and raises."""

    def __init__(
        self,
        tracker: Tracker,
        observer: Observer,
        store: Store,
        report: Callable[[StepUpdate], None],
        outages: Outages,
        *,
        report_seconds: float,
        interrupted: Callable[[], bool],
        on_interrupt: Callable[[Sequence[Step]], NoReturn],
        timeout: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tracker = tracker
        self._observer = observer
        self._store = store
        self._report = report
        self._outages = outages
        self._report_seconds = report_seconds
        self._interrupted = interrupted
        self._on_interrupt = on_interrupt
        self._timeout = timeout
        self._clock = clock

    def until_complete(self, steps: Sequence[Step]) -> list[Manifest]:
        """The steps' manifests. Raises ``StepFailedError`` as soon as one fails, ``StillRunningError``."""
        began = self._clock()
        manifests: dict[str, Manifest] = {}
        reported = float("-inf")
        while True:
            looked_at = self._tracker.step(STEP_SECONDS)
            now = self._clock()
            self._note_cluster()
            regularly = now - reported >= self._report_seconds and self._observer.is_listed()
            left = [step for step in steps if step.name not in manifests]
            try:
                for step in left:
                    if not (regularly or step.name in looked_at):
                        continue
                    if manifest := self._finished(step):
                        manifests[step.name] = manifest
                        self._report(self._update(step, began, manifest))
                    else:
                        self._check(step, steps)
                        if regularly:
                            self._report(self._update(step, began))
                if regularly:
                    reported = now
                    self._outages.answered(BUCKET)
            except StoreUnreachableError as error:
                reported = now  # not again at once
                self._outages.failed(BUCKET, error)
            left = [step for step in steps if step.name not in manifests]
            if not left:
                return [manifests[step.name] for step in steps]
            if self._interrupted():
                self._on_interrupt(left)
            if self._timeout is not None and now - began >= self._timeout:
                names = ", ".join(step.name for step in left)
                raise StillRunningError(names, f"not complete after {self._timeout:.0f} s; it goes on", _LOOK)

    def _note_cluster(self) -> None:
        if reason := self._observer.outage():
            self._outages.failed_because(CLUSTER, reason)
        else:
            self._outages.answered(CLUSTER)

    def _update(self, step: Step, began: float, manifest: Manifest | None = None) -> StepUpdate:
        history, status = self._tracker.history(step.name), self._observer.status(step.name)
        since = (history and history.started_at) or began
        observed = history and history.observed
        return StepUpdate(
            step,
            observe_progress(Artifact(self._store, step.spec), since, self._clock()),
            self._clock() - since,
            status.retries if status else observed.retries if observed else 0,
            manifest,
            reason=observed.reason if observed and not manifest else "",
        )

    def _finished(self, step: Step) -> Manifest | None:
        """The manifest, once the tracker has noted the end: a container writes it before its log is whole."""
        history = self._tracker.history(step.name)
        if history and history.is_under_way:
            return None
        return Artifact(self._store, step.spec).manifest()

    def _check(self, step: Step, steps: Sequence[Step]) -> None:
        """Raises when nothing will make the step complete any more."""
        history, status = self._tracker.history(step.name), self._observer.status(step.name)
        if history and history.life is EventType.CANCELLED:
            raise StepFailedError(step.name, f"cancelled {history.detail}".strip(), step.command)
        if history and history.life is EventType.FAILED:
            reason, remedy = self._why(history, step)
            behind = [one.name for one in steps if step.name in one.after]
            waits = f"\n  {', '.join(behind)} will wait until it is complete" if behind and status else ""
            raise StepFailedError(step.name, f"{reason}{waits}", remedy)
        if status is None and history is None:
            raise StepFailedError(step.name, "its Job is gone", step.command)

    def _why(self, history: History, step: Step) -> tuple[str, str]:
        status = self._observer.status(step.name)
        remedy = why_failed(status).remedy if status else step.command
        logs = f"{self._store.location}/{step.name}/logs"
        return history.detail.removeprefix(f"{step.name}: "), remedy or f"see the logs in {logs}"


_LOOK = "covid-ctl status"

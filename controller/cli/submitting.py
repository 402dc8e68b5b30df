"""``submit``: on a cluster it creates Jobs and returns, here it runs them."""

from __future__ import annotations

import getpass
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, NoReturn

from controller.cli.interruption import LAST_SECONDS, at_most, interruption
from controller.cli.lines import Reporter, submitted_line
from controller.cli.tables import manifest_json
from controller.clusters.informer import Informer
from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.local import LocalCluster
from controller.clusters.tracker_presence import find_tracker, who_releases
from controller.doctor.examination import cheap_checks, refusal
from controller.doctor.preflight import preflight
from controller.kube.backoff import Retrying
from controller.ledger.events import Event, EventType, Ledger, read_notified
from controller.planning.plan import Step
from controller.planning.request import Request
from controller.status.derive import State
from controller.status.step_status import StepProgress, observe_or_say
from controller.time_words import ago
from controller.tracking.notices import DELIVERED, Notifier
from controller.tracking.observer import ClusterObserver, ProcessObserver
from controller.tracking.outages import Outages
from controller.tracking.submission import SubmissionOutcome, Submitted, submit
from controller.tracking.tracker import Tracker
from controller.tracking.wait import StepFailedError, StepUpdate, StillRunningError, Waiting
from jobs.artifact import Artifact, Manifest
from jobs.errors import CovidCtlError
from jobs.patience import PASSING
from jobs.spec import Kind
from jobs.store import Store

LOCAL_REPORT_SECONDS = 0.5
CLUSTER_REPORT_SECONDS = 10.0
"""Each report lists the step's heartbeats in the bucket."""
NOTICES_SECONDS = 60.0
"""Longest time that a command which has ended its steps waits for webhooks."""


class CancelledStepError(CovidCtlError):
    """The step was cancelled: its containers were signalled, and what they had committed stays."""

    cli_exit_code = 130


class DetachedError(CovidCtlError):
    """The command stopped waiting; the Jobs keep running."""

    cli_exit_code = 130


@dataclass(frozen=True)
class Sent:
    """What ``send`` did."""

    submitted: Sequence[Submitted]
    manifests: Sequence[Manifest] = ()
    """The manifests of all steps, if they were waited for."""

    def to_json(self) -> list[dict[str, Any]]:
        if self.manifests:
            labels = {one.step.name: one.step.label for one in self.submitted}
            return [manifest_json(manifest, labels[manifest.name]) for manifest in self.manifests]
        return [
            {"name": one.step.name, "label": one.step.label, "outcome": str(one.outcome), "waits_for": one.missing}
            for one in self.submitted
        ]


def run_here(request: Request, out: IO[str], *, notify: str = "") -> list[Manifest]:
    """Run the steps as processes of this machine, one after the other. Ctrl-C ends them. ``notify`` is a webhook.

    Raises ``PreflightError`` where this machine lacks what steps import, or the memory for training.
    """
    steps = request.steps_to_submit()
    if refused := refusal(cheap_checks(request.profile, request.recipe, _kinds(steps), None)):
        raise refused
    steps = request.labelled(steps)
    request.upload_files()
    interrupted = interruption()
    with LocalCluster(request.store) as cluster, Reporter(out) as reporter:
        _tell(request, reporter)

        outages = Outages(reporter.note)
        trackers: list[Tracker] = []

        def on_interrupt(left: Sequence[Step]) -> NoReturn:
            # Before the processes end, which may take a while: a second Ctrl-C would leave the step "running".
            # A bucket that hangs learns of it from the heartbeats that do not come.
            with at_most(LAST_SECONDS):
                for step in left:
                    Ledger(request.store).append(step.name, Event(EventType.CANCELLED, time.time(), f"by {whoami()}"))
            for step in left:
                cluster.delete(step.name)
            raise CancelledStepError(left[0].name, "cancelled", "the same command continues it")

        def run(step: Step) -> Manifest:
            if other := other_worker(request.store, step.name):
                reporter.note(other)
            (submitted,) = submit([step], request.profile, request.store, cluster, by=whoami(), notify=notify)
            if submitted.outcome is SubmissionOutcome.COMPLETE:
                return _report_complete(submitted, request, reporter)
            observer = ProcessObserver(cluster)
            trackers.append(
                Tracker(
                    observer,
                    request.store,
                    on_error=outages.tolerate,
                    on_event=partial(_tell_undelivered, reporter),
                    notifier=Notifier(partial(_why_not_ours, notify), retrying=Retrying()) if notify else None,
                )
            )
            waiting = Waiting(
                trackers[-1],
                observer,
                request.store,
                reporter.report,
                outages,
                report_seconds=LOCAL_REPORT_SECONDS,
                interrupted=interrupted,
                on_interrupt=on_interrupt,
            )
            return waiting.until_complete([step])[0]

        def finish_notices() -> None:
            with suppress(KeyboardInterrupt):
                for tracker in trackers:
                    tracker.finish_notices(NOTICES_SECONDS)

        try:
            manifests = [run(step) for step in steps]
        except StepFailedError:
            finish_notices()
            raise
        finish_notices()
        return manifests


def _why_not_ours(notify: str, url: str) -> str:
    """A command on this machine calls the webhook that it was given, whatever else the ledger has."""
    return "" if url == notify else "another command asked for it"


def _tell_undelivered(reporter: Reporter, name: str, event: Event) -> None:
    if event.type is EventType.NOTIFIED:
        told = read_notified(event)
        if told.outcome != DELIVERED:
            reporter.note(f"{name}  webhook at {told.host}: {told.outcome}")


def send(request: Request, out: IO[str], *, wait: bool, timeout: float | None, notify: str = "") -> Sent:
    """Create the steps' Jobs on the profile's cluster, and with ``wait`` follow them to their end.

    Raises ``PreflightError`` or an ``ApiError`` before anything is created, where that can be known.
    """
    profile, store = request.profile, request.store
    steps = request.steps_to_submit()
    cluster = KubernetesCluster.connect(profile.context or None, profile.namespace)
    preflight(profile, request.recipe, cluster, _kinds(steps))
    steps = request.labelled(steps)
    request.upload_files()
    submitted = submit(steps, profile, store, cluster, by=whoami(), notify=notify)
    with Reporter(out) as reporter:
        _tell(request, reporter)
        for one in submitted:
            reporter.note(submitted_line(one))
        if notify and (tracker := find_tracker(cluster.api)).is_present is False:
            reporter.note(f"{tracker.reason}: the webhook is called once one does")
        if not wait:
            if any(one.missing or one.unreleased for one in submitted):
                reporter.note(who_releases(cluster.api))
            return Sent(submitted)
        interrupted = interruption()
        # What fails is tried again in the next round: a request that was repeated for minutes would hold up the word
        # about the outage, the limit of the waiting, and Ctrl-C.
        briefly = Store(store.location, patience=PASSING)
        with Informer(cluster) as informer:
            observer, outages = ClusterObserver(cluster, informer), Outages(reporter.note)
            waiting = Waiting(
                Tracker(observer, briefly, names={step.name for step in steps}, on_error=outages.tolerate),
                observer,
                briefly,
                reporter.report,
                outages,
                report_seconds=CLUSTER_REPORT_SECONDS,
                interrupted=interrupted,
                on_interrupt=_detach,
                timeout=timeout,
            )
            awaited = [one.step for one in submitted if one.outcome is not SubmissionOutcome.COMPLETE]
            left = _wait(waiting, awaited)
        complete = [
            Artifact(store, one.step.spec).require() for one in submitted if one.outcome is SubmissionOutcome.COMPLETE
        ]
        return Sent(submitted, [*complete, *left])


def other_worker(store: Store, name: str) -> str:
    """A line for whoever starts a step that another process seems to be at work on; else empty."""
    if not Ledger(store).events(name):
        return ""
    found = observe_or_say(store, name, now=time.time())
    if found.state is State.UNKNOWN:
        return f"{name}  another covid-ctl may be at work on it: {found.reason}"
    if found.state is not State.RUNNING:
        return ""
    heard = f", last heartbeat {ago(time.time() - found.last_heartbeat_at)}" if found.last_heartbeat_at else ""
    return f"{name}  another covid-ctl seems to be at work on it{heard}: both go on, and each shard is committed once"


def _wait(waiting: Waiting, steps: Sequence[Step]) -> list[Manifest]:
    """Wait for the steps. An error that ends the waiting says that the Jobs go on."""
    try:
        return waiting.until_complete(steps)
    except KeyboardInterrupt:  # while a request hung
        _detach(steps)
    except (StepFailedError, StillRunningError, DetachedError):
        raise
    except CovidCtlError as error:
        error.reason += f"\n  stopped waiting for {', '.join(step.name for step in steps)}; the Jobs go on"
        error.remedy = f"{error.remedy}\n        covid-ctl status shows how far they are".lstrip()
        raise


def whoami() -> str:
    """Who runs this command, as the ledger has it: ``ann on laptop``."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "somebody"
    return f"{user} on {socket.gethostname()}"


def _kinds(steps: Sequence[Step]) -> set[Kind]:
    return {step.spec.kind for step in steps}


def _tell(request: Request, reporter: Reporter) -> None:
    for note in request.notes:
        reporter.note(note)


def _report_complete(submitted: Submitted, request: Request, reporter: Reporter) -> Manifest:
    step = submitted.step
    manifest = Artifact(request.store, step.spec).require()
    reporter.report(StepUpdate(step, StepProgress(step.spec.shards, step.spec.shards), 0.0, 0, manifest, fresh=False))
    return manifest


def _detach(left: Sequence[Step]) -> NoReturn:
    names = ", ".join(step.name for step in left)
    raise DetachedError(names, "stopped waiting; the Jobs go on", "covid-ctl status; covid-ctl cancel ends a step")

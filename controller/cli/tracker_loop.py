"""``tracker`` and ``cancel``: what keeps Jobs going, and what ends one."""

from __future__ import annotations

import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import structlog

from controller.cli.interruption import interruption
from controller.cli.submitting import whoami
from controller.clusters.informer import Informer
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.backoff import Retrying
from controller.kube.leader_election import LeaderElection
from controller.ledger.events import Event
from controller.profiles.profile import Profile
from controller.tracking.cancellation import Cancelled, cancel, cancel_local
from controller.tracking.observer import ClusterObserver
from controller.tracking.tracker import Tracker
from jobs.errors import CovidCtlError, PreflightError
from jobs.store import Store

STEP_SECONDS = 0.5
"""The longest that SIGTERM waits to be heard."""
PACE_SECONDS = 1.0
"""Between two looks: many changes are brought up to date together."""


def track(profile: Profile, *, once: bool) -> None:
    """Be the tracker of a namespace until SIGTERM, or for one look at everything."""
    if profile.is_local:
        raise PreflightError("profile local", "submit tracks what runs on this machine itself", "name a --profile")
    _log_as_json()
    log = structlog.get_logger()
    stopped = interruption()
    # A lease that cannot be renewed at once is a lost one: no attempts in between.
    single = KubernetesCluster.connect(profile.context or None, profile.namespace, retrying=Retrying(attempts=1))
    election = LeaderElection(single.api, f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}")
    cluster = KubernetesCluster.connect(profile.context or None, profile.namespace)

    def on_error(name: str, error: CovidCtlError) -> None:
        log.warning("step.not_tracked", step=name, thing=error.thing, reason=error.reason, remedy=error.remedy)

    log.info("tracker.started", namespace=profile.namespace, bucket=profile.bucket)
    try:
        while not stopped():
            if once or election.acquire_or_renew():
                _lead(cluster, election.acquire_or_renew if not once else lambda: True, stopped, on_error, once=once)
            if once:
                return
            time.sleep(STEP_SECONDS)
    finally:
        election.release()
        log.info("tracker.stopped")


def _lead(
    cluster: KubernetesCluster,
    may_write: Callable[[], bool],
    stopped: Callable[[], bool],
    on_error: Callable[[str, CovidCtlError], None],
    *,
    once: bool,
) -> None:
    log = structlog.get_logger()
    log.info("tracker.leads")
    with Informer(cluster) as informer:
        tracker = Tracker(
            ClusterObserver(cluster, informer), may_write=may_write, on_error=on_error, on_event=_log_event
        )
        while may_write() and not stopped():
            looked_at = tracker.step(STEP_SECONDS)
            if once and informer.is_listed:
                return
            if looked_at:
                time.sleep(PACE_SECONDS)
    log.info("tracker.leads_no_more")


def _log_event(name: str, event: Event) -> None:
    structlog.get_logger().info(f"step.{event.type}", step=name, detail=event.detail)


def end(names: Sequence[str], profile: Profile) -> Iterator[tuple[str, Cancelled | CovidCtlError]]:
    """Each as it ends: one that cannot be ended does not keep the next running."""
    store, once = Store(profile.bucket), dict.fromkeys(names)
    if not profile.is_local:
        cluster = KubernetesCluster.connect(profile.context or None, profile.namespace)
        yield from cancel(once, store, cluster, who=whoami())
        return
    for name in once:
        try:
            yield name, cancel_local(name, store, who=whoami())
        except CovidCtlError as error:
            yield name, error


def _log_as_json() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

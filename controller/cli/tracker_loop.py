"""Runs ``tracker`` and ``cancel``."""

from __future__ import annotations

import json
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from controller.cli.interruption import interruption
from controller.cli.place import open_live_bucket
from controller.cli.submitting import whoami
from controller.cli.terminal import escaped
from controller.clusters.informer import Informer
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.backoff import Retrying
from controller.kube.leader_election import LeaderElection
from controller.ledger.events import Event
from controller.profiles.profile import Profile
from controller.profiles.webhook import why_not_called
from controller.tracking.cancellation import Cancelled, cancel, cancel_local
from controller.tracking.notices import Notifier
from controller.tracking.observer import ClusterObserver
from controller.tracking.tracker import NEVER, Tracker
from jobs.errors import CovidCtlError, PreflightError
from jobs.store import Store

STEP_SECONDS = 0.5
"""Longest time until SIGTERM is noticed."""
PACE_SECONDS = 1.0
"""Pause after each round, so that many changes are dealt with together."""
NOTICES_SECONDS = 60.0
"""Longest time that ``--once`` waits for webhooks."""
LAST_NOTICES_SECONDS = 5.0
"""The same after SIGTERM. The next tracker calls those that were not noted."""


def track(profile: Profile, *, once: bool, alive: Path | None = None, metrics_port: int | None = None) -> None:
    """Be the tracker of a namespace until SIGTERM, or for one round.

    ``alive`` is a file that is touched before each step, for a liveness probe. On ``metrics_port`` a page for
    Prometheus is served; 0 takes any port that is free. Raises ``ApiError`` for what no
    waiting mends: permission, sign-in, a missing namespace.
    """
    if profile.is_local:
        remedy = "covid-ctl tracker --profile NAME, a cluster's (covid-ctl init adds one)"
        raise PreflightError("profile local", "submit tracks what runs on this machine itself", remedy)
    _log_as_json()
    log = structlog.get_logger()
    stopped = interruption()
    # A lease that cannot be renewed at once is lost: no retries in between.
    single = KubernetesCluster.connect(profile.context or None, profile.namespace, retrying=Retrying(attempts=1))
    election = LeaderElection(single.api, f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}")
    cluster, store = KubernetesCluster.connect(profile.context or None, profile.namespace), open_live_bucket(profile)

    def may_write() -> bool:
        if alive:
            alive.touch()
        return once or election.acquire_or_renew()

    log.info("tracker.started", namespace=profile.namespace, bucket=profile.bucket)
    try:
        with ExitStack() as stack:
            page = None
            if metrics_port is not None:
                # Its library is needed for nothing else, and takes a while to import.
                from controller.cli.metrics_page import metrics_page

                page = stack.enter_context(metrics_page(profile, metrics_port))
            while not stopped():
                if may_write():
                    if page:
                        page.leads = True
                    _lead(cluster, store, profile, may_write, stopped, once=once)
                    if page:
                        page.leads = False
                if once:
                    return
                time.sleep(STEP_SECONDS)
    finally:
        election.release()
        log.info("tracker.stopped")


def _lead(
    cluster: KubernetesCluster,
    store: Store,
    profile: Profile,
    may_write: Callable[[], bool],
    stopped: Callable[[], bool],
    *,
    once: bool,
) -> None:
    log = structlog.get_logger()
    log.info("tracker.leads")
    with Informer(cluster) as informer:
        observer = ClusterObserver(cluster, informer)
        notifier = Notifier(partial(why_not_called, hosts=profile.notify_hosts))
        tracker = Tracker(
            observer, store, may_write=may_write, on_error=_log_error, on_event=_log_event, notifier=notifier
        )
        while may_write() and not stopped():
            looked_at = tracker.step(STEP_SECONDS)
            if once and informer.is_listed:
                tracker.finish_notices(NOTICES_SECONDS)
                return
            if looked_at:
                time.sleep(PACE_SECONDS)
        if may_write():
            tracker.finish_notices(LAST_NOTICES_SECONDS)
    log.info("tracker.leads_no_more")


def _log_event(name: str, event: Event) -> None:
    structlog.get_logger().info(f"step.{event.type}", step=name, detail=event.detail)


def _log_error(name: str, error: Exception, retry_seconds: float) -> None:
    log = structlog.get_logger().bind(step=name)
    if retry_seconds == NEVER and isinstance(error, CovidCtlError):
        log.warning("job.ignored", thing=error.thing, reason=error.reason, remedy=error.remedy)
    elif isinstance(error, CovidCtlError):
        log.warning(
            "step.not_tracked", thing=error.thing, reason=error.reason, remedy=error.remedy, retry_seconds=retry_seconds
        )
    else:
        log.error("step.not_tracked", retry_seconds=retry_seconds, exc_info=error)


def end(names: Sequence[str], profile: Profile) -> Iterator[tuple[str, Cancelled | CovidCtlError]]:
    """Cancel the steps; an error of one does not keep the others running."""
    store, once = open_live_bucket(profile), dict.fromkeys(names)
    if not profile.is_local:
        cluster = KubernetesCluster.connect(profile.context or None, profile.namespace)
        yield from cancel(once, store, cluster, who=f"by {whoami()}")
        return
    for name in once:
        try:
            yield name, cancel_local(name, store, who=f"by {whoami()}")
        except CovidCtlError as error:
            yield name, error


def _log_as_json() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(_safe_json),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _safe_json(event: object, **options: Any) -> str:
    return escaped(json.dumps(event, ensure_ascii=False, **options))

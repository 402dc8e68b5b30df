"""The tracker's page for Prometheus. Looks at steps in a thread of its own: a slow bucket delays neither the tracker
nor who reads the page, which shows the last look and its age."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.bucket.cached_store import CachedStore
from controller.profiles.profile import Profile
from controller.status.metrics import step_metrics
from controller.status.overview import Overview, look
from controller.status.spending import Spending, spending
from controller.status.step_status import StepState
from jobs.errors import CovidCtlError, PreflightError
from jobs.patience import LOOKING

LOOK_SECONDS = 30.0
"""Between two looks."""


class MetricsPage(Collector):
    """Collects what the last look found. ``leads`` is set by the tracker: of several, one works."""

    def __init__(self, profile: Profile) -> None:
        self.leads = False
        self._profile = profile
        self._store = CachedStore(profile.bucket, patience=LOOKING)
        self._ended: dict[str, StepState] = {}
        self._spent: dict[str, Spending] = {}
        self._found: tuple[Overview, dict[str, Spending], float] | None = None
        self._failures = 0

    def look(self) -> None:
        """Look at all steps; what goes wrong is counted, and the page keeps what it had."""
        try:
            now = time.time()
            found = look(self._profile, self._store, None, now=now, ended=self._ended)
            before = self._ended
            self._ended = {step.name: step for step in found.steps if not step.state.goes_on}
            due = [step.name for step in found.steps if before.get(step.name) != step]
            self._spent |= spending(self._store, due, self._profile)
            self._found = found, dict(self._spent), now
        except Exception as error:  # a page that decides nothing ends no tracker
            self._failures += 1
            reason = f"{error.thing}: {error.reason}" if isinstance(error, CovidCtlError) else repr(error)
            structlog.get_logger().warning("metrics.not_read", reason=reason)

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("covid_ctl_tracker_leads", "1 for the tracker that works.", float(self.leads))
        yield CounterMetricFamily("covid_ctl_look_failures", "Looks at the steps that failed.", self._failures)
        if self._found:
            overview, spent, at = self._found
            yield GaugeMetricFamily("covid_ctl_look_timestamp_seconds", "When the steps were last looked at.", at)
            reached = float(not overview.unreachable)
            yield GaugeMetricFamily("covid_ctl_cluster_reachable", "Whether the API server answered then.", reached)
            yield from step_metrics(overview.steps, spent)


@contextmanager
def metrics_page(profile: Profile, port: int) -> Iterator[MetricsPage]:
    """Serve the page on all addresses of this machine. Raises ``PreflightError`` where the port is taken."""
    page = MetricsPage(profile)
    registry = CollectorRegistry()
    registry.register(page)
    try:
        server, thread = start_http_server(port, registry=registry)
    except OSError as error:
        raise PreflightError(f"port {port}", error.strerror or str(error), "choose another --metrics-port") from error
    structlog.get_logger().info("metrics.served", port=server.server_port)
    ended = threading.Event()

    def keep_looking() -> None:
        while not ended.is_set():
            began = time.monotonic()
            page.look()
            # Looking never takes more than half of the time.
            ended.wait(max(LOOK_SECONDS, time.monotonic() - began))

    threading.Thread(target=keep_looking, daemon=True).start()
    try:
        yield page
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()

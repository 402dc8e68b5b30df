"""Elects which of several trackers works, with a ``coordination.k8s.io`` Lease, as Kubernetes' own controllers do.

Clocks of different machines are not compared: a holder counts as gone when its Lease has not changed for its whole
duration by our own clock. Losing the Lease costs doubled work and nothing else, since every write of a tracker may be
repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from controller.kube.api import Api
from controller.kube.api_errors import ConflictError, ForbiddenError, NotFoundError, OverloadedError, UnreachableError

LEASE_NAME = "covid-ctl-tracker"
LEASE_SECONDS = 15.0
RENEW_SECONDS = 5.0


class LeaderElection:
    """One candidate. Call ``acquire_or_renew`` before every write."""

    def __init__(
        self,
        api: Api,
        identity: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._identity = identity
        self._clock = clock
        self._wall_clock = wall_clock
        self._leases = f"/apis/coordination.k8s.io/v1/namespaces/{api.namespace}/leases"
        self._path = f"{self._leases}/{LEASE_NAME}"
        self._renewed_at: float | None = None
        self._tried_at = float("-inf")
        self._version = ""
        self._version_at = 0.0

    def acquire_or_renew(self) -> bool:
        """Whether we are the leader. Sends requests at most once in ``RENEW_SECONDS``."""
        now = self._clock()
        if now - self._tried_at >= RENEW_SECONDS:
            self._tried_at = now
            try:
                self._renewed_at = now if self._try(now) else None
            except (UnreachableError, OverloadedError, ConflictError):
                pass  # still ours until it expires
            except ForbiddenError:
                # A server that has just started refuses for a moment what it allows otherwise: see ``watch``.
                if not self._is_valid(now):
                    raise
        return self._is_valid(now)

    def release(self) -> None:
        """Let another candidate take the Lease at once."""
        if self._renewed_at is None:
            return
        self._renewed_at = None
        try:
            found = self._api.get(self._path)
            if found["spec"].get("holderIdentity") == self._identity:
                self._put(found, {**found["spec"], "holderIdentity": "", "leaseDurationSeconds": 1})
        except (NotFoundError, ForbiddenError, UnreachableError, OverloadedError, ConflictError):
            return  # it expires by itself

    def _is_valid(self, now: float) -> bool:
        return self._renewed_at is not None and now - self._renewed_at < LEASE_SECONDS - RENEW_SECONDS

    def _try(self, now: float) -> bool:
        try:
            found = self._api.get(self._path)
        except NotFoundError:
            meta = {"name": LEASE_NAME, "namespace": self._api.namespace}
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": self._spec({})}
            self._api.post(self._leases, body)
            return True
        version, spec = found["metadata"]["resourceVersion"], found.get("spec") or {}
        if version != self._version:
            self._version, self._version_at = version, now
        holder = spec.get("holderIdentity")
        if holder and holder != self._identity and now - self._version_at < spec.get("leaseDurationSeconds", 0):
            return False
        self._put(found, self._spec(spec))
        return True

    def _spec(self, before: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.fromtimestamp(self._wall_clock(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {**before, "holderIdentity": self._identity, "leaseDurationSeconds": round(LEASE_SECONDS)}
        if before.get("holderIdentity") != self._identity:
            spec |= {"acquireTime": now, "leaseTransitions": before.get("leaseTransitions", -1) + 1}
        return {**spec, "renewTime": now}

    def _put(self, found: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        """Fails with ``ConflictError`` when another candidate wrote first: the resource version is sent along."""
        self._api.put(self._path, {**found, "spec": dict(spec)})


def lease_with_date(api: Api) -> tuple[Mapping[str, Any] | None, str | None]:
    """The trackers' Lease, None where there never was one, and the API server's time as its header ``Date`` has it."""
    try:
        return api.get_with_date(f"/apis/coordination.k8s.io/v1/namespaces/{api.namespace}/leases/{LEASE_NAME}")
    except NotFoundError:
        return None, None

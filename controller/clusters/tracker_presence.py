"""Whether a tracker works in a namespace, as its Lease tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from controller.kube.api import Api
from controller.kube.api_errors import ApiError
from controller.kube.kubectl import cluster_wide, within
from controller.kube.leader_election import LEASE_SECONDS, lease_with_date
from controller.time_words import span

KUSTOMIZED = "covid-ctl"
"""The namespace of ``k8s/overlays/*/kustomization.yaml``."""
_STALE_SECONDS = 4 * LEASE_SECONDS
"""A Lease that was not renewed for so long is nobody's. Leaves room for clocks inside the cluster that differ."""


@dataclass(frozen=True)
class TrackerPresence:
    is_present: bool | None
    """None if it cannot be known."""
    reason: str


def find_tracker(api: Api) -> TrackerPresence:
    """Compares the Lease with the API server's clock, not with this machine's. Raises nothing."""
    nobody = f"no tracker runs in namespace {api.namespace}"
    try:
        lease, date = lease_with_date(api)
    except ApiError as error:
        return TrackerPresence(None, f"{error.thing}: {error.reason}")
    spec = (lease or {}).get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    if not holder or not renewed:
        return TrackerPresence(False, nobody)
    try:
        age = parsedate_to_datetime(date or "").timestamp() - datetime.fromisoformat(renewed).timestamp()
    except (ValueError, TypeError):
        return TrackerPresence(None, "the API server does not tell its time")
    if age > _STALE_SECONDS:
        return TrackerPresence(False, f"{nobody} (its Lease was last renewed {span(age)} ago)")
    return TrackerPresence(True, f"{holder} works in namespace {api.namespace}")


def start_one(namespace: str) -> str:
    """What to do where no tracker works. Its Deployment goes to the namespace that ``k8s/overlays`` names."""
    other = "" if namespace == KUSTOMIZED else f"with `namespace: {namespace}` in its kustomization.yaml, "
    return (
        f"start it: {other}{cluster_wide('apply -k k8s/overlays/gke')} (or kind), then "
        f"{within(namespace, 'rollout status deployment covid-ctl-tracker')}; "
        "or submit with --wait, or run covid-ctl tracker here"
    )


def who_releases(api: Api) -> str:
    """A line for whoever leaves suspended Jobs behind."""
    found = find_tracker(api)
    if found.is_present is False:
        return f"{found.reason}: suspended Jobs stay suspended\n  next: {start_one(api.namespace)}"
    return "suspended Jobs are released by the tracker in the cluster, or by submit --wait"

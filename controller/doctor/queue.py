"""Is the Kueue queue there that the profile names? Without it a released Job would wait for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.check import Check, failed, ok, skipped
from controller.kube.api_errors import ForbiddenError, NotFoundError
from controller.kube.kubectl import cluster_wide, within
from controller.profiles.pool import Role
from controller.profiles.profile import Profile

_NAME = "queue"
GROUP = "/apis/kueue.x-k8s.io"


def queue(cluster: KubernetesCluster, profile: Profile) -> Check:
    """In whichever version of its API this Kueue prefers."""
    wanted, look = profile.queue, within(cluster.namespace, "get localqueues")
    if not wanted:
        return skipped(_NAME, f"profile {profile.name} names none")
    try:
        version = cluster.api.get(GROUP)["preferredVersion"]["groupVersion"]
    except NotFoundError:
        remedy = f"install it (https://kueue.sigs.k8s.io), or take queue out of profile {profile.name}"
        return failed(_NAME, f"the cluster has no Kueue, and the profile's queue is {wanted}", remedy)
    except ForbiddenError:
        return skipped(_NAME, "you may not ask which APIs there are", look)
    try:
        found = cluster.api.get(f"/apis/{version}/namespaces/{cluster.namespace}/localqueues/{wanted}")
    except NotFoundError:
        reason = f"there is no LocalQueue {wanted} in {cluster.namespace}"
        return failed(_NAME, reason, f"name one that is there: {look}")
    except ForbiddenError:
        return skipped(_NAME, "you may not look at it", look)
    if reason := _inactive(found):
        return failed(
            _NAME,
            f"LocalQueue {wanted} admits nothing: {reason}",
            within(cluster.namespace, f"describe localqueue {wanted}"),
        )
    owner = str((found.get("spec") or {}).get("clusterQueue") or "")
    try:
        cluster_queue = cluster.api.get(f"/apis/{version}/clusterqueues/{owner}") if owner else {}
    except (ForbiddenError, NotFoundError):
        return ok(_NAME, f"LocalQueue {wanted} is there; what its ClusterQueue covers cannot be seen from here")
    return _cluster_queue(owner, wanted, cluster_queue, profile)


def _cluster_queue(owner: str, wanted: str, found: Mapping[str, Any], profile: Profile) -> Check:
    describe, edit = (cluster_wide(f"{verb} clusterqueue {owner}") for verb in ("describe", "edit"))
    if reason := _inactive(found):
        return failed(_NAME, f"ClusterQueue {owner} admits nothing: {reason}", describe)
    spec = found.get("spec") or {}
    checks = spec.get("admissionChecks") or (spec.get("admissionChecksStrategy") or {}).get("admissionChecks")
    pools = [profile.pool(role) for role in Role]
    if found and any(pool.flex_start for pool in pools) and not checks:
        return failed(
            _NAME,
            f"ClusterQueue {owner} has no admission check, so that nothing asks for flex-start nodes",
            f"name one with a ProvisioningRequestConfig (k8s/README.md): {edit}",
        )
    groups = spec.get("resourceGroups") or ()
    covered = {resource for group in groups for resource in group.get("coveredResources") or ()}
    asked = {"cpu", "memory", "ephemeral-storage"} | {pool.accelerator.resource for pool in pools if pool.accelerator}
    if groups and (uncovered := sorted(asked - covered)):
        what = ", ".join(uncovered)
        return failed(
            _NAME,
            f"ClusterQueue {owner} covers no {what}, which our pods request: it would never admit them",
            f"add {what} to coveredResources, with a quota in each flavor: {edit}",
        )
    return ok(_NAME, f"LocalQueue {wanted} is there, and its ClusterQueue covers what pods request")


def _inactive(queue: Mapping[str, Any]) -> str:
    """Why a queue says that it is not active; empty where it does not."""
    conditions = {found.get("type"): found for found in (queue.get("status") or {}).get("conditions") or ()}
    active = conditions.get("Active") or {}
    return str(active.get("message") or "it is not active") if active.get("status") == "False" else ""

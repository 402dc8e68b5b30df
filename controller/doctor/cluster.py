"""Checks what the cluster has, by requests that change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.check import Check, failed, ok, skipped
from controller.kube.api_errors import ForbiddenError, NotFoundError
from controller.kube.kubectl import cluster_wide, within
from controller.profiles.pool import Pool, Role
from controller.profiles.profile import Profile
from controller.profiles.quantities import quantity

OLDEST = (1, 31)
"""The first Kubernetes whose podFailurePolicy is generally available."""
NEEDED = {
    ("batch", "jobs", ""): ("create", "get", "list", "watch", "patch", "delete"),
    ("", "pods", ""): ("get", "list", "watch"),
    ("", "pods", "log"): ("get",),
    ("", "events", ""): ("list", "watch"),
}
"""Verbs by group, resource and subresource that submitting, watching and cancelling need."""
IMPERSONATES = "iam.gke.io/gcp-service-account"

Object = Mapping[str, Any]


def version(cluster: KubernetesCluster) -> Check:
    name, found = "cluster", cluster.version()
    text, oldest = (".".join(map(str, one)) for one in (found, OLDEST))
    if found < OLDEST:
        return failed(name, f"it runs Kubernetes {text}; Jobs are told by {oldest} what a failure is", "upgrade it")
    return ok(name, f"context {cluster.api.context} answers, with Kubernetes {text}")


def namespace(cluster: KubernetesCluster) -> Check:
    name = "namespace"
    try:
        found = cluster.api.get(f"/api/v1/namespaces/{cluster.namespace}")
    except NotFoundError:
        return failed(
            name, f"there is no namespace {cluster.namespace}", cluster_wide(f"create namespace {cluster.namespace}")
        )
    except ForbiddenError:
        return skipped(name, "you may not look at it", cluster_wide(f"get namespace {cluster.namespace}"))
    if found.get("status", {}).get("phase") == "Terminating":
        return failed(name, f"{cluster.namespace} is being deleted", "wait until it is gone, or use another one")
    return ok(name, f"{cluster.namespace} is there")


def permissions(cluster: KubernetesCluster) -> Check:
    """Asks the server itself, verb by verb."""
    name, denied = "permissions", []
    for (group, resource, subresource), verbs in NEEDED.items():
        what = f"{resource}/{subresource}" if subresource else resource
        for verb in verbs:
            if not cluster.may(verb, resource, group=group, subresource=subresource).allowed:
                denied.append(f"{verb} {what}")
    if denied:
        reason = f"in namespace {cluster.namespace} you may not {', '.join(denied)}"
        return failed(name, reason, "have the Role covid-ctl-submitter of k8s/base bound to you")
    return ok(name, f"you may do what submitting takes in namespace {cluster.namespace}")


def quota(cluster: KubernetesCluster, profile: Profile, roles: Iterable[Role] = Role) -> Check:
    """What one pod of each part asks for, against the namespace's quotas. What others use now, a Job waits for: while
    the one TPU trains, other steps may be submitted, and that one again."""
    name, look = "quota", within(cluster.namespace, "describe resourcequota")
    try:
        quotas = _items(cluster, f"/api/v1/namespaces/{cluster.namespace}/resourcequotas")
    except ForbiddenError:
        return skipped(name, "you may not look at quotas", look)
    never, later = [], []
    for found in quotas:
        status = found.get("status") or {}
        used = status.get("used") or {}
        for resource, hard in (status.get("hard") or {}).items():
            taken = used.get(resource, "0")
            plain = resource.removeprefix("requests.").removeprefix("limits.")
            for pool_name, pool in _pools(profile, roles).items():
                asked = {"pods": 1.0, "count/pods": 1.0, **_asks(pool)}.get(plain, 0.0)
                if asked > quantity(hard):
                    never.append(f"{resource} for a pod of {pool_name} (all of it is {hard})")
                elif asked > quantity(hard) - quantity(taken):
                    later.append(f"{pool_name} for {resource} (of {hard} are {taken} in use)")
    if never:
        return failed(name, f"not enough {'; '.join(never)}", f"have it raised: {look}")
    if later:
        return ok(name, f"it is enough, but a pod would wait now: {'; '.join(later)}")
    return ok(name, "it leaves room for a pod of each kind" if quotas else "the namespace has none")


def limits(cluster: KubernetesCluster, profile: Profile, roles: Iterable[Role] = Role) -> Check:
    name, look = "limits", within(cluster.namespace, "describe limitrange")
    try:
        ranges = _items(cluster, f"/api/v1/namespaces/{cluster.namespace}/limitranges")
    except ForbiddenError:
        return skipped(name, "you may not look at limit ranges", look)
    over = [
        f"{pool_name} asks for {pool_resource}, {resource} is limited to {most}"
        for found in ranges
        for limit in found["spec"]["limits"]
        if limit.get("type") in ("Container", "Pod")
        for resource, most in (limit.get("max") or {}).items()
        for pool_name, pool in _pools(profile, roles).items()
        if (pool_resource := {"cpu": pool.cpu, "memory": pool.memory}.get(resource))
        and quantity(pool_resource) > quantity(most)
    ]
    if over:
        return failed(name, "; ".join(over), f"ask for less in the profile, or have it raised: {look}")
    return ok(name, "no limit range is in the way")


def service_account(cluster: KubernetesCluster, profile: Profile) -> Check:
    name, account = "service account", profile.service_account
    try:
        cluster.api.get(_account_path(cluster, profile))
    except NotFoundError:
        remedy = within(cluster.namespace, f"create serviceaccount {account}")
        return failed(name, f"there is no {account}: no pod would start", remedy)
    except ForbiddenError:
        return skipped(name, "you may not look at it", within(cluster.namespace, "get serviceaccount"))
    return ok(name, f"{account} is there")


def workload_identity(cluster: KubernetesCluster, profile: Profile) -> Check:
    """A binding of the account itself is the bucket's business and not seen from here; an annotation is."""
    name, account = "Workload Identity", profile.service_account
    if not profile.bucket.startswith("gs://"):
        return skipped(name, "the bucket is not Google's")
    bucket = "/".join(profile.bucket.split("/")[:3])
    look = f"gcloud storage buckets get-iam-policy {bucket}: it should bind subject/ns/{cluster.namespace}/sa/{account}"
    try:
        metadata = cluster.api.get(_account_path(cluster, profile))["metadata"]
    except (NotFoundError, ForbiddenError):
        return skipped(name, "the service account cannot be seen", look)
    if google := (metadata.get("annotations") or {}).get(IMPERSONATES):
        return ok(name, f"{account} acts as {google}; whether that one may write the bucket shows in a pod")
    return skipped(name, f"{account} acts for itself; only the bucket's policy says what it may", look)


def nodes(cluster: KubernetesCluster, profile: Profile) -> Check:
    """Is there, for each pool, a node with its labels and as many TPU chips?"""
    name, look = "nodes", "gcloud container node-pools list --cluster CLUSTER --location LOCATION"
    try:
        found = _items(cluster, "/api/v1/nodes")
    except ForbiddenError:
        return skipped(name, "you may not look at nodes", look)
    absent = [name for name, pool in _pools(profile).items() if not any(_fits(node, pool) for node in found)]
    if not absent:
        return ok(name, "each pool of the profile has a node")
    wanted = "; ".join(f"{pool} wants {_wish(_pools(profile)[pool])}" for pool in absent)
    reason = f"none is up now for {', '.join(absent)} ({wanted}); pools that scale from zero do not show"
    return skipped(name, reason, look)


def _fits(node: Object, pool: Pool) -> bool:
    labels = node["metadata"].get("labels") or {}
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    enough = all(quantity(allocatable.get(resource, "0")) >= asked for resource, asked in _asks(pool).items())
    return enough and pool.node_labels.items() <= labels.items()


def _wish(pool: Pool) -> str:
    labels = [f"{label}={value}" for label, value in pool.node_labels.items()]
    return ", ".join([f"{pool.cpu} CPU", pool.memory, *labels])


def _asks(pool: Pool) -> dict[str, float]:
    asks = {"cpu": quantity(pool.cpu), "memory": quantity(pool.memory)}
    return asks | ({pool.accelerator.resource: float(pool.accelerator.count)} if pool.accelerator else {})


def _pools(profile: Profile, roles: Iterable[Role] = Role) -> dict[str, Pool]:
    return {role.pool: profile.pool(role) for role in roles}


def _account_path(cluster: KubernetesCluster, profile: Profile) -> str:
    return f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/{profile.service_account}"


def _items(cluster: KubernetesCluster, path: str) -> list[Object]:
    return list(cluster.api.get(path).get("items") or ())

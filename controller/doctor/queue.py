"""Is the Kueue queue there that the profile names? Without it a released Job would wait for ever."""

from __future__ import annotations

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.check import Check, failed, ok, skipped
from controller.kube.api_errors import ForbiddenError, NotFoundError
from controller.profiles.profile import Profile

NAME = "queue"
GROUP = "/apis/kueue.x-k8s.io"


def queue(cluster: KubernetesCluster, profile: Profile) -> Check:
    """In whichever version of its API this Kueue prefers."""
    wanted, look = profile.queue, f"kubectl get localqueues --namespace {cluster.namespace}"
    if not wanted:
        return skipped(NAME, f"profile {profile.name} names none")
    try:
        version = cluster.api.get(GROUP)["preferredVersion"]["groupVersion"]
    except NotFoundError:
        remedy = f"install it (https://kueue.sigs.k8s.io), or take queue out of profile {profile.name}"
        return failed(NAME, f"the cluster has no Kueue, and the profile's queue is {wanted}", remedy)
    except ForbiddenError:
        return skipped(NAME, "you may not ask which APIs there are", look)
    try:
        cluster.api.get(f"/apis/{version}/namespaces/{cluster.namespace}/localqueues/{wanted}")
    except NotFoundError:
        reason = f"there is no LocalQueue {wanted} in {cluster.namespace}"
        return failed(NAME, reason, f"name one that is there: {look}")
    except ForbiddenError:
        return skipped(NAME, "you may not look at it", look)
    return ok(NAME, f"LocalQueue {wanted} is there")

"""Is the claim there that holds a bucket in a directory, and is it bound? Without it no pod would start."""

from __future__ import annotations

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.check import Check, failed, ok, skipped
from controller.kube.api_errors import ForbiddenError, NotFoundError
from controller.kube.kubectl import cluster_wide, within
from controller.profiles.profile import Profile

_NAME = "bucket volume"


def bucket_volume(cluster: KubernetesCluster, profile: Profile) -> Check:
    claim = profile.bucket_volume
    if not claim:
        return skipped(_NAME, "the bucket is on no volume")
    look = within(cluster.namespace, f"describe pvc {claim}")
    try:
        found = cluster.api.get(f"/api/v1/namespaces/{cluster.namespace}/persistentvolumeclaims/{claim}")
    except NotFoundError:
        reason = f"there is no PersistentVolumeClaim {claim} in {cluster.namespace}: no pod would start"
        return failed(_NAME, reason, "make it (k8s/overlays/kind/bucket.yaml is an example)")
    except ForbiddenError:
        return skipped(_NAME, "you may not look at it", look)
    phase = (found.get("status") or {}).get("phase") or "Pending"
    if "deletionTimestamp" in found["metadata"]:
        return failed(_NAME, f"{claim} is being deleted", f"{look}; make it anew once it is gone")
    if phase == "Bound":
        return ok(_NAME, f"{claim} is bound")
    if phase == "Lost":
        return failed(_NAME, f"{claim} has lost its volume", f"{look}; make claim and volume anew")
    volume = (found.get("spec") or {}).get("volumeName")
    if not volume:
        # A class that binds with the first pod leaves the claim pending until then.
        return skipped(_NAME, f"{claim} is not bound yet; some storage classes bind with the first pod", look)
    patch = '[{"op": "remove", "path": "/spec/claimRef/uid"}]'
    remedy = (
        f"{cluster_wide(f'get pv {volume}')}: a volume that is Released still remembers a deleted claim; free it with "
        + cluster_wide(f"patch pv {volume} --type json --patch '{patch}'")
    )
    return failed(_NAME, f"{claim} waits for the volume {volume}, which is not free", remedy)

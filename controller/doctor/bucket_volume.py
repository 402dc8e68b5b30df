"""Is the claim there that holds a bucket in a directory, and is it bound? Without it no pod would start."""

from __future__ import annotations

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.check import Check, failed, ok, skipped
from controller.kube.api_errors import ForbiddenError, NotFoundError
from controller.profiles.profile import Profile

CHECK = "bucket volume"


def bucket_volume(cluster: KubernetesCluster, profile: Profile) -> Check:
    claim = profile.bucket_volume
    if not claim:
        return skipped(CHECK, "the bucket is on no volume")
    look = f"kubectl describe pvc {claim} --namespace {cluster.namespace}"
    try:
        found = cluster.api.get(f"/api/v1/namespaces/{cluster.namespace}/persistentvolumeclaims/{claim}")
    except NotFoundError:
        reason = f"there is no PersistentVolumeClaim {claim} in {cluster.namespace}: no pod would start"
        return failed(CHECK, reason, "make it (k8s/overlays/kind/bucket.yaml is an example)")
    except ForbiddenError:
        return skipped(CHECK, "you may not look at it", look)
    phase = (found.get("status") or {}).get("phase") or "Pending"
    if "deletionTimestamp" in found["metadata"]:
        return failed(CHECK, f"{claim} is being deleted", f"{look}; make it anew once it is gone")
    if phase == "Bound":
        return ok(CHECK, f"{claim} is bound")
    if phase == "Lost":
        return failed(CHECK, f"{claim} has lost its volume", f"{look}; make claim and volume anew")
    volume = (found.get("spec") or {}).get("volumeName")
    if not volume:
        # A class that binds with the first pod leaves the claim pending until then.
        return skipped(CHECK, f"{claim} is not bound yet; some storage classes bind with the first pod", look)
    remedy = (
        f"kubectl get pv {volume}: a volume that is Released still remembers a deleted claim; free it with "
        f'kubectl patch pv {volume} --type json --patch \'[{{"op": "remove", "path": "/spec/claimRef/uid"}}]\''
    )
    return failed(CHECK, f"{claim} waits for the volume {volume}, which is not free", remedy)

"""What can be known before anything is created: that the cluster and the bucket will take it."""

from __future__ import annotations

import uuid

from controller.kubernetes import KubernetesCluster
from controller.profile import Profile
from jobs.errors import PreflightError, StoreError
from jobs.store import Store

_VERBS = ("get", "list", "watch", "create", "patch")


def cheap_checks(profile: Profile, cluster: KubernetesCluster, store: Store) -> None:
    """A few requests. Raises ``PreflightError``, or an ``ApiError`` when the cluster does not answer."""
    denied = [verb for verb in _VERBS if not cluster.may(verb, "jobs", group="batch").allowed]
    if denied:
        raise PreflightError(
            f"namespace {profile.namespace}",
            f"you may not {', '.join(denied)} Jobs there",
            f"kubectl apply -k k8s/base makes the Role covid-ctl-submitter; bind it: kubectl -n {profile.namespace} "
            "create rolebinding NAME --role covid-ctl-submitter --user YOU",
        )
    probe = f"probe-{uuid.uuid4().hex}"
    try:
        store.create(probe, b"")
        store.delete(probe)
    except StoreError as error:
        raise PreflightError(f"bucket {profile.bucket}", f"cannot be written: {error.reason}", error.remedy) from error

"""A step as a ``batch/v1`` Job: a plain camelCase dict, the same for processes and for a cluster. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from controller.kinds.registry import KINDS, image_of, pool_of
from controller.labels import (
    ANNOTATION_AFTER,
    ANNOTATION_BUCKET,
    ANNOTATION_EVICTION,
    ANNOTATION_GATE,
    ANNOTATION_LABEL,
    ANNOTATION_LONGEST_RUN,
    ANNOTATION_QUEUE,
    ANNOTATION_SPEC,
    ANNOTATION_TEMPLATE,
    CONTAINER,
    GATE,
    LABEL_KIND,
    LABEL_MANAGED_BY,
    LABEL_NAME,
    LABEL_QUEUE,
    LABEL_RECIPE,
    MANAGER,
    Job,
)
from controller.planning.plan import Step
from controller.planning.tunables import HUGE_PAGES, with_tunables
from controller.profiles.pod_price import pod_price
from controller.profiles.pool import MOST_FLEX_HOURS, SPOT, Pool, Role
from controller.profiles.profile import Profile
from jobs.errors import (
    ConfigurationError,
    DivergedError,
    InputNotCompleteError,
    LimitReachedError,
    PreflightError,
    ShardError,
    StoreUnreachableError,
)
from jobs.spec import canonical

SCRATCH = "/scratch"
RETRIES_PER_SHARD = 3
GRACE_SECONDS = 30
"""Between SIGTERM and SIGKILL. Spot nodes give less: a save is planned for 12 s."""
TTL_SECONDS = 7 * 24 * 3600
HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS
USER = 65532
"""UID the containers run as. Any non-root UID works."""


def render(step: Step, profile: Profile, *, suspend: bool = False) -> Job:
    """The Job of one step. Its name is the artifact's; shards are its completion indexes.

    ``suspend`` it while what it reads is not complete. Raises ``PreflightError`` for a limit in dollars where no price
    is known.
    """
    spec = step.spec
    pool = pool_of(spec.kind, profile)
    labels = {**profile.labels, LABEL_NAME: "covid-ctl", LABEL_MANAGED_BY: MANAGER, LABEL_KIND: str(spec.kind)}
    if spec.recipe:
        labels[LABEL_RECIPE] = spec.recipe
    annotations = {**profile.annotations, ANNOTATION_SPEC: spec.sha256, ANNOTATION_BUCKET: profile.bucket}
    if step.after:
        annotations[ANNOTATION_AFTER] = ",".join(step.after)
    if step.label:
        annotations[ANNOTATION_LABEL] = step.label
    if suspend:
        annotations[ANNOTATION_GATE] = GATE
    template = {
        "metadata": {"labels": dict(labels), "annotations": {**profile.annotations, **_pod_annotations(pool)}},
        "spec": _pod(step, profile),
    }
    annotations[ANNOTATION_TEMPLATE] = hashlib.sha256(canonical(template)).hexdigest()
    deadline = KINDS[spec.kind].deadline_days * DAY_SECONDS
    if pool.flex_start:
        annotations[ANNOTATION_LONGEST_RUN] = str(min(deadline, MOST_FLEX_HOURS * HOUR_SECONDS))
    queued = {}
    if profile.queue:
        annotations[ANNOTATION_QUEUE] = profile.queue
        queued = {} if suspend else {LABEL_QUEUE: profile.queue}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": step.name,
            "namespace": profile.namespace,
            "labels": {**labels, **queued},
            "annotations": annotations,
        },
        "spec": {
            "suspend": suspend or bool(profile.queue),
            "completionMode": "Indexed",
            "completions": spec.shards,
            "parallelism": min(spec.shards, profile.parallelism),
            "backoffLimitPerIndex": RETRIES_PER_SHARD,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules()},
            "activeDeadlineSeconds": deadline,
            "ttlSecondsAfterFinished": TTL_SECONDS,
            "template": template,
        },
    }


def _pod_annotations(pool: Pool) -> dict[str, str]:
    """The autoscaler may move CPU workers together, which costs a shard; moving a TPU pod costs the slice."""
    stays = pool.accelerator or pool.flex_start
    return {ANNOTATION_EVICTION: "false" if stays else "true"}


def _failure_rules() -> list[dict[str, Any]]:
    """Preemption, an unreachable bucket and an incomplete input count for nothing; a bad shard fails its index; an
    error that no retry mends fails the Job. The first rule that matches decides."""

    def on_exit(action: str, *codes: int) -> dict[str, Any]:
        return {"action": action, "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": list(codes)}}

    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        on_exit("Ignore", StoreUnreachableError.container_exit_code, InputNotCompleteError.container_exit_code),
        on_exit("FailIndex", ShardError.container_exit_code),
        on_exit(
            "FailJob",
            ConfigurationError.container_exit_code,
            DivergedError.container_exit_code,
            LimitReachedError.container_exit_code,
        ),
    ]


def _pod(step: Step, profile: Profile) -> dict[str, Any]:
    pool = pool_of(step.spec.kind, profile)
    volumes: list[dict[str, Any]] = [{"name": "scratch", "emptyDir": {"sizeLimit": pool.scratch}}]
    mounts = [{"name": "scratch", "mountPath": SCRATCH}]
    if profile.bucket_volume:
        volumes.append({"name": "bucket", "persistentVolumeClaim": {"claimName": profile.bucket_volume}})
        mounts.append({"name": "bucket", "mountPath": profile.bucket})
    trains_on_cpus = KINDS[step.spec.kind].role is Role.TRAINER and not pool.accelerator
    env = {
        **with_tunables(HUGE_PAGES if trains_on_cpus else {}, profile.env),
        "TMPDIR": SCRATCH,
        "HOME": SCRATCH,
        # `python -m` would let modules of the working directory take the place of ours.
        "PYTHONSAFEPATH": "1",
        **(pool.accelerator.env if pool.accelerator else {}),
    }
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "serviceAccountName": profile.service_account,
        "priorityClassName": profile.priority_class,
        "imagePullSecrets": [{"name": name} for name in profile.image_pull_secrets],
        # Workers need the bucket, never the API server.
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "nodeSelector": pool.node_labels,
        "tolerations": _tolerations(pool),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": CONTAINER,
                "image": image_of(step.spec.kind, profile),
                # As for digests anyway; a tag that a node has, as on kind, is the one that is meant.
                "imagePullPolicy": "IfNotPresent",
                "command": ["python", "-m", "jobs"],
                "args": [
                    str(step.spec.kind),
                    "--bucket",
                    profile.bucket,
                    "--name",
                    step.name,
                    *step.arguments,
                    *_price(step, profile),
                ],
                "env": [{"name": name, "value": value} for name, value in env.items()],
                "resources": _resources(pool),
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": mounts,
            }
        ],
        "volumes": volumes,
    }
    return {key: value for key, value in pod.items() if value not in ({}, [], "")}


def _price(step: Step, profile: Profile) -> list[str]:
    """What tells a container its price, where it has a limit in dollars."""
    if not any(argument.startswith("max_dollars=") for argument in step.arguments):
        return []
    name = KINDS[step.spec.kind].role.pool
    price = pod_price(pool_of(step.spec.kind, profile), profile)
    if price is None:
        reason = f"it has a limit in dollars, and profile {profile.name} knows no price of its pods"
        remedy = f"COVID_CTL_{name.upper()}__DOLLARS_PER_HOUR=PRICE, or {name}.dollars_per_hour in the profile"
        raise PreflightError(step.name, reason, remedy)
    return ["--dollars-per-hour", str(price.dollars_per_hour)]


def _tolerations(pool: Pool) -> list[dict[str, Any]]:
    tolerations = [toleration.to_json() for toleration in pool.tolerations]
    if pool.spot:
        tolerations.append({"key": SPOT, "operator": "Equal", "value": "true", "effect": "NoSchedule"})
    if pool.accelerator:
        tolerations.append({"key": pool.accelerator.resource, "operator": "Exists", "effect": "NoSchedule"})
    return tolerations


def _resources(pool: Pool) -> dict[str, Any]:
    """No limit on CPU: what a node has to spare may be used."""
    devices = {pool.accelerator.resource: str(pool.accelerator.count)} if pool.accelerator else {}
    return {
        "requests": {"cpu": pool.cpu, "memory": pool.memory, "ephemeral-storage": pool.scratch, **devices},
        "limits": {"memory": pool.memory, "ephemeral-storage": pool.scratch, **devices},
    }

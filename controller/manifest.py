"""A step as a ``batch/v1`` Job: a plain camelCase dict, the same for processes and for a cluster. Pure."""

from __future__ import annotations

from typing import Any

from controller.plan import Step
from controller.profile import Profile
from jobs.errors import ConfigurationError, DivergedError, ShardError
from jobs.spec import Kind

LABEL_NAME = "app.kubernetes.io/name"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_KIND = "covid-ctl/kind"
LABEL_RECIPE = "covid-ctl/recipe"
ANNOTATION_SPEC = "covid-ctl/spec-sha256"
MANAGER = "covid-ctl"

CONTAINER = "step"
SCRATCH = "/scratch"
RETRIES_PER_SHARD = 3
GRACE_SECONDS = 30
"""Between SIGTERM and SIGKILL. Spot nodes give less: a save is planned for 12 s."""
TTL_SECONDS = 7 * 24 * 3600

Job = dict[str, Any]

_TRAINED = (Kind.PRETRAIN, Kind.EXPORT)


def render(step: Step, profile: Profile) -> Job:
    """The Job of one step. Its name is the artifact's; shards are its completion indexes."""
    spec = step.spec
    labels = {LABEL_NAME: "covid-ctl", LABEL_MANAGED_BY: MANAGER, LABEL_KIND: str(spec.kind)}
    if spec.recipe:
        labels[LABEL_RECIPE] = spec.recipe
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": step.name,
            "namespace": profile.namespace,
            "labels": labels,
            "annotations": {ANNOTATION_SPEC: spec.sha256},
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": spec.shards,
            "parallelism": min(spec.shards, profile.parallelism),
            "backoffLimitPerIndex": RETRIES_PER_SHARD,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules()},
            "ttlSecondsAfterFinished": TTL_SECONDS,
            "template": {"metadata": {"labels": dict(labels)}, "spec": _pod(step, profile)},
        },
    }


def _failure_rules() -> list[dict[str, Any]]:
    """Preemption is not failure; a bad shard fails its index; what no retry mends fails the Job."""

    def on_exit(action: str, *codes: int) -> dict[str, Any]:
        return {"action": action, "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": list(codes)}}

    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        on_exit("FailIndex", ShardError.container_exit_code),
        on_exit("FailJob", ConfigurationError.container_exit_code, DivergedError.container_exit_code),
    ]


def _pod(step: Step, profile: Profile) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": CONTAINER,
                "image": profile.trainer_image if step.spec.kind in _TRAINED else profile.worker_image,
                "command": ["python", "-m", "jobs"],
                "args": [
                    str(step.spec.kind),
                    *("--bucket", profile.bucket),
                    *("--name", step.name),
                    *step.arguments,
                ],
                "env": [
                    {"name": "TMPDIR", "value": SCRATCH},
                    {"name": "HOME", "value": SCRATCH},
                    # `python -m` would let modules of the working directory take the place of ours.
                    {"name": "PYTHONSAFEPATH", "value": "1"},
                ],
                "resources": _resources(step.spec.kind),
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": [{"name": "scratch", "mountPath": SCRATCH}],
            }
        ],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }


def _resources(kind: Kind) -> dict[str, Any]:
    cpu, memory = ("4", "16Gi") if kind in _TRAINED else ("1", "2Gi")
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}

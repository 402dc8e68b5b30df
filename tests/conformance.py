"""What every cluster must do with an Indexed Job: one table, run against processes, a model and the real thing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.clusters.interface import Cluster, JobState, JobStatus
from controller.labels import ANNOTATION_SPEC, LABEL_MANAGED_BY, MANAGER, Job
from tests.standin_kubelet import DISRUPTED, NO_SCHEDULER, RUNS

NAME = "conformance-00000000"
SECONDS = 120.0


def on_exit(action: str, *codes: int, operator: str = "In") -> dict[str, Any]:
    return {"action": action, "onExitCodes": {"containerName": "step", "operator": operator, "values": list(codes)}}


RULES = (
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    on_exit("Ignore", 45, 46),
    on_exit("FailIndex", 42),
    on_exit("FailJob", 43, 44, 47),
)


@dataclass(frozen=True)
class Case:
    """``exits`` has the exit codes of an index's attempts, the last repeating; without any it exits with 0."""

    name: str
    exits: Mapping[int, tuple[int, ...]]
    ends: tuple[str, str]
    """Type and reason of the terminal condition."""
    succeeded: int
    failed: int = 0
    failures: int = 0
    attempts: Mapping[int, int] = field(default_factory=dict)
    """How often each of the named indexes was started."""
    completions: int = 3
    parallelism: int = 2
    backoff_limit: int = 1
    rules: tuple[Mapping[str, Any], ...] = RULES
    suspended: bool = False
    deadline_seconds: int | None = None

    @property
    def needs_pods(self) -> bool:
        """Nothing takes a process away as a node's end takes a pod."""
        return any(DISRUPTED in codes for codes in self.exits.values())


COMPLETE = ("Complete", "CompletionsReached")
SOME_FAILED = ("Failed", "FailedIndexes")
BY_POLICY = ("Failed", "PodFailurePolicy")

CASES = (
    Case("every index succeeds", {}, COMPLETE, succeeded=3, attempts={0: 1, 1: 1, 2: 1}),
    Case("one index alone", {}, COMPLETE, succeeded=1, completions=1),
    Case("a failed index is tried again", {1: (1, 0)}, COMPLETE, succeeded=3, failures=1, attempts={0: 1, 1: 2, 2: 1}),
    Case("an index ended by a signal is tried again", {0: (137, 0)}, COMPLETE, succeeded=3, failures=1),
    Case(
        "an index fails after its retries and the others go on", {0: (1,)}, SOME_FAILED,
        succeeded=2, failed=1, failures=2, attempts={0: 2, 1: 1, 2: 1},
    ),
    Case(
        "without retries the first failure is final", {0: (1,)}, SOME_FAILED,
        succeeded=2, failed=1, failures=1, attempts={0: 1}, backoff_limit=0,
    ),
    Case(
        "FailIndex does not try again", {1: (42, 0)}, SOME_FAILED,
        succeeded=2, failed=1, failures=1, attempts={1: 1},
    ),
    Case(
        "FailJob ends what runs", {0: (43,), 1: (RUNS,)}, BY_POLICY,
        succeeded=0, failures=2, attempts={0: 1}, completions=2,
    ),
    Case(
        "FailJob starts no further index", {0: (44,)}, BY_POLICY,
        succeeded=0, failures=1, attempts={0: 1, 1: 0}, parallelism=1,
    ),
    Case(
        "exit codes that are ignored are tried again and count for nothing", {0: (45, 46, 0)}, COMPLETE,
        succeeded=3, attempts={0: 3}, backoff_limit=0,
    ),
    Case(
        "the first rule that matches decides", {0: (42, 0)}, COMPLETE,
        succeeded=3, attempts={0: 2}, backoff_limit=0, rules=(on_exit("Ignore", 42), on_exit("FailJob", 42)),
    ),
    Case(
        "NotIn matches every other failure", {0: (7,)}, SOME_FAILED,
        succeeded=2, failed=1, failures=1, rules=(on_exit("FailIndex", 8, 9, operator="NotIn"),),
    ),
    Case(
        "the deadline ends what runs", {0: (RUNS,)}, ("Failed", "DeadlineExceeded"),
        succeeded=0, failures=1, completions=1, deadline_seconds=1,
    ),
    Case("a suspended Job waits for its release", {}, COMPLETE, succeeded=3, suspended=True),
    Case(
        "a disrupted pod is replaced and counts for nothing", {0: (DISRUPTED, 0)}, COMPLETE,
        succeeded=3, attempts={0: 2}, backoff_limit=0,
    ),
)  # fmt: skip


def job(case: Case, program: str = "") -> Job:
    labels = {LABEL_MANAGED_BY: MANAGER}
    spec: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": case.completions,
        "parallelism": case.parallelism,
        "backoffLimitPerIndex": case.backoff_limit,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [dict(rule) for rule in case.rules]},
        "suspend": case.suspended,
    }
    if case.deadline_seconds is not None:
        spec["activeDeadlineSeconds"] = case.deadline_seconds
    container = {
        "name": "step",
        "image": "none",
        "command": ["python", "-c"],
        "args": [program],
        "env": [{"name": "TMPDIR", "value": "/scratch"}],
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "restartPolicy": "Never",
        "schedulerName": NO_SCHEDULER,
        "terminationGracePeriodSeconds": 5,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": NAME, "labels": labels, "annotations": {ANNOTATION_SPEC: "0" * 64}},
        "spec": {**spec, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def check(
    case: Case,
    cluster: Cluster,
    made: Job,
    *,
    step: Callable[[], None],
    attempts: Callable[[], Any],
    seconds: float = SECONDS,
) -> None:
    """Run one case; ``step`` lets the world move on, ``attempts()[index]`` is how often an index was started."""
    cluster.create(made)
    if case.suspended:
        for _ in range(3):
            step()
            assert _status(cluster).state is JobState.SUSPENDED
        assert not any(attempts()[index] for index in range(case.completions))
        cluster.release(NAME)
    deadline = time.monotonic() + seconds
    status = _status(cluster)
    while not status.condition:
        assert time.monotonic() < deadline, status
        assert status.active <= case.parallelism
        step()
        status = _status(cluster)
    assert (status.condition.type, status.condition.reason) == case.ends
    assert (status.succeeded, status.failed, status.failures) == (case.succeeded, case.failed, case.failures)
    assert {index: attempts()[index] for index in case.attempts} == dict(case.attempts)
    assert status.active == 0


def _status(cluster: Cluster) -> JobStatus:
    status = cluster.status(NAME)
    assert status is not None
    return status

"""A model of Kubernetes' Job controller and garbage collector, written from their documentation.

It shares no line with ``controller.clusters.job_policy``: the conformance table compares the two. Pods are made
pending; whoever plays kubelet reports through their status how they fared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.api_server.store import Object, Store

TRACKING = "batch.kubernetes.io/job-tracking"
FOREGROUND = "foregroundDeletion"
JOB_NAME = "batch.kubernetes.io/job-name"
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
PENDING_OR_RUNNING = ("Pending", "Running")


@dataclass
class _Account:
    succeeded: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    failures: dict[int, int] = field(default_factory=dict)
    ignored: dict[int, int] = field(default_factory=dict)
    not_before: dict[int, float] = field(default_factory=dict)
    counted: int = 0
    verdict: tuple[str, str] | None = None


class JobController:
    """``settle`` brings every Job as far as it goes without time or pods moving on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._accounts: dict[str, _Account] = {}
        self._settling = False
        self.refuse_pods: Callable[[Object], str | None] = lambda _pod: None
        """Why no pod may be made, as quota or admission say it; None lets it be made."""
        store.on_change = self.settle

    def settle(self) -> None:
        if self._settling:
            return
        self._settling = True
        try:
            before = -1
            while before != self._store.version:
                before = self._store.version
                for job in self._store.all("jobs", ""):
                    self._sync(job)
        finally:
            self._settling = False

    def _sync(self, job: Object) -> None:
        meta, spec = job["metadata"], job["spec"]
        account = self._accounts.setdefault(meta["uid"], _Account())
        pods = self._pods(job)
        if "deletionTimestamp" in meta:
            self._end(pods)
            if not self._pods(job) and FOREGROUND in meta["finalizers"]:
                meta["finalizers"].remove(FOREGROUND)
                self._store.update("jobs", meta["namespace"], job)
            return
        if any(found["type"] in ("Complete", "Failed") for found in job["status"].get("conditions", ())):
            self._expire(job)
            return
        for pod in pods:
            if pod["status"]["phase"] not in PENDING_OR_RUNNING and TRACKING in pod["metadata"]["finalizers"]:
                self._account_for(job, pod, account)
                self._untrack(pod)
        self._judge(job, account)
        active = [pod for pod in self._pods(job) if pod["status"]["phase"] in PENDING_OR_RUNNING]
        if account.verdict or spec.get("suspend"):
            account.counted += len(active) if account.verdict else 0
            self._end(active)
            active = []
        else:
            self._make_pods(job, account, active)
        self._report(job, account)

    def _pods(self, job: Object) -> list[Object]:
        uid = job["metadata"]["uid"]
        return [
            pod
            for pod in self._store.all("pods", job["metadata"]["namespace"])
            if any(owner["uid"] == uid for owner in pod["metadata"].get("ownerReferences", ()))
        ]

    def _account_for(self, job: Object, pod: Object, account: _Account) -> None:
        spec, index = job["spec"], int(pod["metadata"]["labels"][INDEX])
        if pod["status"]["phase"] == "Succeeded":
            account.succeeded.add(index)
            return
        rule, action = self._matching_rule(spec, pod)
        if action == "Ignore":
            account.ignored[index] = account.ignored.get(index, 0) + 1
        else:
            account.counted += 1
            account.failures[index] = account.failures.get(index, 0) + 1
        if action == "FailJob" and not account.verdict:
            who = (
                f"Container {_container(pod)['name']} for pod {job['metadata']['namespace']}/{pod['metadata']['name']}"
            )
            message = f"{who} failed with exit code {_exit_code(pod)} matching FailJob rule at index {rule}"
            account.verdict = ("PodFailurePolicy", message)
        limit = spec.get("backoffLimitPerIndex", 6)
        if action == "FailIndex" or account.failures.get(index, 0) > limit:
            account.failed.add(index)
        times = account.failures.get(index, 0) + account.ignored.get(index, 0)
        account.not_before[index] = self._store.clock() + min(10 * 2 ** (times - 1), 600)

    def _matching_rule(self, spec: Object, pod: Object) -> tuple[int, str]:
        conditions = {(found["type"], found["status"]) for found in pod["status"].get("conditions", ())}
        for position, rule in enumerate(spec.get("podFailurePolicy", {}).get("rules", ())):
            if any((found["type"], found["status"]) in conditions for found in rule.get("onPodConditions", ())):
                return position, rule["action"]
            codes = rule.get("onExitCodes")
            code = _exit_code(pod)
            if codes and code and (code in codes["values"]) is (codes["operator"] == "In"):
                return position, rule["action"]
        return -1, "Count"

    def _judge(self, job: Object, account: _Account) -> None:
        spec, started = job["spec"], job["status"].get("startTime")
        deadline = spec.get("activeDeadlineSeconds")
        if account.verdict:
            return
        if deadline and started and self._store.clock() >= datetime.fromisoformat(started).timestamp() + deadline:
            account.verdict = ("DeadlineExceeded", "Job was active longer than specified deadline")
        elif account.counted > spec.get("backoffLimit", 2**31 - 1):
            account.verdict = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        elif account.failed and len(account.failed | account.succeeded) == spec["completions"]:
            account.verdict = ("FailedIndexes", "Job has failed indexes")

    def _make_pods(self, job: Object, account: _Account, active: list[Object]) -> None:
        taken = {int(pod["metadata"]["labels"][INDEX]) for pod in active} | account.succeeded | account.failed
        room = job["spec"].get("parallelism", 1) - len(active)
        for index in range(job["spec"]["completions"]):
            if room <= 0:
                return
            if index in taken or account.not_before.get(index, 0) > self._store.clock():
                continue
            room -= 1
            pod = _pod_of(job, index, account.failures.get(index, 0), account.ignored.get(index, 0))
            if words := self.refuse_pods(pod):
                self._event(job, "FailedCreate", f"Error creating: {words}")
                return
            self._store.create("pods", job["metadata"]["namespace"], pod)

    def _report(self, job: Object, account: _Account) -> None:
        spec, status = job["spec"], job["status"]
        pods = self._pods(job)
        active = [pod for pod in pods if pod["status"]["phase"] in PENDING_OR_RUNNING]
        suspended = bool(spec.get("suspend"))
        if not suspended and "startTime" not in status:
            status["startTime"] = self._store.now()
        status |= {
            "active": sum("deletionTimestamp" not in pod["metadata"] for pod in active),
            "terminating": sum("deletionTimestamp" in pod["metadata"] for pod in active),
            "ready": sum(pod["status"]["phase"] == "Running" for pod in active),
            "succeeded": len(account.succeeded),
            "failed": account.counted,
            "completedIndexes": _ranges(account.succeeded),
            "failedIndexes": _ranges(account.failed),
        }
        if account.verdict:
            self._condition(status, "FailureTarget", *account.verdict)
            if not active:
                self._condition(status, "Failed", *account.verdict)
        elif len(account.succeeded) == spec["completions"]:
            words = ("CompletionsReached", "Reached expected number of succeeded pods")
            self._condition(status, "SuccessCriteriaMet", *words)
            self._condition(status, "Complete", *words)
            status["completionTime"] = self._store.now()
        elif suspended:
            self._condition(status, "Suspended", "JobSuspended", "Job suspended")
        else:
            status["conditions"] = [c for c in status.get("conditions", ()) if c["type"] != "Suspended"]
        self._store.update("jobs", job["metadata"]["namespace"], job)

    def _condition(self, status: Object, kind: str, reason: str, message: str) -> None:
        conditions = status.setdefault("conditions", [])
        if not any(found["type"] == kind for found in conditions):
            now = self._store.now()
            conditions.append(
                {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}
            )

    def _event(self, job: Object, reason: str, message: str) -> None:
        meta = job["metadata"]
        about = {"kind": "Job", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]}
        name = f"{meta['name']}.{reason.lower()}"
        if self._store.find("events", meta["namespace"], name):
            return
        event = {
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "involvedObject": about,
            "type": "Warning", "reason": reason, "message": message, "count": 1, "lastTimestamp": self._store.now(),
        }  # fmt: skip
        self._store.create("events", meta["namespace"], event)

    def _end(self, pods: list[Object]) -> None:
        """Delete pods; no node holds them, so nothing of them stays once they are not tracked."""
        for pod in pods:
            self._store.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
            if found := self._store.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"]):
                self._untrack(found)

    def _untrack(self, pod: Object) -> None:
        pod["metadata"]["finalizers"] = [name for name in pod["metadata"]["finalizers"] if name != TRACKING]
        pod["metadata"].pop("resourceVersion")
        self._store.update("pods", pod["metadata"]["namespace"], pod)

    def _expire(self, job: Object) -> None:
        ended = [c for c in job["status"]["conditions"] if c["type"] in ("Complete", "Failed")]
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        at = datetime.fromisoformat(ended[0]["lastTransitionTime"]).timestamp()
        if ttl is not None and self._store.clock() >= at + ttl:
            self.delete_job(job, "Foreground")

    def delete_job(self, job: Object, propagation: str) -> Object:
        meta = job["metadata"]
        if propagation == "Foreground":
            meta["finalizers"] = [FOREGROUND]
            self._store.update("jobs", meta["namespace"], job)
        elif propagation == "Background":
            self._end(self._pods(job))
        return self._store.delete("jobs", meta["namespace"], meta["name"])


def _pod_of(job: Object, index: int, failures: int, ignored: int) -> Object:
    meta, template = job["metadata"], job["spec"]["template"]
    labels = {**template.get("metadata", {}).get("labels", {}), JOB_NAME: meta["name"], INDEX: str(index)}
    annotations = {INDEX: str(index), FAILURES: str(failures)} | ({IGNORED: str(ignored)} if ignored else {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{meta['name']}-{index}-",
            "labels": labels,
            "annotations": annotations,
            "finalizers": [TRACKING],
            "ownerReferences": [{"kind": "Job", "name": meta["name"], "uid": meta["uid"], "controller": True}],
        },
        "spec": template["spec"],
        "status": {"phase": "Pending"},
    }


def _container(pod: Object) -> Object:
    return next(iter(pod["status"].get("containerStatuses") or ()), {"name": "", "state": {}})


def _exit_code(pod: Object) -> Any:
    return _container(pod)["state"].get("terminated", {}).get("exitCode", 0)


def _ranges(indexes: set[int]) -> str:
    parts: list[str] = []
    for first in sorted(index for index in indexes if index - 1 not in indexes):
        last = first
        while last + 1 in indexes:
            last += 1
        parts.append({0: f"{first}", 1: f"{first},{last}"}.get(last - first, f"{first}-{last}"))
    return ",".join(parts)

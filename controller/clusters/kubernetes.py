"""Jobs on a Kubernetes cluster. Each method is one short exchange with the API server; nothing is kept.

Raises the classes of ``controller.kube.api_errors`` only. It writes by ``create``, ``release``, ``give_up`` and
``delete``.
To follow many Jobs use ``controller.clusters.informer``, which watches instead of asking.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from controller.clusters.interface import JobStatus
from controller.clusters.job_policy import COMPLETE, FAILED
from controller.clusters.job_status import NOTHING_KNOWN, Surroundings, job_status
from controller.clusters.objects import ObservedEvent, ObservedJob, ObservedPod
from controller.clusters.pod_template import template_changes
from controller.kube.api import APPLY_PATCH, MERGE_PATCH, Api
from controller.kube.api_errors import (
    ApiError,
    ConflictError,
    ForeignJobError,
    NotFoundError,
    StillThereError,
    UnreachableError,
)
from controller.kube.backoff import Retrying
from controller.kube.connection import connect
from controller.kube.kubectl import CLUSTER_INFO, within
from controller.kube.watch import Watch
from controller.labels import (
    ANNOTATION_BUCKET,
    ANNOTATION_GATE,
    ANNOTATION_QUEUE,
    ANNOTATION_SPEC,
    CONTAINER,
    LABEL_JOB,
    LABEL_MANAGED_BY,
    LABEL_QUEUE,
    MANAGER,
    Job,
)

OURS = f"{LABEL_MANAGED_BY}={MANAGER}"
DELETION_SECONDS = 90.0
"""Three times the grace period of a pod."""
LOG_IDLE_SECONDS = 3600.0

# Of events, leave out the ones that say all is well: there are five of them for each pod.
_TELLING = ",".join(
    f"reason!={reason}"
    for reason in ("Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulCreate", "SuccessfulDelete")
)


class _Existing(Enum):
    """What there is of a Job that is about to be created."""

    ABSENT = auto()
    OURS = auto()
    FINISHED_ELSEWHERE = auto()
    """It has ended, and filled another bucket: it only waits for its time to live."""


@dataclass(frozen=True)
class Review:
    """The answer to "may I?"."""

    allowed: bool
    reason: str = ""


class KubernetesCluster:
    """Implements ``controller.clusters.interface.Cluster`` for one namespace of one context."""

    def __init__(
        self, api: Api, *, clock: Callable[[], float] = time.time, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.api = api
        self.namespace = api.namespace
        self._clock = clock
        self._sleep = sleep
        self._jobs = f"/apis/batch/v1/namespaces/{self.namespace}/jobs"
        self._pods = f"/api/v1/namespaces/{self.namespace}/pods"
        self._events = f"/api/v1/namespaces/{self.namespace}/events"

    @classmethod
    def connect(
        cls, context: str | None = None, namespace: str | None = None, *, retrying: Retrying | None = None
    ) -> KubernetesCluster:
        """Connect by the kubeconfig, or from inside a pod; see ``controller.kube.connection``. Sends nothing yet."""
        return cls(Api(connect(context, namespace), retrying=retrying))

    def create(self, job: Job) -> None:
        """Apply the Job, unless it is there: then nothing is sent, so that a released Job stays released.

        Needs the verbs get, patch and create: the server asks for both of the latter where it applies something new.
        Raises ``ForeignJobError`` when a Job of that name is not ours, is of another spec or works for another bucket;
        ``NotFoundError`` when the namespace is missing; ``InvalidError`` naming the fields; ``ForbiddenError`` by
        permission, quota, policy.
        """
        self._apply(job, dry_run=False)

    def validate(self, job: Job) -> None:
        """Have the server check the Job, admission included, and store nothing. Raises what ``create`` raises."""
        self._apply(job, dry_run=True)

    def template_changes(self, job: Job) -> tuple[str, ...]:
        """What of the pod template of the Job that exists is not as in ``job``; empty where there is no Job."""
        try:
            made = self.api.get(f"{self._jobs}/{job['metadata']['name']}")
        except NotFoundError:
            return ()
        return template_changes(made, job)

    def _apply(self, job: Job, *, dry_run: bool) -> None:
        name = job["metadata"]["name"]
        match self._existing(name, job):
            case _Existing.OURS:
                return
            case _Existing.FINISHED_ELSEWHERE if dry_run:
                return  # it is deleted before ours is made
        metadata = {**job["metadata"], "namespace": self.namespace}
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        try:
            # Not forced: where another Job of the name came between, its owner's fields are in conflict.
            self.api.patch(f"{self._jobs}/{name}", {**job, "metadata": metadata}, APPLY_PATCH, **query)
        except ConflictError:
            if self._existing(name, job) is not _Existing.OURS:
                raise

    def _existing(self, name: str, job: Job) -> _Existing:
        """Raises ``ForeignJobError`` for a Job that is in the way, ``StillThereError`` for one that is leaving."""
        try:
            found = self.api.get(f"{self._jobs}/{name}")
        except NotFoundError:
            return _Existing.ABSENT
        metadata = found["metadata"]
        theirs, ours = metadata.get("annotations") or {}, job["metadata"]["annotations"]
        if (metadata.get("labels") or {}).get(LABEL_MANAGED_BY) != MANAGER:
            reason = "a Job of this name exists that covid-ctl did not make"
        elif theirs.get(ANNOTATION_SPEC) != ours[ANNOTATION_SPEC]:
            reason = "a Job of this name exists that was made of another spec"
        elif "deletionTimestamp" in metadata:
            reason = "the Job of this name is still being deleted"
            raise StillThereError(f"jobs/{name}", reason, "give the same command again in a minute")
        elif theirs.get(ANNOTATION_BUCKET) == ours.get(ANNOTATION_BUCKET):
            return _Existing.OURS
        # Names are content: two buckets may want the same step, and one namespace holds one Job of the name.
        elif {COMPLETE, FAILED} & ObservedJob.of(found).conditions.keys():
            return _Existing.FINISHED_ELSEWHERE
        else:
            reason = f"a Job of this name exists that works for another bucket, {theirs.get(ANNOTATION_BUCKET)}"
        raise ForeignJobError(
            f"jobs/{name} in namespace {self.namespace}",
            reason,
            f"{within(self.namespace, f'describe job {name}')}; then use another namespace, or delete it",
        )

    def release(self, name: str) -> None:
        """Remove Kueue's gate, then unsuspend the Job, or put it into its Kueue queue, which unsuspends it later.

        A cluster's default LocalQueue may have taken the Job already: then removing the gate is all.

        Raises ``NotFoundError``.
        """
        metadata = self.api.get(f"{self._jobs}/{name}")["metadata"]
        annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
        if ANNOTATION_GATE in annotations:
            # First, while Kueue still ignores the Job: in one patch it might see the label before the gate is gone.
            self._patch(name, {"metadata": {"annotations": {ANNOTATION_GATE: None}}})
        if queue := annotations.get(ANNOTATION_QUEUE):
            self._patch(name, {"metadata": {"labels": {LABEL_QUEUE: queue}}})
        elif LABEL_QUEUE not in labels:
            self._patch(name, {"spec": {"suspend": False}})

    def give_up(self, name: str) -> None:
        """End a Job of which a pod has failed: it becomes ``Failed``, and its pods end in good order.

        Raises ``NotFoundError``.
        """
        # The limit per index is immutable, the limit of the whole Job is not, and one failure exceeds it.
        self._patch(name, {"spec": {"backoffLimit": 0}})

    def _patch(self, name: str, patch: Mapping[str, Any]) -> None:
        self.api.patch(f"{self._jobs}/{name}", patch, MERGE_PATCH, fieldManager=f"{MANAGER}-tracker")

    def delete(self, name: str, *, wait_seconds: float = DELETION_SECONDS) -> None:
        """Delete the Job after its pods, and wait until all are gone; done already is fine.

        Raises ``StillThereError`` after ``wait_seconds``: the deletion goes on; 0 does not wait.
        """
        # Foreground: the Job outlives its pods, so that its absence proves theirs.
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        try:
            self.api.delete(f"{self._jobs}/{name}", options)
        except NotFoundError:
            return
        for _, error in self.wait_until_gone([name] if wait_seconds else (), wait_seconds=wait_seconds):
            if error:
                raise error

    def wait_until_gone(
        self, names: Iterable[str], *, wait_seconds: float = DELETION_SECONDS
    ) -> Iterator[tuple[str, StillThereError | None]]:
        """Each Job once it and its pods are gone, or with why not yet: ``wait_seconds`` are for all together."""
        deadline = self._clock() + wait_seconds
        for name in names:
            while not (gone := self.job(name) is None and not self.pods(name)) and self._clock() < deadline:
                self._sleep(1.0)
            error = StillThereError(
                f"jobs/{name}",
                f"is still being deleted after {wait_seconds:.0f} s",
                within(self.namespace, f"get pods --selector {LABEL_JOB}={name}"),
            )
            yield name, None if gone else error

    def status(self, name: str, around: Surroundings = NOTHING_KNOWN) -> JobStatus | None:
        """Takes three requests."""
        job = self.job(name)
        if job is None:
            return None
        events = [] if {COMPLETE, FAILED} & job.conditions.keys() else self.events()
        return job_status(job, self.pods(name), events, now=self._clock(), around=around)

    def job(self, name: str) -> ObservedJob | None:
        try:
            return ObservedJob.of(self.api.get(f"{self._jobs}/{name}"))
        except NotFoundError:
            return None

    def jobs(self) -> list[ObservedJob]:
        """All Jobs of covid-ctl in the namespace, found by label."""
        return [ObservedJob.of(job) for job in self._all(self._jobs, labelSelector=OURS)]

    def pods(self, name: str) -> list[ObservedPod]:
        """The pods of one Job that still exist."""
        return [ObservedPod.of(pod) for pod in self._all(self._pods, labelSelector=f"{LABEL_JOB}={name}")]

    def events(self) -> list[ObservedEvent]:
        """Events of the whole namespace except those that report success. Servers keep them for an hour."""
        return [ObservedEvent.of(event) for event in self._all(self._events, fieldSelector=_TELLING)]

    def unready_nodes(self, names: Iterable[str]) -> dict[str, str]:
        """Why each of these nodes is not ready; without those that are, or that may not be looked at."""
        found = {}
        for name in names:
            try:
                node = self.api.get(f"/api/v1/nodes/{name}")
            except NotFoundError:
                found[name] = "it is gone"
                continue
            except ApiError:
                continue  # nodes belong to the whole cluster: few people may look at them
            conditions = {one["type"]: one for one in (node.get("status") or {}).get("conditions") or ()}
            ready = conditions.get("Ready") or {}
            if ready.get("status") != "True":
                found[name] = str(ready.get("message") or ready.get("reason") or "not ready")
        return found

    def logs(
        self, pod: str, *, container: str = CONTAINER, follow: bool = False, tail: int | None = None
    ) -> Iterator[bytes]:
        """A container's log as it comes, in pieces of any size; ``tail`` is the number of last lines.

        Raises ``NotFoundError`` when the pod is gone and ``InvalidError`` while its container has not started.
        """
        query: dict[str, str | int] = {"container": container, "follow": "true" if follow else "false"}
        if tail is not None:
            query["tailLines"] = tail
        with self.api.stream(f"{self._pods}/{pod}/log", idle_seconds=LOG_IDLE_SECONDS, **query) as stream:
            yield from stream.chunks()

    def may(self, verb: str, resource: str, *, group: str = "", subresource: str = "") -> Review:
        """Ask the server itself (SelfSubjectAccessReview), for this namespace."""
        attributes = {
            "namespace": self.namespace,
            "verb": verb,
            "group": group,
            "resource": resource,
            "subresource": subresource,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        status = self.api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)["status"]
        return Review(bool(status.get("allowed")), status.get("reason") or status.get("evaluationError") or "")

    def version(self) -> tuple[int, int]:
        """``(1, 34)``. GKE writes the minor version as ``34+``.

        Raises ``UnreachableError`` when what answers is something else, such as a proxy's page.
        """
        found = self.api.get("/version")
        try:
            return int(found["major"]), int(str(found["minor"]).rstrip("+"))
        except (KeyError, TypeError, ValueError) as error:
            reason = "what answered tells no version of Kubernetes: it is no API server"
            raise UnreachableError(f"context {self.api.context}", reason, CLUSTER_INFO) from error

    def watch_jobs(self) -> Watch[ObservedJob]:
        return Watch(self.api, self._jobs, ObservedJob.of, query={"labelSelector": OURS})

    def watch_pods(self) -> Watch[ObservedPod]:
        return Watch(self.api, self._pods, ObservedPod.of, query={"labelSelector": OURS})

    def watch_events(self) -> Watch[ObservedEvent]:
        return Watch(self.api, self._events, ObservedEvent.of, query={"fieldSelector": _TELLING})

    def _all(self, path: str, **query: str | int) -> Iterator[Mapping[str, Any]]:
        for page in self.api.pages(path, **query):
            yield from page.get("items") or ()

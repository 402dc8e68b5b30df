"""Why a Job does not run: from what the API says of it, its pods and its events, to one line. Tables."""

from typing import Any

import pytest

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_status import Surroundings, job_status
from controller.clusters.objects import ObservedEvent, ObservedJob, ObservedPod

NOW = 1_800_000_000.0
SOON = "2027-01-15T08:00:00Z"  # NOW
EARLIER, LATER = "2027-01-15T07:58:00Z", "2027-01-15T07:59:00Z"


def job(
    *,
    status: dict[str, Any] | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **spec: Any,
) -> ObservedJob:
    meta = {"name": "step-1", "namespace": "papers", "labels": labels or {}, "annotations": annotations or {}}
    return ObservedJob.of(
        {
            "metadata": meta,
            "spec": {"completions": 4, "parallelism": 4, **spec},
            "status": status or {},
        }
    )


def ended(*conditions: str, **status: Any) -> dict[str, Any]:
    """Conditions as ``Type/Reason``."""
    found = [kind.partition("/") for kind in conditions]
    return {
        "conditions": [{"type": t, "status": "True", "reason": r, "message": "its message"} for t, _, r in found]
    } | status


def pod(
    index: int = 0,
    phase: str = "Pending",
    *,
    failures: int = 0,
    name: str = "",
    node: str = "",
    deleted: str = "",
    **status: Any,
) -> ObservedPod:
    labels = {"batch.kubernetes.io/job-name": "step-1", "batch.kubernetes.io/job-completion-index": f"{index}"}
    return ObservedPod.of(
        {
            "metadata": {
                "name": name or f"step-1-{index}-abcde",
                "namespace": "papers",
                "labels": labels,
                "annotations": {"batch.kubernetes.io/job-index-failure-count": str(failures)},
                "creationTimestamp": SOON,
                **({"deletionTimestamp": deleted} if deleted else {}),
            },
            "spec": {"nodeName": node},
            "status": {"phase": phase, **status},
        }
    )


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"containerStatuses": [{"name": "step", "state": {"waiting": {"reason": reason, "message": message}}}]}


def exited(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    ending = {"exitCode": code, "reason": reason, "message": message, "finishedAt": SOON}
    return {"containerStatuses": [{"name": "step", "state": {"terminated": ending}}]}


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "reason": reason, "message": message}]}


def event(reason: str, message: str, *, kind: str = "Job", about: str = "step-1", at: str = SOON) -> ObservedEvent:
    return ObservedEvent.of(
        {
            "metadata": {"name": "e"},
            "involvedObject": {"kind": kind, "name": about},
            "reason": reason,
            "message": message,
            "lastTimestamp": at,
        }
    )


SCHEDULER = "0/9 nodes are available: 9 Insufficient google.com/tpu."
UNSCHEDULABLE = condition("PodScheduled", "False", "Unschedulable", SCHEDULER)
NODE_GONE = condition("DisruptionTarget", "True", "DeletionByTaintManager")
PREEMPTED = condition("DisruptionTarget", "True", "PreemptionByScheduler")
LOST = pod(0, "Running", node="n1", **condition("Ready", "False", ""))
QUEUED = {"kueue.x-k8s.io/queue-name": "tpu"}
GATED = {"kueue.x-k8s.io/admission-gated-by": "covid-ctl/inputs", "covid-ctl/after": "ingest-1"}
RUNNING = [pod(i, "Running") for i in range(4)]
FULL = {"active": 4}
PREEMPTED_BY_KUEUE = (
    "Preempted to accommodate a workload (UID: 77f6b753, JobUID: 70d8162b) due to prioritization; preemptor path: /a"
)
QUOTA = (
    'Error creating: pods "step-1-0-x" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=8, limited: cpu=8'
)
NO_ACCOUNT = 'Error creating: pods "step-1-0-" is forbidden: error looking up service account ns/w: not found'


@pytest.mark.parametrize(
    ("name", "observed", "pods", "events", "state", "reason"),
    [
        ("all runs", job(status=FULL), RUNNING, [], JobState.RUNNING, ""),
        ("just made", job(), [], [], JobState.PENDING, "waits for the Job controller to make its pods"),
        (
            "pulling", job(status=FULL), [pod(**waiting("ContainerCreating"))], [],
            JobState.PENDING, "its pods are starting",
        ),
        ("complete", job(status=ended("SuccessCriteriaMet", "Complete/X")), [], [], JobState.COMPLETE, ""),
        ("completing", job(status=ended("SuccessCriteriaMet")), [], [], JobState.ENDING, "is complete and ends"),
        ("suspended", job(suspend=True), [], [], JobState.SUSPENDED, "is suspended, and its inputs are complete"),
        (
            "queued by Kueue", job(suspend=True, labels={"kueue.x-k8s.io/queue-name": "tpu"}), [], [],
            JobState.SUSPENDED, "waits for the queue tpu to admit it",
        ),
        (
            "no room", job(status=FULL), [pod(i, **UNSCHEDULABLE) for i in range(2)] + [pod(2, "Running")], [],
            JobState.RUNNING, f"2 of 3 pods: Unschedulable: {SCHEDULER}",
        ),
        (
            "no room, and no pool that could grow", job(status=FULL), [pod(**UNSCHEDULABLE)],
            [event("NotTriggerScaleUp", "no node group fits", kind="Pod", about="step-1-0-abcde")],
            JobState.PENDING, f"Unschedulable: {SCHEDULER}; no node group fits",
        ),
        (
            "image", job(status=FULL), [pod(**waiting("ImagePullBackOff", "Back-off pulling image w:1"))], [],
            JobState.PENDING, "ImagePullBackOff: Back-off pulling image w:1",
        ),
        (
            "configuration of the container", job(status=FULL),
            [pod(**waiting("CreateContainerConfigError", "secret not found"))], [],
            JobState.PENDING, "CreateContainerConfigError: secret not found",
        ),
        (
            "volume", job(status=FULL), [pod()],
            [event("FailedMount", "no such volume", kind="Pod", about="step-1-0-abcde")],
            JobState.PENDING, "FailedMount: no such volume",
        ),
        (
            "an event of another Job's pod", job(status=FULL), [pod()],
            [event("FailedMount", "no such volume", kind="Pod", about="other-0-abcde")],
            JobState.PENDING, "its pods are starting",
        ),
        (
            "quota", job(), [], [event("FailedCreate", QUOTA)],
            JobState.PENDING, "quota: exceeded quota: q, requested: cpu=1, used: cpu=8",
        ),
        (
            "no service account", job(), [], [event("FailedCreate", NO_ACCOUNT)],
            JobState.PENDING, "no pod can be made: error looking up service account ns/w: not found",
        ),
        (
            "a quota that was raised since", job(status={"active": 3}), RUNNING[:3],
            [event("FailedCreate", QUOTA, at="2027-01-15T07:59:00Z")], JobState.RUNNING, "",
        ),
        (
            "tried again already", job(status={"active": 3}), [pod(1, "Failed", **exited(1)), *RUNNING[1:]], [],
            JobState.RUNNING, "",
        ),
        (
            "back-off", job(status={"active": 0}), [pod(1, "Failed", **exited(1, message="disk\nfull"))], [],
            JobState.PENDING, "back-off: index 1 tried again in 10 s, after exited with 1: full",
        ),
        (
            "longer back-off", job(), [pod(1, "Failed", failures=3, **exited(137, "OOMKilled"))], [],
            JobState.PENDING,
            "back-off: index 1 tried again in 80 s, after OOMKilled: it used more memory than its limit",
        ),
        (
            "back-off of ten minutes at most", job(), [pod(1, "Failed", failures=40, **exited(1))], [],
            JobState.PENDING, "back-off: index 1 tried again in 600 s, after exited with 1",
        ),
        (
            "back-off after preemption", job(), [pod(0, "Failed", **PREEMPTED), pod(3, "Failed", **PREEMPTED)], [],
            JobState.PENDING,
            "back-off: indexes 0,3 tried again in 10 s, after disrupted: preempted by a pod of higher priority",
        ),
        (
            "evicted", job(), [pod(2, "Failed", reason="Evicted", message="The node was low on memory")], [],
            JobState.PENDING, "back-off: index 2 tried again in 10 s, after evicted: The node was low on memory",
        ),
        (
            "nothing waits for what succeeded later", job(status={"active": 0, "completedIndexes": "1"}),
            [pod(1, "Failed", **exited(1))], [],
            JobState.PENDING, "its pods are starting",
        ),
        (
            "deadline", job(activeDeadlineSeconds=60, status=ended("FailureTarget", "Failed/DeadlineExceeded")), [], [],
            JobState.FAILED, "DeadlineExceeded: it ran longer than the 60 s it may",
        ),
        (
            "failed indexes", job(status=ended("FailureTarget", "Failed/FailedIndexes", failedIndexes="1,3")),
            [pod(1, "Failed", **exited(42, message="bad shard")), pod(3, "Failed", **NODE_GONE)], [],
            JobState.FAILED, "FailedIndexes: indexes 1,3 failed; index 1 exited with 42: bad shard",
        ),
        (
            "failed, and no pod is left to say why", job(status=ended("Failed/PodFailurePolicy")), [], [],
            JobState.FAILED, "PodFailurePolicy: its message",
        ),
        (
            "a node that does not answer", job(status=FULL), [LOST, *RUNNING[1:]], [],
            JobState.RUNNING, "1 of 4 pods: node n1 does not answer; its pods are replaced once they are evicted",
        ),
        (
            "a node that does not answer, by the pod's event", job(status={"active": 1}),
            [pod(0, "Running", node="n1")],
            [event("NodeNotReady", "Node is not ready", kind="Pod", about="step-1-0-abcde")],
            JobState.PENDING, "node n1 does not answer; its pods are replaced",
        ),
        (
            "a pod that cannot end on its lost node", job(), [pod(0, "Running", node="n1", deleted=EARLIER)], [],
            JobState.PENDING, "node n1 does not answer; its pod cannot finish terminating there",
        ),
        (
            "a pod that ends within its grace period", job(), [pod(0, "Running", node="n1", deleted=SOON)], [],
            JobState.PENDING, "its pods are starting",
        ),
        (
            "a node that answers again", job(status={"active": 1}),
            [pod(0, "Running", node="n1", **condition("Ready", "True", ""))],
            [event("NodeNotReady", "Node is not ready", kind="Pod", about="step-1-0-abcde")],
            JobState.RUNNING, "",
        ),
        (
            "a container that is not ready yet", job(status={"active": 1}),
            [pod(0, "Running", node="n1", **condition("Ready", "False", "ContainersNotReady"))], [],
            JobState.RUNNING, "",
        ),
        ("no parallelism", job(parallelism=0), [], [], JobState.PENDING, "its parallelism is 0: somebody set it"),
        (
            "queued, and Kueue says why not", job(suspend=True, labels=QUEUED), [],
            [
                event("QuotaReserved", "Quota reserved", kind="Workload", about="job-step-1-a1b2c", at=EARLIER),
                event("Pending", "no quota for cpu in flavor spot", kind="Workload", about="job-step-1-a1b2c"),
                event("Pending", "another's", kind="Workload", about="job-step-11-a1b2c"),
            ],
            JobState.SUSPENDED, "waits for the queue tpu to admit it: Pending: no quota for cpu in flavor spot",
        ),
        (
            "preempted by Kueue", job(suspend=True, labels=QUEUED), [],
            [event("Preempted", "to make room for another", kind="Workload", about="job-step-1-a1b2c")],
            JobState.SUSPENDED, "waits for the queue tpu to admit it: Preempted: to make room for another",
        ),
        (
            "preempted by Kueue, and waiting since", job(suspend=True, labels=QUEUED), [],
            [
                event("Admitted", "by papers", kind="Workload", about="job-step-1-a1b2c", at=EARLIER),
                event("EvictedDueToPreempted", PREEMPTED_BY_KUEUE, kind="Workload", about="job-step-1-a1b2c", at=LATER),
                event("Pending", "no quota for cpu", kind="Workload", about="job-step-1-a1b2c"),
            ],
            JobState.SUSPENDED,
            "waits for the queue tpu to admit it: Preempted to accommodate a workload due to prioritization; now "
            "Pending: no quota for cpu",
        ),
        (
            "waiting again long after it was preempted", job(suspend=True, labels=QUEUED), [],
            [
                event("Preempted", PREEMPTED_BY_KUEUE, kind="Workload", about="job-step-1-a1b2c", at=EARLIER),
                event("Admitted", "by papers", kind="Workload", about="job-step-1-a1b2c", at=LATER),
                event("Pending", "no quota for cpu", kind="Workload", about="job-step-1-a1b2c"),
            ],
            JobState.SUSPENDED, "waits for the queue tpu to admit it: Pending: no quota for cpu",
        ),
        (
            "in a default queue, and gated", job(suspend=True, labels=QUEUED, annotations=GATED), [], [],
            JobState.SUSPENDED, "waits for its input ingest-1",
        ),
        (
            "failing", job(status=ended("FailureTarget/PodFailurePolicy", active=1)),
            [pod(0, "Failed", **exited(43, message="no such recipe")), pod(1, "Running")], [],
            JobState.ENDING,
            "has failed and ends its pods: PodFailurePolicy: its message; index 0 exited with 43: no such recipe",
        ),
    ],
)  # fmt: skip
def test_why(
    name: str,
    observed: ObservedJob,
    pods: list[ObservedPod],
    events: list[ObservedEvent],
    state: JobState,
    reason: str,
) -> None:
    status = job_status(observed, pods, events, now=NOW)
    assert status.state is state, name
    assert status.reason.startswith(reason) if reason else status.reason == ""


def test_an_input_that_is_not_complete() -> None:
    status = job_status(job(suspend=True), now=NOW, around=Surroundings(["ingest-1", "vocabulary-2"]))
    assert (status.state, status.reason) == (JobState.SUSPENDED, "waits for its inputs ingest-1, vocabulary-2")
    assert job_status(job(suspend=True), now=NOW, around=Surroundings(["a-1"])).reason == "waits for its input a-1"


def test_being_deleted() -> None:
    deleting = ObservedJob.of({"metadata": {"name": "step-1", "deletionTimestamp": SOON}})
    status = job_status(deleting, [pod(0, "Running")], now=NOW)
    assert (status.state, status.reason) == (JobState.ENDING, "is being deleted; 1 pod is still ending")


def test_the_terminal_condition_is_found_by_type_wherever_it_stands() -> None:
    for order in (
        ["Failed/FailedIndexes", "FailureTarget/X", "Suspended/Y"],
        ["FailureTarget/X", "Failed/FailedIndexes"],
    ):
        found = job_status(job(status=ended(*order)), now=NOW).condition
        assert found is not None
        assert (found.type, found.reason) == ("Failed", "FailedIndexes")
    withdrawn = {"conditions": [{"type": "Failed", "status": "False"}]}
    assert job_status(job(status=withdrawn), now=NOW).condition is None


def test_the_counts() -> None:
    observed = job(
        completions=20, status={"active": 3, "failed": 5, "completedIndexes": "1,3-5,7", "failedIndexes": "0,9"}
    )
    pods = [pod(i, "Failed", name=f"step-1-{i}-x", **PREEMPTED) for i in range(2)]
    pods.append(pod(9, "Failed", **exited(1, message="last words")))
    status = job_status(observed, pods, now=NOW)
    assert status == JobStatus(
        active=3, succeeded=5, failed=2, failures=5, condition=None, message="last words",
        state=JobState.PENDING, reason=status.reason, remedy=status.remedy, preempted=2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pods", "counted", "failed", "retries"),
    [
        ([pod(0, "Failed", **exited(43))], 1, "", 0),
        ([pod(0, "Failed", failures=3, **exited(1))], 4, "0", 3),
        (
            [pod(i, "Failed", failures=n, name=f"{i}-{n}", **exited(1)) for i in range(4) for n in range(4)],
            16,
            "0-3",
            12,
        ),
        ([pod(0, "Failed", **exited(1)), pod(0, "Running", failures=1, name="again")], 1, "", 1),
        ([], 16, "0-3", 12),
        ([], 0, "", 0),
    ],
    ids=["tried once", "tried four times", "four tried four times", "at its second try", "no pod is left", "none"],
)
def test_retries_are_the_times_that_an_index_was_started_again(
    pods: list[ObservedPod], counted: int, failed: str, retries: int
) -> None:
    found = job_status(job(status={"failed": counted, "failedIndexes": failed}), pods, now=NOW)
    assert (found.failures, found.retries) == (counted, retries)


def test_of_a_job_that_failed_as_a_whole_the_pods_it_ended_were_not_retried() -> None:
    """They count among its failures. Its pods are watched apart, and may not have been heard of."""
    status = job(status=ended("Failed/PodFailurePolicy", failed=3))
    assert job_status(status, [], now=NOW).retries == 0


@pytest.mark.parametrize(("failed", "said"), [("0", "index 0 failed"), ("0,3", "indexes 0,3 failed")])
def test_one_index_is_no_indexes(failed: str, said: str) -> None:
    status = job(status=ended("Failed/FailedIndexes", failedIndexes=failed))
    assert said in job_status(status, [pod(0, "Failed", **exited(42))], now=NOW).reason


def test_a_sibling_that_was_told_to_end_is_not_the_reason() -> None:
    culprit, told = exited(42, message="bad shard"), exited(143, message="SIGTERM arrived")
    told["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = "2027-01-15T08:00:09Z"
    pods = [pod(0, "Failed", **culprit), pod(1, "Failed", **told)]
    status = job_status(job(status=ended("Failed/FailedIndexes", failedIndexes="0,1")), pods, now=NOW)
    assert status.reason.endswith("index 0 exited with 42: bad shard")
    assert status.message == "bad shard"


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (
            137,
            '{"event": "shard.committed", "step": "ingest-1", "level": "info"}',
            "killed by SIGKILL (exit 137): its last log entry was shard.committed of ingest-1",
        ),
        (139, "", "killed by SIGSEGV (exit 139)"),
        (1, "Traceback\nKeyError: 'x'", "exited with 1: KeyError: 'x'"),
        (1, "[1, 2]", "exited with 1: [1, 2]"),
    ],
)
def test_why_a_container_ended_is_said_in_words(code: int, message: str, said: str) -> None:
    pods = [pod(0, "Failed", **exited(code, message=message))]
    assert said in job_status(job(status=ended("Failed/FailedIndexes", failedIndexes="0")), pods, now=NOW).reason


def test_the_pod_that_failed_the_job_is_the_one_the_condition_names() -> None:
    told = "Container step for pod ns/step-1-0-abcde failed with exit code 43 matching FailJob rule at index 2"
    status = {"conditions": [{"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": told}]}
    pods = [pod(0, "Failed", **exited(43, message="no such recipe")), pod(1, "Failed", **exited(143))]
    assert "index 0 exited with 43: no such recipe" in job_status(job(status=status), pods, now=NOW).reason


def test_a_pod_that_ran_out_of_memory_is_the_reason_whatever_ended_after_it() -> None:
    pods = [pod(2, "Failed", **exited(137, "OOMKilled")), pod(0, "Failed", **exited(1, message="Traceback"))]
    status = job_status(job(status=ended("Failed/BackoffLimitExceeded")), pods, now=NOW)
    assert status.reason == "index 2 OOMKilled: it used more memory than its limit, and would again: it is not retried"
    assert "schedule.accumulation" in status.remedy
    assert status.message == ""


def test_objects_seen_half_made() -> None:
    assert ObservedJob.of({"metadata": {"name": "x"}}).conditions == {}
    assert ObservedPod.of({"metadata": {"name": "x"}}).phase == "Pending"
    assert ObservedEvent.of({"metadata": {"name": "x"}}).at == 0.0


def test_an_annotation_of_any_length_is_survived() -> None:
    """Anyone who may create a pod writes its annotations, and Python refuses to read a number of 5,000 digits."""
    assert pod(failures=10**4000).earlier_failures == 0


def test_what_a_node_says_of_itself_is_told_and_the_remedy_names_it() -> None:
    around = Surroundings(nodes={"n1": "Kubelet stopped posting node status."})
    status = job_status(job(status=FULL), [LOST], now=NOW, around=around)
    assert "node n1 does not answer (Kubelet stopped posting node status.)" in status.reason
    assert "kubectl delete node n1" in status.remedy
    # Deleted by force alone, the pod would stay, and its Job would make no other.
    assert "--force --wait=false, then covid-ctl cancel step-1, and the command" in status.remedy


def test_a_job_without_parallelism_is_given_one_by_the_remedy() -> None:
    remedy = job_status(job(parallelism=0), now=NOW).remedy
    assert remedy == """kubectl --namespace papers patch job step-1 --type merge --patch '{"spec":{"parallelism":4}}'"""


def test_what_only_a_tracker_can_mend_says_how_to_be_one() -> None:
    assert "covid-ctl tracker --once" in job_status(job(suspend=True), now=NOW).remedy


@pytest.mark.parametrize(
    ("told", "remedy"),
    [
        (SCHEDULER, "covid-ctl doctor compares the profile with the node pools"),
        (
            '0/1 nodes are available: persistentvolumeclaim "papers" not found.',
            "kubectl --namespace papers describe pvc papers: ",
        ),
        (
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
            "kubectl --namespace papers describe pvc: ",
        ),
    ],
)
def test_what_to_do_about_a_pod_that_has_no_node(told: str, remedy: str) -> None:
    pods = [pod(**condition("PodScheduled", "False", "Unschedulable", told))]
    assert job_status(job(status=FULL), pods, now=NOW).remedy.startswith(remedy)

"""Derives a Job's status, with the reason why it does not run, from the Job, its Pods and Events. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_policy import (
    BACKOFF_SECONDS,
    COMPLETE,
    FAILED,
    MAX_BACKOFF_SECONDS,
    Condition,
    format_indexes,
)
from controller.clusters.kueue_events import newest_reason
from controller.clusters.lost_pods import lost_pods, why_lost
from controller.clusters.objects import ObservedEvent, ObservedJob, ObservedPod
from controller.clusters.pod_diagnosis import Diagnosis, why_ended, why_not_running
from controller.clusters.tracker_presence import start_one
from controller.kube.kubectl import within
from controller.labels import ANNOTATION_BUCKET, LABEL_QUEUE
from jobs.errors import EXIT_INTERRUPTED

FAILURE_TARGET = "FailureTarget"
SUCCESS_TARGET = "SuccessCriteriaMet"
FAILED_INDEXES = "FailedIndexes"
GIVEN_UP = "BackoffLimitExceeded"
"""Only ``KubernetesCluster.give_up`` sets a limit for all indexes together."""
RETRIED_CREATION = 900.0
"""The Job controller tries to make a pod again within 10 minutes: an older refusal is history."""

_StateAndReason = tuple[JobState, Diagnosis]


@dataclass(frozen=True)
class Surroundings:
    """What a Job's reason depends on beside the objects of its namespace, as far as the caller knows it."""

    waiting_for: Sequence[str] | None = None
    """The inputs that are not complete, which only the bucket knows; None where nobody looked."""
    was_released: bool = False
    """The ledger says that the Job was released or has run: if it is suspended now, somebody did that."""
    tracker_is_missing: bool = False
    """No tracker works in the namespace."""
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Why nodes are not ready, by name."""


NOTHING_KNOWN = Surroundings()


def job_status(
    job: ObservedJob,
    pods: Iterable[ObservedPod] = (),
    events: Iterable[ObservedEvent] = (),
    *,
    now: float,
    around: Surroundings = NOTHING_KNOWN,
) -> JobStatus:
    """``pods`` and ``events`` may belong to any Job; ``now`` is in Unix seconds."""
    own = [pod for pod in pods if pod.job == job.name]
    names = {pod.name for pod in own}
    about = [event for event in events if _is_about(event, job, names)]
    state, diagnosis = _state_and_reason(job, own, about, now, around)
    blamed = _blamed(own)
    if any(pod.is_out_of_memory for pod in blamed):
        blamed = blamed[-1:]  # it could not say anything itself, and others' words are not the reason
    told = [pod.termination_message for pod in blamed if pod.termination_message]
    return JobStatus(
        active=job.active,
        succeeded=len(job.succeeded_indexes),
        failed=len(job.failed_indexes),
        failures=job.counted_failures,
        retries=_retries(job, own),
        condition=_ended(job),
        message=told[-1] if told else "",
        state=state,
        reason=diagnosis.reason,
        remedy=diagnosis.remedy,
        preempted=sum(1 for pod in own if pod.disruption),
        bucket=job.annotations.get(ANNOTATION_BUCKET, ""),
    )


def _is_about(event: ObservedEvent, job: ObservedJob, pods: Collection[str]) -> bool:
    match event.kind:
        case "Job":
            return event.about == job.name
        case "Pod":
            return event.about in pods
        case "Workload":
            return event.workload_job == job.name
        case _:
            return False


def _ended(job: ObservedJob) -> Condition | None:
    return job.conditions.get(COMPLETE) or job.conditions.get(FAILED)


def _state_and_reason(
    job: ObservedJob,
    pods: list[ObservedPod],
    events: list[ObservedEvent],
    now: float,
    around: Surroundings,
) -> _StateAndReason:
    """The first that holds, the most final first."""
    going = sum(1 for pod in pods if pod.phase in ("Pending", "Running"))
    if COMPLETE in job.conditions:
        return JobState.COMPLETE, Diagnosis("")
    if failed := job.conditions.get(FAILED):
        return JobState.FAILED, _why_failed(job, failed, pods)
    if job.deleting:
        ending = "1 pod is" if going == 1 else f"{going} pods are"
        return JobState.ENDING, Diagnosis(f"is being deleted; {ending} still ending")
    if target := job.conditions.get(FAILURE_TARGET):
        why = _why_failed(job, target, pods)
        return JobState.ENDING, Diagnosis(f"has failed and ends its pods: {why.reason}", why.remedy)
    if SUCCESS_TARGET in job.conditions:
        return JobState.ENDING, Diagnosis("is complete and ends its pods")
    if job.suspended:
        return JobState.SUSPENDED, _why_suspended(job, events, around)
    lost = lost_pods(pods, events, now)
    running = [pod for pod in pods if pod.phase == "Running" and not pod.deleting and pod not in lost]
    state = JobState.RUNNING if running else JobState.PENDING
    if job.parallelism == 0:
        many = min(job.completions, 32)
        return state, Diagnosis(
            f"its parallelism is 0: somebody set it, and no pod is made; {len(running)} still run"
            if running
            else "its parallelism is 0: somebody set it, and no pod is made",
            _patch(job, f'{{"spec":{{"parallelism":{many}}}}}'),
        )
    diagnosis = (
        _why_not_made(job, pods, events, now)
        or why_lost(lost, pods, around.nodes)
        or _why_pending(pods, events)
        or _why_backing_off(job, pods, now)
    )
    if diagnosis or running:
        return state, diagnosis or Diagnosis("")
    return state, Diagnosis("its pods are starting" if pods else "waits for the Job controller to make its pods")


def _blamed(pods: Iterable[ObservedPod]) -> list[ObservedPod]:
    """The pods that failed, the last one last, and after it those that ran out of memory.

    Without those that were only told to end, where others failed.
    """
    failed = [pod for pod in pods if pod.phase == "Failed"]
    culprits = [pod for pod in failed if pod.exit_code != EXIT_INTERRUPTED] or failed
    return sorted(culprits, key=lambda pod: (pod.is_out_of_memory, pod.finished_at or 0.0, pod.created_at or 0.0))


def _retries(job: ObservedJob, pods: list[ObservedPod]) -> int:
    """Each pod says how many failures came before it. Without pods: every failure but an index's last was retried.

    A Job that failed as a whole also counts the pods that it ended: without its pods nobody knows, and 0 is said.
    """
    ended = job.conditions.get(FAILED) or job.conditions.get(FAILURE_TARGET)
    if not pods and ended and ended.reason != FAILED_INDEXES:
        return 0
    if not pods:
        return max(0, job.counted_failures - len(job.failed_indexes))
    latest: dict[int | None, int] = {}
    for pod in pods:
        latest[pod.index] = max(latest.get(pod.index, 0), pod.retry)
    return sum(latest.values())


def _indexes(found: Collection[int]) -> str:
    return f"index{'es' * (len(found) != 1)} {format_indexes(found)}"


def _why_failed(job: ObservedJob, condition: Condition, pods: list[ObservedPod]) -> Diagnosis:
    if condition.reason == "DeadlineExceeded":
        return Diagnosis(
            f"DeadlineExceeded: it ran longer than the {job.deadline_seconds} s it may",
            "give the same command again: it continues with what is left",
        )
    blamed = [pod for pod in _blamed(pods) if not pod.disruption]
    if not blamed:
        return Diagnosis(f"{condition.reason}: {condition.message}")
    last = blamed[-1]
    if condition.reason == "PodFailurePolicy":
        # The pod that the message names failed the Job; others may have been ended because of it.
        last = next((pod for pod in blamed if pod.name in condition.message), last)
    why = why_ended(last) or Diagnosis("")
    if condition.reason == GIVEN_UP and last.is_out_of_memory:
        return Diagnosis(f"index {last.index} {why.reason}, and would again: it is not retried", why.remedy)
    which = f"{_indexes(job.failed_indexes)} failed" if job.failed else condition.message
    return Diagnosis(f"{condition.reason}: {which}; index {last.index} {why.reason}", why.remedy)


def _why_suspended(job: ObservedJob, events: list[ObservedEvent], around: Surroundings) -> Diagnosis:
    queue = job.labels.get(LABEL_QUEUE)
    inputs = job.inputs if around.waiting_for is None else around.waiting_for
    if inputs and (not queue or job.is_gated):
        if around.tracker_is_missing:
            reason = f"{waits_for(inputs)}, and no tracker works in the cluster that would release it"
            return Diagnosis(reason, start_one(job.namespace))
        return Diagnosis(waits_for(inputs))
    if queue and not job.is_gated:
        look = "; ".join(within(job.namespace, one) for one in ("get workloads", f"describe localqueue {queue}"))
        told = newest_reason(events)
        return Diagnosis(f"waits for the queue {queue} to admit it{f': {told}' if told else ''}", look)
    if around.was_released:
        return Diagnosis("was suspended by somebody after it was released", _patch(job, '{"spec":{"suspend":false}}'))
    if around.tracker_is_missing:
        reason = "is suspended, its inputs are complete, and no tracker works in the cluster"
        return Diagnosis(reason, start_one(job.namespace))
    return Diagnosis(
        "is suspended, and its inputs are complete: the tracker releases it next",
        "if none runs in the cluster: covid-ctl tracker --once, or the command that submitted it with --wait",
    )


def waits_for(inputs: Sequence[str]) -> str:
    """``waits for its inputs ingest-1a2b3c4d, signatures-5e6f7a8b``."""
    return f"waits for its input{'s' * (len(inputs) > 1)} {', '.join(inputs)}"


def _patch(job: ObservedJob, patch: str) -> str:
    return within(job.namespace, f"patch job {job.name} --type merge --patch '{patch}'")


def _why_not_made(
    job: ObservedJob, pods: list[ObservedPod], events: list[ObservedEvent], now: float
) -> Diagnosis | None:
    """The Job controller asked for pods and was refused: by quota, policy or a missing service account."""
    refusals = [event for event in events if event.kind == "Job" and event.reason == "FailedCreate"]
    if not refusals or job.active >= job.parallelism:
        return None
    last = max(refusals, key=lambda event: event.at)
    newest_pod = max((pod.created_at or 0.0 for pod in pods), default=0.0)
    if last.at < newest_pod or now - last.at > RETRIED_CREATION:
        return None
    words = last.message.rpartition("is forbidden: ")[2].removeprefix("Error creating: ")
    if " quota: " in last.message:
        look = within(job.namespace, "describe resourcequota")
        return Diagnosis(f"quota: {words}", f"{look}; raise it, or wait for other work to end")
    return Diagnosis(f"no pod can be made: {words}", "covid-ctl doctor checks namespace, policy and service account")


def _why_pending(pods: list[ObservedPod], events: list[ObservedEvent]) -> Diagnosis | None:
    """What holds up most pods, and how many."""
    pending = [pod for pod in pods if pod.phase == "Pending" and not pod.deleting]
    mine: dict[str, list[ObservedEvent]] = {}
    for event in events:
        mine.setdefault(event.about, []).append(event)
    diagnoses = Counter(diagnosis for pod in pending if (diagnosis := why_not_running(pod, mine.get(pod.name, ()))))
    if not diagnoses:
        return None
    (worst, count), *_ = diagnoses.most_common(1)
    going = sum(1 for pod in pods if pod.phase in ("Pending", "Running"))
    share = f"{count} of {going} pods: " if going > 1 else ""
    return Diagnosis(f"{share}{worst.reason}", worst.remedy)


def _why_backing_off(job: ObservedJob, pods: list[ObservedPod], now: float) -> Diagnosis | None:
    """Indexes whose last pod failed and whose next one the Job controller has not made yet."""
    if job.active >= job.parallelism:
        return None
    done = job.succeeded_indexes | job.failed_indexes
    latest: dict[int, ObservedPod] = {}
    for pod in sorted(pods, key=lambda pod: pod.created_at or 0.0):
        if pod.index is not None:
            latest[pod.index] = pod
    waiting = {i: pod for i, pod in latest.items() if pod.phase == "Failed" and i not in done}
    if not waiting:
        return None
    _, pod = min(waiting.items(), key=lambda item: back_off_ends(item[1]))
    seconds = max(0.0, back_off_ends(pod) - now)
    why = why_ended(pod)
    which = _indexes(waiting)
    return Diagnosis(f"back-off: {which} tried again in {seconds:.0f} s, after {why.reason if why else 'a failure'}")


def back_off_ends(pod: ObservedPod) -> float:
    """When the index of this failed pod may run again, in Unix seconds, by the Job controller's rule."""
    delay = min(BACKOFF_SECONDS * 2.0 ** min(pod.earlier_failures, 16), MAX_BACKOFF_SECONDS)
    return (pod.finished_at or pod.created_at or 0.0) + delay

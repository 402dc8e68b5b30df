"""A Job, its Pods and Events in; its status with a reason out. Pure: the answer to "why does it not run?"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_policy import (
    BACKOFF_SECONDS,
    COMPLETE,
    FAILED,
    MAX_BACKOFF_SECONDS,
    Condition,
    format_indexes,
)
from controller.clusters.objects import ObservedEvent, ObservedJob, ObservedPod
from controller.clusters.pod_diagnosis import Diagnosis, why_ended, why_not_running
from controller.labels import LABEL_QUEUE

FAILURE_TARGET = "FailureTarget"
SUCCESS_TARGET = "SuccessCriteriaMet"
RETRIED_CREATION = 900.0
"""The Job controller tries to make a pod again within 10 minutes: an older refusal is history."""

_StateAndReason = tuple[JobState, Diagnosis]


def job_status(
    job: ObservedJob,
    pods: Iterable[ObservedPod] = (),
    events: Iterable[ObservedEvent] = (),
    *,
    now: float,
    waiting_for: Sequence[str] | None = None,
) -> JobStatus:
    """``pods`` and ``events`` may be of any Job; ``now`` is in Unix seconds.

    ``waiting_for`` names the inputs that are not complete, which only the bucket knows; None where nobody looked.
    """
    own = [pod for pod in pods if pod.job == job.name]
    names = {pod.name for pod in own}
    about = [e for e in events if (e.kind == "Job" and e.about == job.name) or (e.kind == "Pod" and e.about in names)]
    state, diagnosis = _state_and_reason(job, own, about, now, waiting_for)
    failures = sorted(
        (pod for pod in own if pod.phase == "Failed"), key=lambda pod: (pod.finished_at or 0.0, pod.created_at or 0.0)
    )
    told = [pod.termination_message for pod in failures if pod.termination_message]
    return JobStatus(
        active=job.active,
        succeeded=len(job.succeeded_indexes),
        failed=len(job.failed_indexes),
        retries=job.counted_failures,
        condition=_ended(job),
        message=told[-1] if told else "",
        state=state,
        reason=diagnosis.reason,
        remedy=diagnosis.remedy,
        preempted=sum(1 for pod in own if pod.disruption),
    )


def _ended(job: ObservedJob) -> Condition | None:
    return job.conditions.get(COMPLETE) or job.conditions.get(FAILED)


def _state_and_reason(
    job: ObservedJob,
    pods: list[ObservedPod],
    events: list[ObservedEvent],
    now: float,
    waiting_for: Sequence[str] | None,
) -> _StateAndReason:
    """The first that holds, the most final first."""
    going = sum(1 for pod in pods if pod.phase in ("Pending", "Running"))
    if COMPLETE in job.conditions:
        return JobState.COMPLETE, Diagnosis("")
    if failed := job.conditions.get(FAILED):
        return JobState.FAILED, _why_failed(job, failed, pods)
    if job.deleting:
        return JobState.ENDING, Diagnosis(f"is being deleted; {going} pods are still ending")
    if target := job.conditions.get(FAILURE_TARGET):
        why = _why_failed(job, target, pods)
        return JobState.ENDING, Diagnosis(f"has failed and ends its pods: {why.reason}", why.remedy)
    if SUCCESS_TARGET in job.conditions:
        return JobState.ENDING, Diagnosis("is complete and ends its pods")
    if job.suspended:
        return JobState.SUSPENDED, _why_suspended(job, waiting_for)
    running = [pod for pod in pods if pod.phase == "Running" and not pod.deleting]
    state = JobState.RUNNING if running else JobState.PENDING
    diagnosis = _why_not_made(job, pods, events, now) or _why_pending(pods, events) or _why_backing_off(job, pods, now)
    if diagnosis or running:
        return state, diagnosis or Diagnosis("")
    return state, Diagnosis("its pods are starting" if pods else "waits for the Job controller to make its pods")


def _why_failed(job: ObservedJob, condition: Condition, pods: list[ObservedPod]) -> Diagnosis:
    if condition.reason == "DeadlineExceeded":
        return Diagnosis(
            f"DeadlineExceeded: it ran longer than the {job.deadline_seconds} s it may",
            "give the same command again: it continues with what is left",
        )
    blamed = [pod for pod in pods if pod.phase == "Failed" and not pod.disruption]
    if not blamed:
        return Diagnosis(f"{condition.reason}: {condition.message}")
    last = max(blamed, key=lambda pod: (pod.finished_at or 0.0, pod.created_at or 0.0))
    if condition.reason == "PodFailurePolicy":
        # The pod that the message names failed the Job; others may have been ended because of it.
        last = next((pod for pod in blamed if pod.name in condition.message), last)
    why = why_ended(last) or Diagnosis("")
    which = f"indexes {job.failed} failed" if job.failed else condition.message
    return Diagnosis(f"{condition.reason}: {which}; index {last.index} {why.reason}", why.remedy)


def _why_suspended(job: ObservedJob, waiting_for: Sequence[str] | None) -> Diagnosis:
    queued = job.labels.get(LABEL_QUEUE)
    inputs = job.inputs if waiting_for is None else waiting_for
    if inputs and not queued:
        return Diagnosis(f"waits for its input{'s' * (len(inputs) > 1)} {', '.join(inputs)}")
    if queued:
        return Diagnosis(
            f"waits for the queue {queued} to admit it", f"kubectl get workloads; kubectl get localqueue {queued}"
        )
    return Diagnosis(
        "is suspended, and its inputs are there: the tracker releases it next",
        "if none runs in the cluster: covid-ctl tracker --once, or the command that submitted it with --wait",
    )


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
        return Diagnosis(f"quota: {words}", "kubectl describe resourcequota; raise it, or wait for other work to end")
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
    index, pod = min(waiting.items(), key=lambda item: back_off_ends(item[1]))
    seconds = max(0.0, back_off_ends(pod) - now)
    why = why_ended(pod)
    which = f"index {index}" if len(waiting) == 1 else f"indexes {format_indexes(waiting)}"
    return Diagnosis(f"back-off: {which} tried again in {seconds:.0f} s, after {why.reason if why else 'a failure'}")


def back_off_ends(pod: ObservedPod) -> float:
    """When the index of this failed pod may run again, in Unix seconds, by the Job controller's rule."""
    delay = min(BACKOFF_SECONDS * 2.0 ** min(pod.earlier_failures, 16), MAX_BACKOFF_SECONDS)
    return (pod.finished_at or pod.created_at or 0.0) + delay

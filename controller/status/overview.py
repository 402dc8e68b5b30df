"""Combines what the cluster and the bucket know about every step."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from controller.bucket.cached_store import CachedStore
from controller.clusters.interface import JobStatus
from controller.clusters.job_policy import COMPLETE, FAILED
from controller.clusters.job_status import Surroundings, job_status
from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.lost_pods import lost_pods
from controller.clusters.objects import ObservedJob
from controller.clusters.tracker_presence import find_tracker
from controller.kube.api_errors import ApiError
from controller.kube.backoff import Retrying
from controller.labels import ANNOTATION_BUCKET, LABEL_MANAGED_BY, LABEL_QUEUE, MANAGER
from controller.ledger.activity import activities, most_recent
from controller.ledger.events import EventType, Ledger
from controller.ledger.history import History
from controller.ledger.lineage import steps_read
from controller.profiles.profile import Profile
from controller.status.derive import Reachability, State
from controller.status.step_status import ClusterView, StepState, in_order, observe, observe_all, observe_or_say
from controller.time_words import span
from jobs.artifact import Artifact, incomplete
from jobs.errors import CovidCtlError
from jobs.layout import LEDGER
from jobs.store import Store

_TOLERATED_SECONDS = 60.0
"""Clocks that differ by less agree."""
FEW_ATTEMPTS = Retrying(attempts=2)
"""For commands that only look: they should say soon that a cluster does not answer."""


@dataclass(frozen=True)
class Overview:
    steps: Sequence[StepState]
    unreachable: str = ""
    """Why the cluster could not be asked; then ``steps`` are what the bucket knows."""
    note: str = ""
    """Something else to tell whoever looks."""
    hidden: int = 0
    """Older steps, all of them finished, that were not asked for."""


def connect_briefly(profile: Profile) -> KubernetesCluster:
    """The profile's cluster. Raises ``ApiError``."""
    return KubernetesCluster.connect(profile.context or None, profile.namespace, retrying=FEW_ATTEMPTS)


def look(
    profile: Profile,
    store: CachedStore,
    name: str | None,
    *,
    now: float,
    recent: int | None = None,
    ended: Mapping[str, StepState] | None = None,
    whole_bucket: bool = False,
) -> Overview:
    """One step, or all: with ``recent`` only so many that changed last and all that are unfinished.

    ``ended`` are states of an earlier look. Of a step that is complete or has failed, it is taken as it is, unless the
    ledger has grown or its Job lives. ``whole_bucket`` lists all objects at once, for what needs them anyway.

    The cluster is asked first: a Job that ends meanwhile has its manifest by then. Raises ``ConfigurationError`` when
    there is no step of that name.
    """
    view = view_cluster(profile, store, name, now=now)
    now += view.clock_ahead
    note = _clock_note(view.clock_ahead)
    if name is not None:
        return Overview([observe(store, name, now=now, view=view)], view.unreachable, note)
    store.objects(LEDGER)
    if whole_bucket:
        store.objects()
    names = every = Ledger(store).steps()
    at_work = {name for name, job in view.jobs.items() if not job.condition}
    if recent is not None and len(every) > recent:
        names = most_recent(activities(store), recent, also=at_work)
    over = [
        state
        for state in (ended or {}).values()
        if state.state in (State.COMPLETE, State.FAILED)
        and state.name not in at_work
        and state.name in names
        and state.events == len(store.objects(f"{LEDGER}/{state.name}"))
    ]
    others = set(names) - {state.name for state in over}
    steps = [*over, *observe_all(store, others, now=now, view=view)]
    return Overview(in_order(steps), view.unreachable, note, len(every) - len(names))


def upstream(profile: Profile, store: CachedStore, step: StepState, *, now: float) -> dict[str, StepState]:
    """The steps that are not complete of all that it reads, directly or through others."""
    if not step.missing:
        return {}
    view = view_cluster(profile, store, now=now)
    found: dict[str, StepState] = {}
    ahead = list(step.missing)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found[name] = observe_or_say(store, name, now=now, view=view)
            ahead += found[name].missing
    return found


def view_cluster(profile: Profile, store: CachedStore, name: str | None = None, *, now: float) -> ClusterView:
    """The Jobs of all steps, or of one; a cluster that does not answer is an answer, too.

    Refreshes the store once the Jobs are known.
    """
    store.refresh()
    if profile.is_local:
        return ClusterView()
    try:
        cluster = connect_briefly(profile)
        jobs = cluster.jobs() if name is None else [job for job in [cluster.job(name)] if job]
        store.refresh()
        ours = [job for job in jobs if _is_ours(job, profile)]
        ahead = _clock_ahead(cluster.api.last_date)
        return ClusterView(Reachability.REACHED, _statuses(cluster, ours, store, now + ahead), clock_ahead=ahead)
    except ApiError as error:
        return ClusterView(Reachability.UNREACHABLE, unreachable=f"{error.thing}: {error.reason}")


def _clock_ahead(date: str | None) -> float:
    """Seconds that the cluster's clock is ahead of this machine's; 0 where they agree well enough.

    Workers write times by the cluster's clock. Judged by another, whoever is at work would look silent for hours.
    """
    try:
        ahead = parsedate_to_datetime(date or "").timestamp() - time.time()
    except ValueError:
        return 0.0
    return ahead if abs(ahead) > _TOLERATED_SECONDS else 0.0


def _clock_note(ahead: float) -> str:
    if not ahead:
        return ""
    which = "behind" if ahead > 0 else "ahead of"
    return f"this machine's clock is {span(abs(ahead))} {which} the cluster's: ages are by the cluster's clock"


def _is_ours(job: ObservedJob, profile: Profile) -> bool:
    """Names are content: the same step may be at work for another bucket."""
    return (job.labels.get(LABEL_MANAGED_BY), job.annotations.get(ANNOTATION_BUCKET)) == (MANAGER, profile.bucket)


def _statuses(
    cluster: KubernetesCluster, jobs: Sequence[ObservedJob], store: Store, now: float
) -> dict[str, JobStatus]:
    """Asks for pods, events, nodes and the tracker's Lease only where they can matter, and at most once each."""
    suspended = [job for job in jobs if job.suspended]
    queued = any(LABEL_QUEUE in job.labels for job in suspended)
    at_work = [job for job in jobs if not job.suspended and not {COMPLETE, FAILED} & job.conditions.keys()]
    events = cluster.events() if at_work or queued else []
    missing_tracker = bool(suspended) and find_tracker(cluster.api).is_present is False
    found = {}
    for job in jobs:
        pods = [] if job.suspended or COMPLETE in job.conditions else cluster.pods(job.name)
        around = Surroundings(tracker_is_missing=missing_tracker)
        if job.suspended:
            around = _of_suspended(store, job.name, missing_tracker)
        elif lost := lost_pods(pods, events, now):
            around = Surroundings(nodes=cluster.unready_nodes({pod.node for pod in lost}))
        found[job.name] = job_status(job, pods, events, now=now, around=around)
    return found


def _of_suspended(store: Store, name: str, missing_tracker: bool) -> Surroundings:
    """What the bucket knows about why a Job is suspended."""
    try:
        life = History(Ledger(store).events(name)).life
        waiting_for = incomplete(store, steps_read(Artifact.open(store, name).spec))
    except CovidCtlError:
        return Surroundings(tracker_is_missing=missing_tracker)
    was_released = life in (EventType.RELEASED, EventType.STARTED)
    return Surroundings(waiting_for, was_released, tracker_is_missing=missing_tracker)

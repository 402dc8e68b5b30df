"""A tracker of an API server in memory, moved on by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.clusters.informer import Informer
from controller.clusters.kubernetes import OURS, KubernetesCluster
from controller.clusters.objects import ObservedJob, ObservedPod
from controller.ledger.events import EventType, Ledger
from controller.ledger.history import History
from controller.planning.plan import Step
from controller.tracking.observer import ClusterObserver
from controller.tracking.submission import Submitted, submit
from controller.tracking.tracker import OnError, Tracker
from jobs.store import Store
from tests.api_server.resources import selected
from tests.api_server.server import ApiServer
from tests.controller.steps import profile
from tests.standin_kubelet import StandinKubelet

ROUNDS = 1500


class World:
    """A bucket, a cluster, and what happens in them."""

    def __init__(self, server: ApiServer, cluster: KubernetesCluster, folder: Path) -> None:
        self.server = server
        self.cluster = cluster
        self.store = Store(str(folder / "bucket"))
        self.ledger = Ledger(self.store)
        self.errors: list[tuple[str, Exception]] = []

    def now(self) -> float:
        return self.server.now

    def submit(self, *steps: Step, **fields: object) -> list[Submitted]:
        place = profile(self.store.location, **fields)
        return submit(steps, place, self.store, self.cluster, clock=self.now)

    @contextmanager
    def tracker(self, *, on_error: OnError | None = None, **options: object) -> Iterator[Tracker]:
        with Informer(self.cluster, clock=self.now) as informer:
            yield Tracker(
                UpToDate(self.cluster, informer, self.server),
                self.store,
                on_error=on_error or (lambda name, error, _seconds: self.errors.append((name, error))),
                clock=self.now,
                **options,  # type: ignore[arg-type]
            )

    def kubelet(self, step: Step, **exits: int | tuple[int, ...]) -> StandinKubelet:
        """Exit codes by index: ``kubelet(step, _0=(1, 0), _1=42)``."""
        codes = {int(i[1:]): code if isinstance(code, tuple) else (code,) for i, code in exits.items()}
        return StandinKubelet(self.cluster, step.name, codes)

    def types(self, step: Step) -> list[EventType]:
        return [event.type for event in self.ledger.events(step.name)]

    def life(self, step: Step) -> list[EventType]:
        """Its events without notes of what was observed."""
        return [found for found in self.types(step) if found is not EventType.OBSERVED]

    def history(self, step: Step) -> History:
        return History(self.ledger.events(step.name))

    def suspended(self, step: Step) -> bool:
        return bool(self.server.store.get("jobs", "default", step.name)["spec"]["suspend"])

    def log(self, step: Step, key: str) -> str:
        found = self.store.find(f"{step.name}/logs/{key}.log")
        return "" if found is None else found.decode()


class UpToDate(ClusterObserver):
    """Looks once the informer knows all that the server does: no thread's pace decides what a tracker finds."""

    def __init__(self, cluster: KubernetesCluster, informer: Informer, server: ApiServer) -> None:
        super().__init__(cluster, informer)
        self.wait = self._wait_until_informed
        self._server = server
        self._names: set[str] = set()
        """Also of Jobs that are gone, whose pods may not be."""

    def _wait_until_informed(self, seconds: float) -> set[str]:
        changed = self._informer.wait(0)
        for _ in range(ROUNDS):
            if self._is_informed():
                return changed | self._informer.wait(0 if changed else seconds)
            changed |= self._informer.wait(0.02)
        raise AssertionError("the informer does not hear what the server tells")

    def _is_informed(self) -> bool:
        with self._server.store.changed:
            jobs, pods = (
                [item for item in self._server.store.all(kind, "default") if selected(item, {"labelSelector": OURS})]
                for kind in ("jobs", "pods")
            )
        expected = [ObservedPod.of(pod) for pod in pods]
        self._names |= {job["metadata"]["name"] for job in jobs} | {pod.job for pod in expected}
        heard = [pod for name in self._names for pod in self._informer.pods(name)]
        return (
            self._informer.is_listed
            and _by_name(self._informer.jobs()) == _by_name(map(ObservedJob.of, jobs))
            and _by_name(heard) == _by_name(expected)
        )


def _by_name(observed: Iterable[ObservedJob] | Iterable[ObservedPod]) -> list[ObservedJob | ObservedPod]:
    return sorted(observed, key=lambda one: one.name)


def until(done: Callable[[], bool], *trackers: Tracker) -> None:
    """Let the trackers go on until it is so: some of what they begin, threads end."""
    for _ in range(ROUNDS):
        for tracker in trackers:
            tracker.step(0.02)
        if done():
            return
    raise AssertionError("it did not come")

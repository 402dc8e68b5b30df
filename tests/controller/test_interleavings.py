"""Complete means complete, in whatever order submit, workers, gc and cancel reach the bucket, and whatever crashes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

import jobs.store
import jobs.store_connection
from controller.bucket.cached_store import CachedStore
from controller.clusters.interface import JobStatus
from controller.labels import Job
from controller.ledger.events import Event, EventType, Ledger
from controller.planning.plan import Step
from controller.status import removal, step_status
from controller.status.gc import plan_gc
from controller.status.overview import look
from controller.tracking.cancellation import cancel_local
from controller.tracking.submission import submit
from jobs.artifact import Artifact
from jobs.checksums import crc32c
from jobs.errors import CovidCtlError
from jobs.layout import MANIFEST, checkpoint_record
from jobs.patience import Patience
from jobs.spec import EXTENDS, FIRST_STEP, Kind, Spec
from jobs.store import Store
from tests.controller.steps import COMMAND, local_profile, profile
from tests.interleaving import Bucket, Mishap, Trouble, every_order

LOCATION = "gs://tests/bucket"
NOW, LONG_AGO, DAY = 1_800_000_000.0, 1_700_000_000.0, 86_400.0
PATIENCE = Patience(sleep=lambda _: None, notice=lambda _: None)
LOCAL = local_profile(LOCATION)


def step_of(shards: int) -> Step:
    return Step(Spec(Kind.INGEST, {}, {"corpus": "abc"}, shards=shards), COMMAND, arguments=("--corpus", "sample"))


def bytes_of(shard: int, machine: str = "") -> bytes:
    """What a worker makes of a shard; rounding may differ from machine to machine."""
    return f"shard {shard}{machine}".encode()


def collect() -> None:
    """What ``covid-ctl gc --yes --older-than 1d`` does."""
    store = CachedStore(LOCATION, patience=PATIENCE)
    held = removal.holdings(store, look(LOCAL, store, None, now=NOW, whole_bucket=True).steps)
    for one in plan_gc(held.steps, held.given, held.temporary, now=NOW, older_than=DAY).removals:
        removal.remove(store, one, clock=lambda: NOW)


class World:
    """A bucket with a step that failed long ago, and those who come to it now."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.store = Store(LOCATION, patience=PATIENCE)

    def left(self, *committed: int, shards: int = 2) -> World:
        """Which of its shards were committed when it failed."""
        self.step = step_of(shards)
        self.artifact = Artifact(self.store, self.step.spec)
        self.artifact.submit()
        ledger = Ledger(self.store)
        ledger.append(self.step.name, Event(EventType.SUBMITTED, LONG_AGO, COMMAND))
        ledger.append(self.step.name, Event(EventType.FAILED, LONG_AGO, "no room"))
        self.bucket.check = self.check
        self.bucket.is_checked = lambda path: "/out/" in path or path.endswith(MANIFEST) or "/removed-" in path
        for shard in committed:
            self.artifact.commit(shard, [self.artifact.write(f"out/{shard}", bytes_of(shard))])
        return self

    def check(self) -> None:
        """Whoever takes the step for complete now finds every output, with the bytes that were committed."""
        if any(path.endswith("/manifest.json") for path in self.bucket.objects):
            self.bucket.aside(self._check)

    def _check(self) -> None:
        artifact = Artifact.open(self.store, self.step.name)
        manifest = artifact.manifest()
        if manifest is None:
            return
        assert [output.path for output in manifest.outputs] == [f"out/{n}" for n in range(self.step.spec.shards)]
        for output in manifest.outputs:
            data = self.bucket.objects.get(artifact.object_path(output))
            assert data is not None, f"complete without {output.path}"
            assert crc32c(data) == output.crc32c, f"{output.path} was written over"

    def is_complete(self) -> bool:
        return Artifact.open(self.store, self.step.name).manifest() is not None

    # Who comes

    def worker(self, shard: int, machine: str = "") -> None:
        artifact = Artifact.open(self.store, self.step.name)
        if artifact.manifest() is None:

            def run() -> None:
                artifact.commit(shard, [artifact.write(f"out/{shard}", bytes_of(shard, machine))])

            artifact.make(shard, run)

    def finish(self) -> None:
        Artifact.open(self.store, self.step.name).finish()

    def submit(self) -> None:
        submit([self.step], profile(LOCATION), self.store, Workers(self), clock=lambda: NOW)

    def gc(self) -> None:
        collect()

    def cancel(self) -> None:
        cancel_local(self.step.name, self.store, who="by somebody", clock=lambda: NOW)

    def again(self) -> None:
        """The same command once more, undisturbed."""
        submit([self.step], profile(LOCATION), self.store, Workers(self, begin=False), clock=lambda: NOW)
        for _ in range(3):  # as often as an index is retried
            for shard in range(self.step.spec.shards):
                try:
                    self.worker(shard)
                except CovidCtlError:
                    continue


class Workers:
    """A cluster whose Jobs are one worker per shard."""

    def __init__(self, world: World, *, begin: bool = True) -> None:
        self._world = world
        self._begin = begin

    def create(self, job: Job) -> None:
        for shard in range(job["spec"]["completions"]) if self._begin else ():
            self._world.bucket.spawn(f"worker {shard}", partial(self._world.worker, shard))

    def validate(self, job: Job) -> None: ...

    def template_changes(self, job: Job) -> tuple[str, ...]:
        del job
        return ()

    def release(self, name: str) -> None: ...

    def status(self, name: str) -> JobStatus | None: ...

    def delete(self, name: str) -> None: ...


@pytest.fixture(autouse=True)
def _one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (removal, step_status):
        monkeypatch.setattr(module, "in_parallel", lambda function, items, _: map(function, items))
    monkeypatch.setattr(jobs.store, "interruptibly", lambda request: request())
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")  # each execution's bucket is another
    monkeypatch.setattr(jobs.store_connection, "connect", lambda *_: object())
    files = Store.files

    def files_alone(self: Store, prefix: str) -> list[str]:
        if isinstance(self, CachedStore):
            return files(self, prefix)  # it keeps the listing, folders and all
        bucket: Bucket = vars(jobs.store)["obstore"]
        with bucket.objects_alone():
            return files(self, prefix)

    monkeypatch.setattr(Store, "files", files_alone)


Scenario = Callable[[World], None]


def gc_against_submit(world: World) -> None:
    """The fault that there was: what gc removes is asked for again meanwhile."""
    world.left(0, 1)
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("submit", world.submit)


def gc_against_submit_of_one_shard(world: World) -> None:
    """The same with fewer processes, so that every order can be tried."""
    world.left(0, shards=1)
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("submit", world.submit)


def gc_against_two_late_workers(world: World) -> None:
    world.left()
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("worker 0", partial(world.worker, 0))
    world.bucket.spawn("worker 1", partial(world.worker, 1))


def gc_against_a_finisher(world: World) -> None:
    """All shards are committed, and nobody has written the manifest yet."""
    world.left(0, 1)
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("finisher", world.finish)


def gc_against_two_finishers(world: World) -> None:
    world.left(0, 1)
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("finisher", world.finish)
    world.bucket.spawn("other finisher", world.finish)


def gc_against_cancel_and_submit(world: World) -> None:
    world.left(shards=1)
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("submit", world.submit)
    world.bucket.spawn("cancel", world.cancel)


def gc_against_a_late_worker(world: World) -> None:
    """A worker that everybody believes dead wakes up."""
    world.left(0)
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("late worker", partial(world.worker, 1))


def two_collectors(world: World) -> None:
    world.left(0, 1)
    world.bucket.spawn("gc", world.gc)
    world.bucket.spawn("other gc", world.gc)


def two_workers_of_a_shard(world: World) -> None:
    """On processors of two types, so that one must not write over what the other has committed."""
    world.left(0)
    world.bucket.spawn("worker 1", partial(world.worker, 1))
    world.bucket.spawn("twin", partial(world.worker, 1, " on another processor"))


def cancel_against_submit(world: World) -> None:
    world.left(0)
    world.bucket.spawn("submit", world.submit)
    world.bucket.spawn("cancel", world.cancel)


SCENARIOS = [
    gc_against_submit,
    gc_against_submit_of_one_shard,
    gc_against_a_late_worker,
    gc_against_two_late_workers,
    gc_against_a_finisher,
    gc_against_two_finishers,
    gc_against_cancel_and_submit,
    two_collectors,
    two_workers_of_a_shard,
    cancel_against_submit,
]


def run(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, trouble: Trouble | None, most: int | None
) -> dict[str, int]:
    """Requests of each process in the longest execution; checks every execution and what comes after it."""
    worlds: list[World] = []

    def begin() -> Bucket:
        bucket = Bucket(trouble)
        monkeypatch.setattr(jobs.store, "obstore", bucket)
        worlds[:] = [World(bucket)]
        scenario(worlds[0])
        return bucket

    longest: dict[str, int] = {}
    ends: set[frozenset[tuple[str, bytes]]] = set()
    for bucket in every_order(begin, most):
        unexpected = [p for p in bucket.processes if p.error and not isinstance(p.error, CovidCtlError)]
        assert not unexpected, unexpected[0].error
        for process in bucket.processes:
            longest[process.name] = max(longest.get(process.name, 0), process.requests)
        end = frozenset((path, data if "/out/" in path else b"") for path, data in bucket.objects.items())
        if end not in ends:
            ends.add(end)
            bucket.aside(worlds[0].again)
            worlds[0].check()
            assert bucket.aside(worlds[0].is_complete), "the same command mends nothing"
    return longest


MOST = 60
"""Executions of a scenario in the default tests; the slow ones try all."""
LARGE = [gc_against_submit, gc_against_two_late_workers]
"""These have so many orders that not all can be tried for each crash and lost answer."""
FEW = 20
"""Executions of a large one for each of those."""
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)


@each_scenario
def test_complete_means_complete(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    run(scenario, monkeypatch, None, MOST)


def troubles(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, most: int | None) -> list[Trouble]:
    """A crash and a lost answer at each request that a process makes in any of so many orders."""
    longest = run(scenario, monkeypatch, None, most)
    return [
        Trouble(name, number, mishap) for name, count in longest.items() for number in range(count) for mishap in Mishap
    ]


@each_scenario
def test_whatever_crashes_and_whatever_answer_is_lost(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    for trouble in troubles(scenario, monkeypatch, 1):
        run(scenario, monkeypatch, trouble, 1)


@pytest.mark.slow
@each_scenario
def test_complete_means_complete_in_every_order(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    run(scenario, monkeypatch, None, None)


@pytest.mark.slow
@each_scenario
def test_whatever_crashes_in_every_order(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    for trouble in troubles(scenario, monkeypatch, None):
        run(scenario, monkeypatch, trouble, FEW if scenario in LARGE else None)


def test_the_search_finds_what_goes_without_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Artifact, "remove_edition", lambda *_: None)
    with pytest.raises(AssertionError, match="complete without out/"):
        run(gc_against_a_late_worker, monkeypatch, None, None)


def test_the_search_finds_what_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def overwrite(store: Store, path: str, data: bytes) -> bool:
        store.put(path, data)
        return True

    monkeypatch.setattr(Store, "create", overwrite)
    with pytest.raises(AssertionError, match="out/1 was written over"):
        run(two_workers_of_a_shard, monkeypatch, None, None)


LAST = 5
TRAINED = Spec(Kind.PRETRAIN, {"schedule": {"train_steps": LAST}}, {"examples": "e"}, recipe="tiny")


class ExtendedWorld:
    """A bucket with a training that was finished long ago, and those who come to it now."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.store = Store(LOCATION, patience=PATIENCE)
        finished = Artifact(self.store, TRAINED)
        finished.submit()
        for event in (EventType.SUBMITTED, EventType.SUCCEEDED):
            Ledger(self.store).append(finished.name, Event(event, LONG_AGO, COMMAND))
        self.checkpoint = finished.path(checkpoint_record(LAST))
        self.store.put(self.checkpoint, b"{}")
        finished.commit(0, [], facts={"steps": LAST})
        finished.finish()
        settings = {"schedule": {"train_steps": 9}, FIRST_STEP: LAST}
        self.extension = Step(Spec(Kind.PRETRAIN, settings, {"examples": "e", EXTENDS: finished.name}), COMMAND)
        self.created = False

    def gc(self) -> None:
        collect()

    def submit(self) -> None:
        submit([self.extension], profile(LOCATION), self.store, Accepting(self), clock=lambda: NOW)


class Accepting(Workers):
    """A cluster that notes that the Job was created, and starts nothing."""

    def __init__(self, world: ExtendedWorld) -> None:
        self._extended = world

    def create(self, job: Job) -> None:
        del job
        self._extended.created = True


@pytest.mark.parametrize("mishap", [None, *Mishap])
def test_no_job_goes_on_from_a_checkpoint_that_gc_removes(
    mishap: Mishap | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds: list[ExtendedWorld] = []
    outcomes: set[tuple[bool, bool]] = set()

    def executions(trouble: Trouble | None, most: int | None) -> dict[str, int]:
        def begin() -> Bucket:
            bucket = Bucket(trouble)
            monkeypatch.setattr(jobs.store, "obstore", bucket)
            worlds[:] = [ExtendedWorld(bucket)]
            bucket.spawn("gc", worlds[0].gc)
            bucket.spawn("submit", worlds[0].submit)
            return bucket

        longest: dict[str, int] = {}
        for bucket in every_order(begin, most):
            assert all(p.error is None or isinstance(p.error, CovidCtlError) for p in bucket.processes)
            longest = {p.name: max(longest.get(p.name, 0), p.requests) for p in bucket.processes}
            outcomes.add((worlds[0].created, worlds[0].checkpoint in bucket.objects))
        return longest

    if mishap is None:
        executions(None, None)
        assert outcomes == {(True, True), (False, False)}
    else:
        for name, count in executions(None, 1).items():
            for number in range(count):
                executions(Trouble(name, number, mishap), 8)
        assert (True, False) not in outcomes

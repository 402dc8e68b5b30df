"""The tracker, over HTTP: what it releases, what it notes, what it brings to safety, and that it may be killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.labels import ANNOTATION_GATE, LABEL_QUEUE
from controller.ledger.events import Event, EventType, read_observed, read_pod_failures
from controller.planning.manifest import render
from jobs.errors import DamagedError
from tests.api_server.server import ApiServer, Fault
from tests.controller.steps import COMMAND, complete, profile, steps
from tests.controller.tracked import World, until
from tests.eviction import evict
from tests.standin_kubelet import DISRUPTED, OUT_OF_MEMORY, RUNS

SUBMITTED, RELEASED, STARTED = EventType.SUBMITTED, EventType.RELEASED, EventType.STARTED
SUCCEEDED, FAILED, POD_FAILED = EventType.SUCCEEDED, EventType.FAILED, EventType.POD_FAILED


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def test_a_step_is_released_once_its_inputs_are_complete(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    with world.tracker() as tracker:
        until(lambda: world.history(signatures).observed is not None, tracker)
        observed = world.history(signatures).observed
        assert observed
        assert (observed.state, observed.reason) == ("suspended", f"waits for its input {ingest.name}")
        complete(world.store, ingest)
        world.kubelet(ingest).step()
        until(lambda: RELEASED in world.types(signatures), tracker)
    assert not world.suspended(signatures)
    assert world.ledger.events(signatures.name)[0].detail == COMMAND


def test_of_a_job_that_is_released_nothing_is_noted_as_it_was_before(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    complete(world.store, ingest)
    with world.tracker() as tracker:
        until(lambda: RELEASED in world.types(signatures), tracker)
        until(lambda: world.history(signatures).observed is not None, tracker)
    observed = [read_observed(e) for e in world.ledger.events(signatures.name) if e.type is EventType.OBSERVED]
    assert [found.state for found in observed] == ["pending"]


def test_inputs_that_are_made_elsewhere_are_noticed_after_a_while(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    with world.tracker() as tracker:
        until(lambda: world.history(signatures).observed is not None, tracker)
        complete(world.store, ingest)
        tracker.step(0)
        assert world.suspended(signatures)
        world.server.advance(31)
        until(lambda: not world.suspended(signatures), tracker)


def test_what_somebody_suspends_stays_suspended(world: World) -> None:
    ingest, signatures, *_ = steps()
    complete(world.store, ingest)
    world.submit(signatures)
    with world.tracker() as tracker:
        world.kubelet(signatures, _0=RUNS, _1=RUNS).step()
        until(lambda: STARTED in world.types(signatures), tracker)
        job = world.server.store.get("jobs", "default", signatures.name)
        job["spec"]["suspend"] = True
        world.server.store.update("jobs", "default", job)
        until(lambda: world.history(signatures).observed.state == "suspended", tracker)  # type: ignore[union-attr]
        world.server.advance(31)
        tracker.step(0.05)
    assert world.suspended(signatures)
    assert world.life(signatures) == [SUBMITTED, STARTED]


def test_a_queued_job_is_put_into_its_queue_and_left_to_it(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures, queue="tpu")
    complete(world.store, ingest)
    with world.tracker() as tracker:
        until(lambda: RELEASED in world.types(signatures), tracker)
        world.server.advance(31)
        tracker.step(0.05)
    job = world.server.store.get("jobs", "default", signatures.name)
    assert job["metadata"]["labels"][LABEL_QUEUE] == "tpu"
    assert job["spec"]["suspend"] is True
    assert world.life(signatures) == [SUBMITTED, RELEASED]


def test_a_default_queue_that_takes_every_job_is_held_back_by_the_gate(world: World) -> None:
    """As Kueue's webhook does in a namespace with a LocalQueue named default: it labels each Job at its creation."""
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    job = world.server.store.get("jobs", "default", signatures.name)
    assert ANNOTATION_GATE in job["metadata"]["annotations"]
    job["metadata"]["labels"][LABEL_QUEUE] = "default"
    world.server.store.update("jobs", "default", job)
    with world.tracker() as tracker:
        until(lambda: world.history(signatures).observed is not None, tracker)
        complete(world.store, ingest)
        world.kubelet(ingest).step()
        until(lambda: RELEASED in world.types(signatures), tracker)
        world.server.advance(31)
        until(lambda: "to admit it" in world.history(signatures).observed.reason, tracker)  # type: ignore[union-attr]
    job = world.server.store.get("jobs", "default", signatures.name)
    assert ANNOTATION_GATE not in job["metadata"]["annotations"]
    assert job["spec"]["suspend"] is True  # Kueue's to decide from now on


def test_the_gate_is_gone_before_the_job_is_in_a_queue_or_may_run(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures, queue="tpu")
    complete(world.store, ingest)
    with world.tracker() as tracker:
        until(lambda: RELEASED in world.types(signatures), tracker)
    stages = [
        (ANNOTATION_GATE in entry.object["metadata"]["annotations"], LABEL_QUEUE in entry.object["metadata"]["labels"])
        for entry in world.server.store.since(0, "jobs", "default")
        if entry.object["metadata"]["name"] == signatures.name
    ]
    assert (True, True) not in stages
    assert [stage for n, stage in enumerate(stages) if stage != (stages[n - 1] if n else None)] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_a_finished_step_leaves_its_terminal_record_and_logs(world: World) -> None:
    ingest, *_ = steps()
    world.submit(ingest)
    pod = world.server.store.all("pods", "default")[0]
    pod["metadata"]["annotations"]["test/log"] = "first\nlast\n"
    world.server.store.update("pods", "default", pod)
    complete(world.store, ingest)
    world.kubelet(ingest).step()
    with world.tracker() as tracker:
        until(lambda: world.log(ingest, "00000-0") != "", tracker)
        assert world.life(ingest) == [SUBMITTED, SUCCEEDED]
        observed = world.history(ingest).observed
        assert observed
        assert (observed.state, observed.succeeded) == ("complete", 1)
        assert world.log(ingest, "00000-0") == "first\nlast\n"
        world.server.advance(8 * 24 * 3600)  # the TTL removes the Job
        until(lambda: not world.cluster.jobs(), tracker)
        tracker.step(0.05)
    assert world.life(ingest) == [SUBMITTED, SUCCEEDED]
    (submitted,) = world.submit(ingest)
    assert submitted.outcome == "already complete"
    assert world.cluster.jobs() == []


def test_a_job_whose_end_is_heard_of_before_its_pods_has_not_ended_yet(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    world.kubelet(ingest, _0=RUNS).step()
    complete(world.store, ingest)
    job = world.server.store.get("jobs", "default", ingest.name)
    job["status"]["conditions"] = [
        {"type": "Complete", "status": "True", "lastTransitionTime": world.server.store.now()}
    ]
    with world.tracker() as tracker:
        until(lambda: STARTED in world.types(ingest), tracker)
        world.server.store.update("jobs", "default", job)
        for _ in range(3):
            tracker.step(0)
        assert world.life(ingest) == [SUBMITTED, STARTED]
        pod = world.server.store.all("pods", "default")[0]
        pod["status"]["phase"] = "Succeeded"
        world.server.store.update("pods", "default", pod)
        until(lambda: world.life(ingest)[-1] is SUCCEEDED, tracker)


def test_a_job_that_is_gone_is_forgotten_after_a_while(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    complete(world.store, ingest)
    world.kubelet(ingest).step()
    with world.tracker() as tracker:
        until(lambda: world.life(ingest) == [SUBMITTED, SUCCEEDED], tracker)
        world.cluster.delete(ingest.name)
        until(lambda: not tracker.step(0.05), tracker)
        assert tracker.history(ingest.name) is not None  # a pod's end may still come
        for _ in range(2):
            world.server.advance(31)
            tracker.step(0.05)
        assert tracker.history(ingest.name) is None
        assert tracker.history(signatures.name) is not None
    assert world.life(ingest) == [SUBMITTED, SUCCEEDED]


def test_failed_pods_are_told_once_each_with_their_logs(world: World) -> None:
    preprocess = steps()[0]
    world.submit(preprocess)
    kubelet = world.kubelet(preprocess, _0=(1, DISRUPTED, 42))
    with world.tracker() as tracker:
        for failures in (1, 2, 3):
            kubelet.step()
            until(lambda: len(world.history(preprocess).attempts) == failures, tracker)  # noqa: B023
            world.server.advance(700)
        until(lambda: world.life(preprocess)[-1] is FAILED, tracker)
        until(lambda: world.log(preprocess, "00000-2") != "", tracker)
    told = [f for e in world.ledger.events(preprocess.name) if e.type is POD_FAILED for f in read_pod_failures(e)]
    assert [(f.index, f.attempt, f.exit_code, f.preempted) for f in told] == [
        (0, 0, 1, False),
        (0, 1, 143, True),
        (0, 2, 42, False),
    ]
    assert "preempted by a pod of higher priority" in told[1].reason
    assert "exited with 42" in world.log(preprocess, "00000-2")
    observed = world.history(preprocess).observed
    assert observed
    assert (observed.state, observed.failed, observed.retries, observed.preempted) == ("failed", 1, 1, 1)
    assert "exited with 42" in world.history(preprocess).detail


def test_a_step_that_ran_out_of_memory_is_not_retried(world: World) -> None:
    ingest, signatures, *_ = steps(shards=3)
    world.submit(signatures)
    complete(world.store, ingest)
    kubelet = world.kubelet(signatures, _0=OUT_OF_MEMORY, _1=RUNS, _2=RUNS)
    with world.tracker() as tracker:
        until(lambda: RELEASED in world.types(signatures), tracker)
        kubelet.step()
        until(lambda: FAILED in world.types(signatures), tracker)
    assert kubelet.attempts[0] == 1
    assert "index 0 OOMKilled: it used more memory than its limit" in world.history(signatures).detail
    observed = world.history(signatures).observed
    assert observed
    assert (observed.state, observed.retries) == ("failed", 0)
    assert "schedule.accumulation" in observed.remedy


def test_a_container_that_was_killed_otherwise_is_retried(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    kubelet = world.kubelet(ingest, _0=(137, 0))
    with world.tracker() as tracker:
        kubelet.step()
        until(lambda: POD_FAILED in world.types(ingest), tracker)
        complete(world.store, ingest)
        world.server.advance(60)
        kubelet.step()
        until(lambda: SUCCEEDED in world.types(ingest), tracker)


def test_a_pod_that_vanishes_at_once_is_not_missed(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    world.kubelet(ingest, _0=RUNS).step()
    with world.tracker() as tracker:
        until(lambda: STARTED in world.types(ingest), tracker)
        (pod,) = world.cluster.pods(ingest.name)
        evict(world.cluster, pod.name)
        found = world.server.store.get("pods", "default", pod.name)
        found["status"]["phase"] = "Failed"
        world.server.store.update("pods", "default", found)
        until(lambda: POD_FAILED in world.types(ingest), tracker)
        until(lambda: world.log(ingest, "00000-0") != "", tracker)
    assert "evicted, as when a node is drained" in world.log(ingest, "00000-0")


def test_why_it_waits_is_noted_when_the_reason_changes_not_its_numbers(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)

    def refuse(words: str) -> None:
        pod = world.server.store.all("pods", "default")[0]
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
        pod["status"]["conditions"] = [condition]
        world.server.store.update("pods", "default", pod)

    def reasons() -> list[str]:
        return [read_observed(e).reason for e in world.ledger.events(ingest.name) if e.type is EventType.OBSERVED]

    with world.tracker() as tracker:
        for words in ("0/3 nodes are available: 3 Insufficient cpu", "0/4 nodes are available: 4 Insufficient cpu"):
            refuse(words)
            world.server.advance(31)
            tracker.step(0)
        refuse("0/4 nodes are available: 4 node(s) had untolerated taint")
        world.server.advance(31)
        tracker.step(0)
    assert [reason.rpartition(": ")[2] for reason in reasons()] == [
        "3 Insufficient cpu",
        "4 node(s) had untolerated taint",
    ]


def test_a_job_deleted_by_hand_is_told(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    with world.tracker() as tracker:
        until(lambda: world.history(ingest).observed is not None, tracker)
        world.cluster.delete(ingest.name)
        until(lambda: world.life(ingest)[-1] is FAILED, tracker)
    assert world.history(ingest).detail == "its Job was deleted before it was complete"


def test_a_job_deleted_and_submitted_again_at_once_is_released_nevertheless(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    with world.tracker() as tracker:
        until(lambda: world.history(signatures).observed is not None, tracker)
        world.cluster.delete(signatures.name)
        # The deletion is heard of when the ledger tells of the new submission already, and its Job is still to come.
        world.ledger.append(signatures.name, Event(SUBMITTED, world.now(), COMMAND))
        until(lambda: tracker.history(signatures.name).known == len(world.types(signatures)), tracker)  # type: ignore[union-attr]
        world.cluster.create(render(signatures, profile(world.store.location), suspend=True))
        complete(world.store, ingest)
        world.kubelet(ingest).step()
        until(lambda: RELEASED in world.types(signatures), tracker)
    assert FAILED not in world.types(signatures)


def scenario(world: World, moved: Callable[[], None]) -> list[EventType]:
    """A whole life, with ``moved`` called after every move of the world."""
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    moved()
    kubelet = world.kubelet(ingest, _0=(1, 0))
    kubelet.step()
    moved()
    world.server.advance(60)
    moved()
    complete(world.store, ingest)
    kubelet.step()
    moved()
    world.server.advance(31)
    moved()
    complete(world.store, signatures)
    world.kubelet(signatures).step()
    moved()
    assert world.life(ingest)[-1] is SUCCEEDED
    assert world.log(ingest, "00000-0")
    assert world.log(ingest, "00000-1")
    return [*world.life(ingest), *world.life(signatures)]


LIVES = [SUBMITTED, POD_FAILED, SUCCEEDED, SUBMITTED, RELEASED, SUCCEEDED]


def settle(world: World, tracker: object, rounds: int = 6) -> None:
    assert world
    for _ in range(rounds):
        tracker.step(0.03)  # type: ignore[attr-defined]


def test_a_tracker_that_is_killed_after_every_move_notes_the_same(world: World) -> None:
    def moved() -> None:
        with world.tracker() as tracker:
            settle(world, tracker)

    assert scenario(world, moved) == LIVES


def test_two_trackers_at_once_note_everything_once(world: World) -> None:
    with world.tracker() as first, world.tracker() as second:

        def moved() -> None:
            for _ in range(6):
                first.step(0.03)
                second.step(0.03)

        assert scenario(world, moved) == LIVES


def test_a_bucket_that_fails_holds_up_no_other_step(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest)
    broken = Path(world.store.location, "ledger", ingest.name, "00001.json")
    broken.write_text("{")
    complete(world.store, ingest)
    world.submit(signatures)
    world.kubelet(signatures, _0=RUNS).step()
    with world.tracker() as tracker:
        until(lambda: STARTED in world.types(signatures), tracker)
        assert [(name, type(error)) for name, error in world.errors] == [(ingest.name, DamagedError)]
        broken.unlink()
        world.server.advance(6)
        until(lambda: len(world.types(ingest)) > 1, tracker)


def test_it_outlives_a_server_that_does_not_answer(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    complete(world.store, ingest)
    world.server.faults.append(Fault("PATCH", signatures.name, 503, times=6))
    with world.tracker() as tracker:
        until(lambda: bool(world.errors), tracker)
        world.server.advance(6)
        until(lambda: not world.suspended(signatures), tracker)


def test_nothing_is_asked_and_nothing_written_while_nothing_changes(world: World) -> None:
    world.submit(*steps())
    with world.tracker() as tracker:
        settle(world, tracker, 10)
        before = len(world.server.requests), [info.path for info in world.store.objects()]
        world.server.advance(31)
        settle(world, tracker, 3)
        assert (len(world.server.requests), [info.path for info in world.store.objects()]) == before


def test_without_the_lease_nothing_is_written(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    complete(world.store, ingest)
    with world.tracker(may_write=lambda: False) as tracker:
        settle(world, tracker)
    assert world.suspended(signatures)
    assert world.types(signatures) == [SUBMITTED]


def test_only_the_steps_that_were_asked_for(world: World) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    with world.tracker(names={ingest.name}) as tracker:
        until(lambda: len(world.types(ingest)) > 1, tracker)
    assert world.types(signatures) == [SUBMITTED]

"""Evictions, killed trackers, several of them, a bucket or an API server that goes away: the artifacts are the same."""

import os
import random
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controller.clusters.interface import JobStatus
from controller.kube.api_errors import ApiError, NotFoundError, OverloadedError
from controller.ledger.events import EventType, Ledger
from jobs.artifact import Artifact
from jobs.store import Store
from tests import eviction
from tests.cluster.place import Place, write_recipe
from tests.cluster.waiting import SECONDS, until, what_failed
from tests.e2e.command import covid_ctl
from tests.gcs_server import OUTAGES

pytestmark = pytest.mark.cluster

AWAY_SECONDS = 91
"""Longer than what a client library repeats by itself."""
ONCE = (EventType.RELEASED, EventType.STARTED, EventType.SUCCEEDED)

Outputs = dict[str, set[tuple[str, int, str]]]


def outputs(store: Store, names: list[str]) -> Outputs:
    """By step, its outputs' paths, sizes and checksums."""
    return {
        name: {(found.path, found.size, found.crc32c) for found in Artifact.open(store, name).require().outputs}
        for name in names
    }


def undisturbed(place: Place, *arguments: str) -> Outputs:
    """The same command's results, run as processes of this machine."""
    bucket = Path(place.directory) / "undisturbed"
    done = covid_ctl(*arguments, "--profile", "local", bucket=bucket, cwd=place.directory)
    assert done.code == 0, done.err
    store = Store(str(bucket))
    return outputs(store, Ledger(store).steps())


def all_complete(place: Place) -> bool:
    return set(place.states().values()) == {"complete"}


def check_each_thing_was_noted_once(place: Place) -> None:
    ledger = Ledger(place.store())
    for name in ledger.steps():
        counts = Counter(event.type for event in ledger.events(name))
        assert all(counts[kind] <= 1 for kind in ONCE), (name, ledger.events(name))
        assert counts[EventType.SUCCEEDED] == 1, (name, ledger.events(name))


def check_each_job_was_released_once(place: Place) -> None:
    """A Job's generation is 1, and 2 once it was unsuspended."""
    for name, job in place.jobs().items():
        assert job["metadata"]["generation"] <= 2, (name, job["metadata"])


def test_an_eviction_costs_no_retry_and_no_byte(place: Place) -> None:
    """One pod of each step is evicted; that of pretraining once it has a checkpoint to go on from."""
    schedule: dict[str, Any] = {"train_steps": 300, "evaluate_every": 100, "checkpoint_every": 20}
    recipe = write_recipe(place, **schedule)
    submit = ("submit", "pretrain", recipe, "--with-inputs")
    evicted: set[str] = set()
    with place.running(*submit, "--wait", "--timeout", str(SECONDS)) as process:

        def ended() -> bool:
            for name in place.jobs().keys() - evicted:
                running = [pod for pod in place.cluster.pods(name) if pod.phase == "Running" and not pod.deleting]
                early = name.startswith("pretrain-") and not place.store().objects(f"{name}/checkpoints")
                if running and not early and evict(place, running[0].name):
                    evicted.add(name)
            return process.poll() is not None

        until(ended, "the end of submit --wait", every=0.1, seconds=SECONDS + 60)
        assert process.returncode == 0, place.said
    (pretrain,) = (name for name in place.jobs() if name.startswith("pretrain-"))
    assert pretrain in evicted
    for name in evicted:
        status = until(partial(ended_status, place, name), f"the end of {name}")
        assert (status.condition and status.condition.type, status.retries) == ("Complete", 0), (name, status)
    data_side = undisturbed(place, "submit", "preprocess", "--recipe", recipe)
    assert outputs(place.store(), list(data_side)) == data_side
    # Trained weights are the same on the same processor and TensorFlow only: they are compared within the cluster.
    place.succeed(*submit, "--fresh", "--wait")
    (afresh,) = (name for name in place.jobs() if name.startswith("pretrain-") and name != pretrain)
    trained = outputs(place.store(), [pretrain, afresh])
    assert trained[pretrain] == trained[afresh]


def ended_status(place: Place, name: str) -> JobStatus | None:
    """A Job ends a little after its artifact is complete."""
    status = place.cluster.status(name)
    return status if status and status.condition else None


def evict(place: Place, pod: str) -> bool:
    try:
        eviction.evict(place.cluster, pod)
    except (NotFoundError, OverloadedError):
        return False
    return True


def test_a_bucket_that_is_away_for_a_while_costs_no_retry_and_no_byte(place: Place) -> None:
    if not place.bucket.goes_away:
        pytest.skip("a bucket that is given is not ours to take away")
    submit = ("submit", "preprocess")
    with place.running(*submit, "--wait", "--timeout", str(SECONDS)) as process:
        name = until(lambda: at_work(place, "preprocess"), "pods of preprocess", cluster=place.cluster, every=0.1)
        Store(f"gs://{OUTAGES}").put("next", str(AWAY_SECONDS).encode())
        until(lambda: process.poll() is not None, "the end of submit --wait", seconds=SECONDS + 60)
        assert process.returncode == 0, place.said
    assert "the bucket does not answer" in place.said
    assert "the bucket answers again" in place.said
    for step in place.jobs():
        status = until(partial(ended_status, place, step), f"the end of {step}")
        assert (status.condition and status.condition.type, status.retries) == ("Complete", 0), (step, status)
    assert name in place.states()
    assert outputs(place.store(), list(place.jobs())) == undisturbed(place, *submit)


def at_work(place: Place, kind: str) -> str:
    """The name of the step of this kind once a pod of it runs."""
    steps = (name for name in place.jobs() if name.startswith(f"{kind}-"))
    return next((name for name in steps if any(pod.phase == "Running" for pod in place.cluster.pods(name))), "")


def test_a_tracker_may_be_killed_at_any_point(place: Place) -> None:
    chance = random.Random(1)
    submit = ("submit", "preprocess")
    place.succeed(*submit)
    deadline = time.monotonic() + SECONDS
    kills = 0
    while kills < 3 or not all_complete(place):
        assert not (failed := what_failed(place.cluster)), failed
        assert time.monotonic() < deadline, place.said
        with place.running("tracker") as process:
            # A killed tracker's lease lasts a while: some of these die waiting for it, which is a point like any other.
            time.sleep(chance.uniform(2, 30) if kills else chance.uniform(1, 3))
            assert process.poll() is None, place.said
        kills += 1
    with place.running("tracker"):
        until(lambda: not unnoted(place), "the last tracker to note what the killed ones did not")
    check_each_thing_was_noted_once(place)
    check_each_job_was_released_once(place)
    assert outputs(place.store(), list(place.jobs())) == undisturbed(place, *submit)


def unnoted(place: Place) -> list[str]:
    ledger = Ledger(place.store())
    succeeded = EventType.SUCCEEDED
    return [name for name in ledger.steps() if succeeded not in {event.type for event in ledger.events(name)}]


def test_two_trackers_do_no_harm(place: Place) -> None:
    """Two by the Lease, and a third that knows of none: the one inside ``submit --wait``."""
    with place.running("tracker") as first, place.running("tracker") as second:
        place.succeed("submit", "preprocess", "--wait")
        until(lambda: not unnoted(place), "the trackers to note the end")
        assert (first.poll(), second.poll()) == (None, None), place.said
    check_each_thing_was_noted_once(place)
    check_each_job_was_released_once(place)


def test_an_api_server_may_be_restarted(place: Place) -> None:
    command = os.environ.get("COVID_CTL_TEST_RESTART_API")
    if not command:
        pytest.skip("restarting the API server needs a command for it: set COVID_CTL_TEST_RESTART_API")
    with place.running("tracker") as process, place.running("submit", "preprocess", "--wait") as waiting:
        until(lambda: at_work(place, "ingest"), "pods of ingest", cluster=place.cluster)
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, f"COVID_CTL_TEST_RESTART_API: {done.stdout}{done.stderr}"
        until(lambda: answers(place), "the API server to answer again")
        until(lambda: all_complete(place), "all steps to complete", cluster=place.cluster, every=2)
        assert process.poll() is None, place.said
        until(lambda: not unnoted(place), "the tracker to note the end")
        until(lambda: waiting.poll() is not None, "the end of submit --wait")
        assert waiting.returncode == 0, place.said
    check_each_thing_was_noted_once(place)


def answers(place: Place) -> bool:
    try:
        return place.cluster.version() >= (1, 31)
    except ApiError:
        return False

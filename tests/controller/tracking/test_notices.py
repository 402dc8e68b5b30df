"""Webhooks are told that a step has ended: by whom, how often, and what they are told."""

from functools import partial
from pathlib import Path
from threading import Event as Flag

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.backoff import Retrying
from controller.ledger.events import Event, EventType, read_notified
from controller.profiles.webhook import why_not_called
from controller.tracking.notices import Notice, Notifier
from controller.tracking.submission import submit
from controller.tracking.webhook_call import Reply, call_webhook
from tests.api_server.server import ApiServer
from tests.controller.steps import profile, steps
from tests.controller.tracked import World, until
from tests.webhook_server import webhook_server

INGEST = steps()[0]
AT_ONCE = Retrying(attempts=4, sleep=lambda _: None)


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def submitted(world: World, *urls: str) -> None:
    """One Job, of which each of the webhooks wants to hear."""
    place = profile(world.store.location)
    for url in urls or ("",):
        submit([INGEST], place, world.store, world.cluster, notify=url, clock=world.now)


def outcomes(world: World) -> list[str]:
    events = world.ledger.events(INGEST.name)
    return [read_notified(event).outcome for event in events if event.type is EventType.NOTIFIED]


@pytest.mark.parametrize(
    ("answers", "outcome", "calls"),
    [
        ((), "delivered", 1),
        ((503, 0, 429), "delivered", 4),
        ((500, 500, 500, 502), "given up after 4 calls: it answered 502", 4),
        ((404,), "not delivered: it answered 404", 1),
        ((302,), "not delivered: it answered 302, and redirects are not followed", 1),
    ],
)
def test_a_failed_step_is_told_once(world: World, answers: tuple[int, ...], outcome: str, calls: int) -> None:
    with webhook_server(*answers) as receiver:
        submitted(world, receiver.url)
        world.kubelet(INGEST, _0=43).step()
        said: list[Event] = []
        notifier = Notifier(partial(why_not_called, hosts=[receiver.host]), retrying=AT_ONCE)
        with world.tracker(notifier=notifier, on_event=lambda _, event: said.append(event)) as tracker:
            until(lambda: bool(outcomes(world)), tracker)
            for _ in range(3):
                world.server.advance(31)
                tracker.step(0.02)
        assert outcomes(world) == [outcome]
        assert set(receiver.paths) == {"/hooks/s3cret?to=ada"}
        assert len(receiver.received) == calls
        assert all(one == receiver.received[0] for one in receiver.received)
    body = receiver.received[0]
    assert (body["version"], body["id"]) == (1, f"{INGEST.name}/1")
    assert (body["step"], body["kind"], body["state"]) == (INGEST.name, "ingest", "failed")
    assert body["text"] == f"{INGEST.name}: failed. {body['reason']}"
    assert "exited with 43" in body["reason"]
    assert body["bucket"] == world.store.location
    headers = receiver.headers[0]
    assert (headers["Content-Type"], "Authorization" in headers) == ("application/json", False)
    assert "s3cret" not in str(said)
    assert world.errors == []


def test_a_tracker_that_starts_tells_what_was_not_noted(world: World) -> None:
    with webhook_server() as receiver:
        submitted(world, receiver.url)
        world.kubelet(INGEST, _0=43).step()
        with world.tracker() as without:  # one that notes the end, and is gone before it told anybody
            until(lambda: EventType.FAILED in world.types(INGEST), without)
        for _ in range(2):
            notifier = Notifier(retrying=AT_ONCE)
            with world.tracker(notifier=notifier) as tracker:
                until(lambda: outcomes(world) == ["delivered"], tracker)
                tracker.step(0.02)
        assert len(receiver.received) == 1


def test_each_who_asked_is_told_and_each_end_anew(world: World) -> None:
    with webhook_server() as receiver:
        ada, bob = (f"http://{receiver.host}/{who}" for who in ("ada", "bob"))
        notifier = Notifier(retrying=AT_ONCE)
        with world.tracker(notifier=notifier) as tracker:
            submitted(world, ada, bob, ada)
            world.kubelet(INGEST, _0=43).step()
            until(lambda: len(outcomes(world)) == 2, tracker)
            submitted(world, ada)
            world.kubelet(INGEST, _0=43).step()
            until(lambda: len(outcomes(world)) == 3, tracker)
    assert sorted(receiver.paths) == ["/ada", "/ada", "/bob"]
    assert sorted(body["id"] for body in receiver.received) == [f"{INGEST.name}/{n}" for n in (1, 1, 2)]


def test_a_host_that_the_profile_does_not_list_is_not_called(world: World) -> None:
    with webhook_server() as receiver:
        submitted(world, receiver.url)
        world.kubelet(INGEST, _0=43).step()
        notifier = Notifier(partial(why_not_called, hosts=["hooks.example.org"]), retrying=AT_ONCE)
        with world.tracker(notifier=notifier) as tracker:
            until(lambda: bool(outcomes(world)), tracker)
        assert outcomes(world) == [f"{receiver.host} is not among notify_hosts of the profile"]
        assert receiver.paths == []


def test_what_is_no_address_is_noted_and_not_tried_again(world: World) -> None:
    """Whoever may write to the bucket may write this into a ledger."""
    submitted(world, "https://[::1/s3cret")
    world.kubelet(INGEST, _0=43).step()
    with world.tracker(notifier=Notifier(retrying=AT_ONCE)) as tracker:
        until(lambda: bool(outcomes(world)), tracker)
    assert "no address" in outcomes(world)[0]
    assert world.errors == []


def test_what_a_job_says_is_no_address(world: World) -> None:
    """Only the ledger has any: a stranger's Job has none, whatever its annotations are."""
    with webhook_server() as receiver:
        submitted(world)
        job = world.server.store.get("jobs", "default", INGEST.name)
        job["metadata"]["annotations"] |= {"covid-ctl/notify": receiver.url, "notify": receiver.url}
        world.server.store.update("jobs", "default", job)
        world.kubelet(INGEST, _0=43).step()
        with world.tracker(notifier=Notifier(retrying=AT_ONCE)) as tracker:
            until(lambda: EventType.FAILED in world.types(INGEST), tracker)
            tracker.finish_notices(1)
        assert (outcomes(world), receiver.paths) == ([], [])


def test_a_slow_webhook_holds_nothing_up_and_its_job_may_go(world: World) -> None:
    answered = Flag()

    def slow(url: str, body: bytes) -> Reply:
        assert answered.wait(60)
        return call_webhook(url, body)

    with webhook_server() as receiver:
        submitted(world, receiver.url)
        world.kubelet(INGEST, _0=43).step()
        with world.tracker(notifier=Notifier(call=slow)) as tracker:
            until(lambda: EventType.FAILED in world.types(INGEST), tracker)
            world.cluster.delete(INGEST.name)
            for _ in range(3):
                world.server.advance(31)
                tracker.step(0.02)
            assert outcomes(world) == []
            answered.set()
            until(lambda: outcomes(world) == ["delivered"], tracker)


def test_a_long_reason_is_cut_and_odd_letters_are_sent() -> None:
    notice = Notice.of(
        "a-1", number=1, kind="ingest", recipe="", bucket="b", ended_at=0.0, reason="é\ud800" * 4000, result=""
    )
    assert len(notice.body()) < 5000
    assert notice.ended_at == "1970-01-01T00:00:00+00:00"

"""The lease: one holder at a time, taken over when its holder is gone, never held by word of a dead server."""

from __future__ import annotations

from datetime import datetime

import pytest

from controller.kube.api import Api
from controller.kube.api_errors import ForbiddenError
from controller.kube.backoff import Retrying
from controller.kube.connection import connect
from controller.kube.leader_election import LEASE_NAME, LEASE_SECONDS, RENEW_SECONDS, LeaderElection
from tests.api_server.server import ApiServer, Fault


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(server: ApiServer) -> Api:
    assert server.url
    return Api(connect(), retrying=Retrying(attempts=1))


def candidate(api: Api, clock: Clock, identity: str) -> LeaderElection:
    return LeaderElection(api, identity, clock=clock, wall_clock=clock)


def holder(server: ApiServer) -> str:
    return str(server.store.get("leases", "default", LEASE_NAME)["spec"]["holderIdentity"])


def test_the_first_holds_it_and_keeps_it(server: ApiServer, api: Api, clock: Clock) -> None:
    first, second = candidate(api, clock, "first"), candidate(api, clock, "second")
    for _ in range(10):
        assert first.acquire_or_renew()
        assert not second.acquire_or_renew()
        clock.now += RENEW_SECONDS
    spec = server.store.get("leases", "default", LEASE_NAME)["spec"]
    assert spec["leaseTransitions"] == 0
    assert datetime.fromisoformat(spec["renewTime"])


def test_one_that_is_not_renewed_is_taken_over_after_its_duration(server: ApiServer, api: Api, clock: Clock) -> None:
    assert candidate(api, clock, "dead").acquire_or_renew()
    heir = candidate(api, clock, "heir")
    waited = 0.0
    while not heir.acquire_or_renew():
        assert waited <= LEASE_SECONDS
        clock.now += 1
        waited += 1
    assert waited >= LEASE_SECONDS
    assert holder(server) == "heir"
    assert server.store.get("leases", "default", LEASE_NAME)["spec"]["leaseTransitions"] == 1


def test_one_that_was_given_up_is_free_at_once(server: ApiServer, api: Api, clock: Clock) -> None:
    first, second = candidate(api, clock, "first"), candidate(api, clock, "second")
    assert first.acquire_or_renew()
    first.release()
    assert not holder(server)
    assert second.acquire_or_renew()
    first.release()
    assert holder(server) == "second"


def test_it_is_not_asked_for_at_every_write(server: ApiServer, api: Api, clock: Clock) -> None:
    held = candidate(api, clock, "first")
    assert held.acquire_or_renew()
    before = len(server.requests)
    assert all(held.acquire_or_renew() for _ in range(100))
    assert len(server.requests) == before


def test_it_is_lost_before_it_runs_out_when_the_server_is_away(server: ApiServer, api: Api, clock: Clock) -> None:
    held, other = candidate(api, clock, "first"), candidate(api, clock, "second")
    assert held.acquire_or_renew()
    assert not other.acquire_or_renew()
    fault = Fault("PUT", "leases", 503, times=1000)
    server.faults.append(fault)
    clock.now += RENEW_SECONDS
    assert held.acquire_or_renew()  # it may miss one
    clock.now += RENEW_SECONDS
    assert not held.acquire_or_renew()
    fault.times = 0
    clock.now += RENEW_SECONDS
    assert other.acquire_or_renew()
    assert not held.acquire_or_renew()


def test_of_two_that_take_over_one_does(server: ApiServer, api: Api, clock: Clock) -> None:
    assert candidate(api, clock, "dead").acquire_or_renew()
    heirs = [candidate(api, clock, name) for name in ("one", "two")]
    assert not any(heir.acquire_or_renew() for heir in heirs)
    clock.now += LEASE_SECONDS
    assert [heir.acquire_or_renew() for heir in heirs] == [True, False]
    assert holder(server) == "one"


def test_who_may_not_have_a_lease_is_told(server: ApiServer, api: Api, clock: Clock) -> None:
    server.denied.add(("get", "leases"))
    with pytest.raises(ForbiddenError, match='cannot get resource "leases"'):
        candidate(api, clock, "first").acquire_or_renew()


def test_a_server_that_has_just_started_may_refuse_for_a_moment(server: ApiServer, api: Api, clock: Clock) -> None:
    first = candidate(api, clock, "first")
    assert first.acquire_or_renew()
    server.faults.append(Fault("GET", LEASE_NAME, 403))
    for _ in range(2):
        clock.now += RENEW_SECONDS
        assert first.acquire_or_renew()
    assert [fault.times for fault in server.faults] == [0]


def test_a_permission_that_is_gone_for_good_is_told(server: ApiServer, api: Api, clock: Clock) -> None:
    first = candidate(api, clock, "first")
    assert first.acquire_or_renew()
    server.faults.append(Fault("GET", LEASE_NAME, 403, times=100))
    clock.now += RENEW_SECONDS
    assert first.acquire_or_renew()
    clock.now += LEASE_SECONDS
    with pytest.raises(ForbiddenError):
        first.acquire_or_renew()

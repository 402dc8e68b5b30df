"""The lease: one holder at a time, taken over when its holder is gone, never held by word of a dead server."""

from __future__ import annotations

from datetime import datetime

import pytest

from controller.kube.api import Api
from controller.kube.backoff import Retrying
from controller.kube.connection import connect
from controller.kube.errors import ForbiddenError
from controller.kube.leader_election import LEASE_SECONDS, NAME, RENEW_SECONDS, Lease
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


def lease(api: Api, clock: Clock, identity: str) -> Lease:
    return Lease(api, identity, clock=clock, wall_clock=clock)


def holder(server: ApiServer) -> str:
    return str(server.store.get("leases", "default", NAME)["spec"]["holderIdentity"])


def test_the_first_holds_it_and_keeps_it(server: ApiServer, api: Api, clock: Clock) -> None:
    first, second = lease(api, clock, "first"), lease(api, clock, "second")
    for _ in range(10):
        assert first.held()
        assert not second.held()
        clock.now += RENEW_SECONDS
    spec = server.store.get("leases", "default", NAME)["spec"]
    assert spec["leaseTransitions"] == 0
    assert datetime.fromisoformat(spec["renewTime"])


def test_one_that_is_not_renewed_is_taken_over_after_its_duration(server: ApiServer, api: Api, clock: Clock) -> None:
    assert lease(api, clock, "dead").held()
    heir = lease(api, clock, "heir")
    waited = 0.0
    while not heir.held():
        assert waited <= LEASE_SECONDS
        clock.now += 1
        waited += 1
    assert waited >= LEASE_SECONDS
    assert holder(server) == "heir"
    assert server.store.get("leases", "default", NAME)["spec"]["leaseTransitions"] == 1


def test_one_that_was_given_up_is_free_at_once(server: ApiServer, api: Api, clock: Clock) -> None:
    first, second = lease(api, clock, "first"), lease(api, clock, "second")
    assert first.held()
    first.give_up()
    assert not holder(server)
    assert second.held()
    first.give_up()
    assert holder(server) == "second"


def test_it_is_not_asked_for_at_every_write(server: ApiServer, api: Api, clock: Clock) -> None:
    held = lease(api, clock, "first")
    assert held.held()
    before = len(server.requests)
    assert all(held.held() for _ in range(100))
    assert len(server.requests) == before


def test_it_is_lost_before_it_runs_out_when_the_server_is_away(server: ApiServer, api: Api, clock: Clock) -> None:
    held, other = lease(api, clock, "first"), lease(api, clock, "second")
    assert held.held()
    assert not other.held()
    fault = Fault("PUT", "leases", 503, times=1000)
    server.faults.append(fault)
    clock.now += RENEW_SECONDS
    assert held.held()  # it may miss one
    clock.now += RENEW_SECONDS
    assert not held.held()
    fault.times = 0
    clock.now += RENEW_SECONDS
    assert other.held()
    assert not held.held()


def test_of_two_that_take_over_one_does(server: ApiServer, api: Api, clock: Clock) -> None:
    assert lease(api, clock, "dead").held()
    heirs = [lease(api, clock, name) for name in ("one", "two")]
    assert not any(heir.held() for heir in heirs)
    clock.now += LEASE_SECONDS
    assert [heir.held() for heir in heirs] == [True, False]
    assert holder(server) == "one"


def test_who_may_not_have_a_lease_is_told(server: ApiServer, api: Api, clock: Clock) -> None:
    server.denied.add(("get", "leases"))
    with pytest.raises(ForbiddenError, match='cannot get resource "leases"'):
        lease(api, clock, "first").held()


def test_a_server_that_has_just_started_may_refuse_for_a_moment(server: ApiServer, api: Api, clock: Clock) -> None:
    first = lease(api, clock, "first")
    assert first.held()
    server.faults.append(Fault("GET", NAME, 403))
    for _ in range(2):
        clock.now += RENEW_SECONDS
        assert first.held()
    assert [fault.times for fault in server.faults] == [0]


def test_a_permission_that_is_gone_for_good_is_told(server: ApiServer, api: Api, clock: Clock) -> None:
    first = lease(api, clock, "first")
    assert first.held()
    server.faults.append(Fault("GET", NAME, 403, times=100))
    clock.now += RENEW_SECONDS
    assert first.held()
    clock.now += LEASE_SECONDS
    with pytest.raises(ForbiddenError):
        first.held()

"""Listing and watching over HTTP, with everything that goes wrong on the way."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ForbiddenError
from controller.kube.backoff import Retrying
from controller.kube.watch import Change, Watch
from tests.api_server.server import ApiServer, Fault, StreamFault

PATH = "/api/v1/namespaces/default/configmaps"


class Watched:
    """The changes of the ConfigMaps, as ``TYPE name=value``."""

    def __init__(self, cluster: KubernetesCluster, **options: Any) -> None:
        self.pauses: list[float] = []
        retrying = Retrying(sleep=self.pauses.append, chance=lambda: 1.0)
        self.watch = Watch(cluster.api, PATH, _reduced, retrying=retrying, **options)
        # Where a change never comes, the test shall fail, not wait.
        limit = threading.Timer(20.0, self.watch.stop)
        limit.daemon = True
        limit.start()
        self._changes: Iterator[Change[str]] = iter(self.watch)

    def next(self, count: int) -> list[str]:
        return [f"{c.type} {c.object or ''}".strip() for c in (next(self._changes) for _ in range(count))]


def _reduced(item: Any) -> str:
    return f"{item['metadata']['name']}={item['data']['v']}"


@pytest.fixture
def put(server: ApiServer) -> Callable[[str, int], None]:
    def put(name: str, value: int) -> None:
        made = {"metadata": {"name": name}, "data": {"v": value}}
        if old := server.store.find("configmaps", "default", name):
            server.store.update("configmaps", "default", {**old, **made, "metadata": old["metadata"]})
        else:
            server.store.create("configmaps", "default", made)

    return put


Put = Callable[[str, int], None]


def watches(server: ApiServer) -> list[str]:
    return [request for request in server.requests if "watch=true" in request]


def lists(server: ApiServer) -> int:
    return sum("limit=" in request and "continue=" not in request for request in server.requests)


def test_what_exists_then_a_mark_then_what_changes(server: ApiServer, cluster: KubernetesCluster, put: Put) -> None:
    put("a", 1)
    put("b", 1)
    watched = Watched(cluster)
    assert watched.next(3) == ["ADDED a=1", "ADDED b=1", "LISTED"]
    put("a", 2)
    put("c", 1)
    server.store.delete("configmaps", "default", "b")
    assert watched.next(3) == ["MODIFIED a=2", "ADDED c=1", "DELETED b=1"]


def test_a_bookmark_moves_on_so_that_nothing_is_listed_again(
    server: ApiServer, cluster: KubernetesCluster, put: Put
) -> None:
    server.bookmark_seconds = 0.01

    def forget(_seconds: float) -> None:
        server.store.compact()
        put("a", 1)

    watch = Watch(cluster.api, PATH, _reduced, retrying=Retrying(sleep=forget))
    changes = iter(watch)
    assert next(changes).type == "LISTED"
    server.store.create("secrets", "default", {"metadata": {"name": "what others do"}})
    server.stream_faults.append(StreamFault.BROKEN)
    assert next(changes).object == "a=1"
    assert lists(server) == 1


@pytest.mark.parametrize("fault", [StreamFault.BROKEN, StreamFault.GARBLED, StreamFault.UNAVAILABLE])
def test_a_broken_stream_goes_on_where_it_stopped(
    server: ApiServer, cluster: KubernetesCluster, put: Put, fault: StreamFault
) -> None:
    watched = Watched(cluster)
    assert watched.next(1) == ["LISTED"]
    server.stream_faults.append(fault)
    put("a", 1)
    assert watched.next(1) == ["ADDED a=1"]
    put("b", 1)
    assert watched.next(1) == ["ADDED b=1"]
    assert lists(server) == 1
    assert len(watches(server)) == 2
    assert watched.pauses == [0.5]


def test_a_stream_that_only_dribbles_is_left(server: ApiServer, cluster: KubernetesCluster, put: Put) -> None:
    watched = Watched(cluster, idle_seconds=0.1)
    assert watched.next(1) == ["LISTED"]
    server.stream_faults.append(StreamFault.DRIBBLE)
    put("a", 1)
    assert watched.next(1) == ["ADDED a=1"]
    threading.Timer(0.3, put, ("b", 1)).start()
    assert watched.next(1) == ["ADDED b=1"]
    assert lists(server) == 1


def test_a_silent_stream_is_left(server: ApiServer, cluster: KubernetesCluster, put: Put) -> None:
    watched = Watched(cluster, idle_seconds=0.05)
    assert watched.next(1) == ["LISTED"]
    threading.Timer(0.3, put, ("a", 1)).start()
    assert watched.next(1) == ["ADDED a=1"]
    assert lists(server) == 1
    assert len(watches(server)) > 1


def test_410_lists_again_and_reports_only_what_became_of_it(
    server: ApiServer, cluster: KubernetesCluster, put: Put
) -> None:
    for name in "abc":
        put(name, 1)
    watched = Watched(cluster)
    assert watched.next(4)[-1] == "LISTED"
    server.stream_faults.append(StreamFault.GONE)
    put("a", 2)
    assert watched.next(1) == ["MODIFIED a=2"]
    server.store.delete("configmaps", "default", "b")
    put("d", 1)
    assert watched.next(3) == ["ADDED d=1", "DELETED b=1", "LISTED"]
    put("c", 2)
    assert watched.next(1) == ["MODIFIED c=2"]
    assert watched.pauses == []


def test_410_as_the_answer_to_the_watch_itself(server: ApiServer, cluster: KubernetesCluster, put: Put) -> None:
    watched = Watched(cluster)
    assert watched.next(1) == ["LISTED"]
    server.faults.append(Fault("GET", "watch=true", 410))
    put("a", 1)
    assert watched.next(2) == ["ADDED a=1", "LISTED"]


def test_a_forgotten_version_is_410_too(server: ApiServer, cluster: KubernetesCluster, put: Put) -> None:
    watched = Watched(cluster)
    assert watched.next(1) == ["LISTED"]
    put("a", 1)
    server.store.compact()
    assert watched.next(2) == ["ADDED a=1", "LISTED"]


def test_an_object_made_again_under_its_name_is_another(
    server: ApiServer, cluster: KubernetesCluster, put: Put
) -> None:
    put("a", 1)
    watched = Watched(cluster)
    assert watched.next(2)[-1] == "LISTED"
    server.store.delete("configmaps", "default", "a")
    put("a", 2)
    server.store.compact()
    assert watched.next(3) == ["DELETED a=1", "ADDED a=2", "LISTED"]


def test_pages_that_expire_are_begun_again(server: ApiServer, cluster: KubernetesCluster, put: Put) -> None:
    for number in range(501):
        put(f"n{number:03d}", 1)
    server.faults.append(Fault("GET", "continue=", 410))
    watched = Watched(cluster)
    assert len(set(watched.next(501))) == 501
    assert watched.next(1) == ["LISTED"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_as_late_as_it_wishes(
    server: ApiServer, cluster: KubernetesCluster, put: Put, status: int
) -> None:
    watched = Watched(cluster)
    assert watched.next(1) == ["LISTED"]
    server.faults.append(Fault("GET", "watch=true", status, headers={"Retry-After": "3"}, times=3))
    put("a", 1)
    assert watched.next(1) == ["ADDED a=1"]
    assert watched.pauses == [3.5, 4.0, 5.0]


def test_a_permission_taken_away_ends_it(server: ApiServer, cluster: KubernetesCluster) -> None:
    watched = Watched(cluster)
    assert watched.next(1) == ["LISTED"]
    server.denied.add(("watch", "configmaps"))
    with pytest.raises(ForbiddenError, match='cannot watch resource "configmaps"'):
        watched.next(1)


def test_a_server_that_has_just_started_may_refuse_for_a_moment(
    server: ApiServer, cluster: KubernetesCluster, put: Put
) -> None:
    watched = Watched(cluster)
    assert watched.next(1) == ["LISTED"]
    server.faults.append(Fault("GET", "watch=true", 403, times=3))
    put("a", 1)
    assert watched.next(1) == ["ADDED a=1"]


def test_what_was_never_allowed_ends_it_at_once(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.denied.add(("watch", "configmaps"))
    server.denied.add(("list", "configmaps"))
    watched = Watched(cluster)
    with pytest.raises(ForbiddenError):
        watched.next(1)
    assert watched.pauses == []


def test_it_can_be_stopped_while_it_waits(server: ApiServer, cluster: KubernetesCluster) -> None:
    watched = Watched(cluster)
    assert watched.next(1) == ["LISTED"]
    threading.Timer(0.1, watched.watch.stop).start()
    with pytest.raises(StopIteration):
        next(watched._changes)
    assert lists(server) == 1

"""The Roles of k8s/base hold what the tracker and a submitter really ask of the API server: all of it, no more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.tracker_presence import find_tracker
from controller.doctor.preflight import preflight
from controller.kube.leader_election import RENEW_SECONDS, LeaderElection
from controller.ledger.events import EventType
from controller.tracking.cancellation import cancel
from jobs.recipe import load_recipe
from jobs.spec import Kind
from tests.api_server.server import ApiServer
from tests.controller.steps import complete, profile, steps
from tests.controller.tracked import World, until

K8S = Path(__file__).parents[2] / "k8s" / "base"
_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/[^/]+/namespaces/[^/]+/(?P<resource>[a-z]+)(?P<name>/[^/]+)?(?P<sub>/.+)?"
)
_NAMESPACE = re.compile(r"/api/(?P<group>)v1/(?P<resource>namespaces)(?P<name>/[^/]+)(?P<sub>)")
EVERYBODY_MAY = ("/version", "/apis/kueue.x-k8s.io", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")

BOUND = {"metadata": {"name": "papers"}, "status": {"phase": "Bound"}}

Right = tuple[str, str, str]
"""Verb, API group and resource, as RBAC has them."""


def used(requests: Iterable[str]) -> set[Right]:
    rights = set()
    for request in requests:
        method, url = request.split(" ", 1)
        parts = urlsplit(url)
        if parts.path in EVERYBODY_MAY:
            continue
        found = _PATH.fullmatch(parts.path) or _NAMESPACE.fullmatch(parts.path)
        assert found, request
        verb = {"GET": "get" if found["name"] else "list", "POST": "create", "PUT": "update"}.get(
            method, method.lower()
        )
        if "watch=true" in parts.query:
            verb = "watch"
        group, resource = found["group"] or "", found["resource"] + (found["sub"] or "")
        rights.add((verb, group, resource))
        if verb == "patch" and "fieldManager=covid-ctl&" in f"{parts.query}&":
            rights.add(("create", group, resource))  # server-side apply of what is new
    return rights


def granted(file: str, name: str) -> set[Right]:
    documents = yaml.safe_load_all((K8S / file).read_text())
    (role,) = [found for found in documents if found["kind"] == "Role" and found["metadata"]["name"] == name]
    return {
        (verb, group, resource)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def by_covid_ctl(world: World) -> list[str]:
    """Without what the stand-in for a kubelet asks for."""
    return [r for r in world.server.requests if "/status" not in r and not (r.startswith("GET") and "job-name%3D" in r)]


def track(world: World) -> None:
    """Everything a tracker ever asks: a release, a log, a Job's end and removal."""
    ingest, signatures, *_ = steps()
    with world.tracker() as tracker:
        complete(world.store, ingest)
        world.kubelet(ingest).step()
        until(lambda: EventType.RELEASED in world.types(signatures), tracker)
        until(lambda: world.log(ingest, "00000-0") != "", tracker)
        until(lambda: sum("watch=true" in request for request in world.server.requests) >= 3, tracker)


def test_the_trackers(world: World) -> None:
    world.submit(*steps()[:2])
    world.server.requests.clear()
    now = [0.0]
    election = LeaderElection(world.cluster.api, "me", clock=lambda: now[0], wall_clock=lambda: now[0])
    assert election.acquire_or_renew()
    now[0] += RENEW_SECONDS
    assert election.acquire_or_renew()
    track(world)
    election.release()
    assert used(by_covid_ctl(world)) == granted("tracker-role.yaml", "covid-ctl-tracker")


def test_a_submitters(world: World) -> None:
    """Submitting, waiting (which tracks) and cancelling; what ``status`` and ``doctor`` read comes on top."""
    world.server.store.create("serviceaccounts", "default", {"metadata": {"name": "covid-ctl-worker"}})
    world.server.store.create("persistentvolumeclaims", "default", BOUND)
    world.server.resources.kueue = True
    world.server.store.create("localqueues", "default", {"metadata": {"name": "covid"}})
    preflight(
        profile(world.store.location, queue="covid", bucket_volume="papers"), load_recipe("tiny"), world.cluster, Kind
    )
    assert find_tracker(world.cluster.api).is_present is False
    world.submit(*steps()[:2])
    track(world)
    assert len(list(cancel([steps()[1].name], world.store, world.cluster, who="", clock=world.now))) == 1
    rights = granted("submitter-role.yaml", "covid-ctl-submitter")
    assert used(by_covid_ctl(world)) <= rights
    assert {resource for verb, _, resource in rights if verb not in ("get", "list", "watch")} == {"jobs"}

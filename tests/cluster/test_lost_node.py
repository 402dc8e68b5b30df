"""A node that stops answering: named in the cluster's words, and what the remedy says frees the step.

Needs commands that stop and start a kubelet, whose node the variable NODE names: COVID_CTL_TEST_STOP_KUBELET and
COVID_CTL_TEST_START_KUBELET.
"""

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.labels import LABEL_JOB
from tests.cluster.image import PROCESSES
from tests.cluster.place import Place, write_recipe
from tests.cluster.test_endings import by_kind, running, step_of
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster


VARIABLES = {verb: f"COVID_CTL_TEST_{verb}_KUBELET" for verb in ("STOP", "START")}


def kubelet(verb: str, node: str) -> None:
    command = os.environ[VARIABLES[verb]]
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, env=os.environ | {"NODE": node}, timeout=600, check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)


@contextmanager
def lost(node: str) -> Iterator[None]:
    kubelet("STOP", node)
    try:
        yield
    finally:
        kubelet("START", node)


def test_a_lost_node_is_named_and_the_remedy_frees_its_step(place: Place) -> None:
    if place.image == PROCESSES:
        pytest.skip("a node of processes has no kubelet")
    if missing := VARIABLES.values() - os.environ.keys():
        pytest.skip(f"losing a node needs commands for it: set {', '.join(sorted(missing))}")
    submit = ("submit", "pretrain", write_recipe(place, train_steps=100_000), "--with-inputs")
    with place.running("tracker"):
        place.succeed(*submit)
        name = by_kind(place, "pretrain")
        (pod,) = until(lambda: running(place, name), "pretrain to run", cluster=place.cluster)
        with lost(pod.node):

            def told(words: str) -> str:
                found = step_of(place, name)
                return f"{found['state']}: {found['remedy']}" if words in found["reason"] else ""

            said = until(lambda: told(f"node {pod.node} does not answer"), "the lost node in status")
            assert said.startswith("pending: ")
            assert pod.node in place.succeed("explain", name).out
            # As the cluster itself does after five minutes.
            pods = f"/api/v1/namespaces/{place.cluster.namespace}/pods"
            place.cluster.api.delete(f"{pods}/{pod.name}", {})
            said = until(lambda: told("cannot finish terminating there"), "the pod that cannot end in status")
            by_force, _, cancel = said.partition("or, where you may not, ")[2].partition(", then ")
            assert by_force == (
                f"kubectl --namespace {place.cluster.namespace} delete pod --selector {LABEL_JOB}={name} "
                "--force --wait=false"
            )
            assert cancel.startswith(f"covid-ctl cancel {name}, and the command that submitted it")
            subprocess.run(shlex.split(by_force), env=os.environ | {"KUBECONFIG": place.kubeconfig}, check=True)
            place.succeed("cancel", name)
            assert place.cluster.pods(name) == []
        place.succeed(*submit)
        until(lambda: running(place, name), "pretrain to run again")
        place.succeed("cancel", name)

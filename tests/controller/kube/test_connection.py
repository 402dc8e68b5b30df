"""Finding the cluster: kubeconfigs that are missing, damaged or name another context; no answer; no sign-in."""

import json
import socket
from pathlib import Path

import pytest

from controller.cli.place import profile_of
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ContextError, UnauthorizedError, UnreachableError
from controller.kube.backoff import Retrying
from controller.kube.connection import connect
from controller.profiles.new_profile import Answers, write_profile
from tests.api_server.server import ApiServer


def kubeconfig(path: Path, url: str = "http://127.0.0.1:1") -> Path:
    names = ["gke_covid_us-central1_main", "gke_covid_us-central1_test", "kind-kind"]
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": names[0],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": n, "context": {"cluster": "c", "user": "u"} | {"namespace": n[-4:]}} for n in names],
    }  # fmt: skip
    path.write_text(json.dumps(config))
    return path


def test_the_current_context_and_its_namespace_unless_others_are_asked_for(tmp_path: Path) -> None:
    path = str(kubeconfig(tmp_path / "config"))
    first = connect(kubeconfig=path)
    assert (first.context, first.namespace) == ("gke_covid_us-central1_main", "main")
    other = connect("kind-kind", "science", kubeconfig=path)
    assert (other.context, other.namespace) == ("kind-kind", "science")


def test_a_wrong_context_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ContextError) as caught:
        connect("gke_covid_us-central1_mian", kubeconfig=str(kubeconfig(tmp_path / "config")))
    assert "nearest: gke_covid_us-central1_main" in caught.value.reason
    assert caught.value.remedy == "kubectl config get-contexts"


def test_no_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(ContextError, match="there is no kubeconfig"):
        connect()


@pytest.mark.parametrize("text", ["{", "", "[]", "contexts: 3", "current-context: x\ncontexts: []\n", "a: b: c"])
def test_a_damaged_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ContextError):
        connect(kubeconfig=str(path))


def test_inside_a_pod_without_a_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(ContextError, match="service account"):
        connect()


@pytest.mark.parametrize(
    ("in_pod", "kubeconfig_is_there", "flag", "context"),
    [
        (True, False, None, ""),
        (True, False, "mine", "mine"),
        (True, True, None, "theirs"),
        (False, False, None, "theirs"),
    ],
)
def test_a_files_context_is_left_aside_with_a_word_in_a_pod_that_has_no_kubeconfig(
    in_pod: bool,
    kubeconfig_is_there: bool,
    flag: str | None,
    context: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, image = tmp_path / "covid-ctl.toml", "i@sha256:" + "0" * 64
    write_profile(config, Answers("gke", "gs://b", "theirs", "ns", image, image, image, "", "", "", "", ""))
    monkeypatch.setenv("COVID_CTL_CONFIG", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    if in_pod:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    if kubeconfig_is_there:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config")))
    assert profile_of({"profile": None, "context": flag}).context == context
    assert ("context theirs of profile gke is ignored" in capsys.readouterr().err) is (context == "")


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", url)))
        pauses: list[float] = []
        cluster = KubernetesCluster.connect(retrying=Retrying(attempts=3, sleep=pauses.append, chance=lambda: 1.0))
        with pytest.raises(UnreachableError) as caught:
            cluster.version()
    assert caught.value.thing == "context gke_covid_us-central1_main"
    assert caught.value.reason == f"{url}: connection refused"
    assert pauses == [0.5, 1.0]


def test_an_expired_token(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path / "old", token="expired")))
    with pytest.raises(UnauthorizedError, match="sign in again"):
        KubernetesCluster.connect().jobs()

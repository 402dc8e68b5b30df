"""What ``k8s/`` describes is what the code asks for, and admitted under Pod Security ``restricted``."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cli.main import cli
from controller.clusters.tracker_presence import KUSTOMIZED, start_one
from controller.profiles.profile import Profile, load_profile
from controller.profiles.quantities import quantity
from tests.k8s_files import BASE, K8S, OVERLAYS, kustomization, objects, the

TRACKER = "covid-ctl-tracker"
WORKER = Profile.model_fields["service_account"].default
NAMESPACE = Profile.model_fields["namespace"].default
FOLDERS = [K8S / "overlays" / overlay for overlay in OVERLAYS]


def pod_of_tracker() -> dict[str, Any]:
    return dict(the("Deployment", TRACKER)["spec"]["template"]["spec"])


@pytest.mark.parametrize("path", sorted(K8S.rglob("*.yaml")), ids=lambda path: str(path.relative_to(K8S)))
def test_every_file_parses_and_says_what_it_is_for(path: Path) -> None:
    assert all(found["apiVersion"] and found["kind"] for found in yaml.safe_load_all(path.read_text()) if found)


@pytest.mark.parametrize("folder", [BASE, *(K8S / "overlays" / name for name in OVERLAYS)], ids=lambda path: path.name)
def test_every_file_is_used(folder: Path) -> None:
    named = {"kustomization.yaml", "kind.yaml", *kustomization(folder)["resources"]}
    for generator in kustomization(folder).get("configMapGenerator", ()):
        named |= set(generator["files"])
    assert {path.name for path in folder.iterdir()} <= named
    assert all((folder / name).exists() for name in kustomization(folder)["resources"])


def test_the_trackers_pod_is_restricted() -> None:
    pod = pod_of_tracker()
    (container,) = pod["containers"]
    assert pod["securityContext"] | {"fsGroup": 0} == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 0,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()  # the quota refuses a pod without
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all(not {"hostPath"} & volume.keys() for volume in pod["volumes"])


@pytest.mark.parametrize("folder", [BASE, K8S / "components" / "search"], ids=lambda path: path.name)
def test_no_service_becomes_a_setting(folder: Path) -> None:
    """A Service covid-ctl-search would be variables COVID_CTL_SEARCH_*, and covid-ctl refuses what it does not know."""
    for made in objects(folder):
        if made["kind"] == "Deployment":
            assert made["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_the_namespace_enforces_it_and_is_the_profiles_default() -> None:
    labels = the("Namespace", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {kustomization(folder)["namespace"] for folder in (BASE, *FOLDERS)} == {NAMESPACE, KUSTOMIZED}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
def test_an_overlay_goes_to_another_namespace_as_a_whole(folder: Path, tmp_path: Path) -> None:
    """As ``start_one`` advises: one line of the overlay names it."""
    shutil.copytree(K8S, tmp_path / "k8s")
    copy = tmp_path / "k8s" / folder.relative_to(K8S)
    (copy / "covid-ctl.toml").touch()
    (copy / "kustomization.yaml").write_text(yaml.safe_dump(kustomization(folder) | {"namespace": "papers"}))
    built = subprocess.run(["kubectl", "kustomize", str(copy)], capture_output=True, text=True, check=True).stdout
    made = list(yaml.safe_load_all(built))
    assert [one["metadata"]["name"] for one in made if one["kind"] == "Namespace"] == ["papers"]
    assert set(re.findall(r"namespace: (\S+)", built)) == {"papers"}
    assert "with `namespace: papers` in its kustomization.yaml" in start_one("papers")
    assert "kustomization.yaml" not in start_one(NAMESPACE)


def test_the_accounts_are_the_ones_that_pods_use() -> None:
    accounts = {one["metadata"]["name"]: one for one in objects(BASE) if one["kind"] == "ServiceAccount"}
    assert accounts.keys() == {WORKER, TRACKER}
    assert not any(account["automountServiceAccountToken"] for account in accounts.values())
    assert pod_of_tracker()["serviceAccountName"] == TRACKER
    assert pod_of_tracker()["automountServiceAccountToken"]
    (subject,) = the("RoleBinding", TRACKER)["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", TRACKER)


def test_the_trackers_command_and_configuration_exist() -> None:
    (container,) = pod_of_tracker()["containers"]
    program, command, *options = container["command"]
    assert (program, command in cli.commands) == ("covid-ctl", True)
    known = {name for option in cli.commands[command].params for name in option.opts}
    assert {option for option in options if option.startswith("--")} <= known
    config = {entry["name"]: entry["value"] for entry in container["env"]}["COVID_CTL_CONFIG"]
    (mount,) = (one for one in container["volumeMounts"] if Path(config).is_relative_to(one["mountPath"]))
    (volume,) = (one for one in pod_of_tracker()["volumes"] if one["name"] == mount["name"])
    for overlay in OVERLAYS:
        (generator,) = kustomization(K8S / "overlays" / overlay)["configMapGenerator"]
        assert (generator["name"], generator["files"]) == (volume["configMap"]["name"], [Path(config).name])


@pytest.mark.parametrize(("age", "code"), [(0, 0), (800, 0), (1000, 1)])
def test_the_liveness_probe_looks_at_the_file_that_the_tracker_touches(age: float, code: int, tmp_path: Path) -> None:
    (container,) = pod_of_tracker()["containers"]
    file = container["command"][container["command"].index("--alive") + 1]
    assert any(Path(file).is_relative_to(mount["mountPath"]) for mount in container["volumeMounts"])
    python, flag, program = container["livenessProbe"]["exec"]["command"]
    assert (python, flag, file in program) == ("python", "-c", True)
    alive = tmp_path / "alive"
    alive.touch()
    os.utime(alive, (time.time() - age, time.time() - age))
    ran = subprocess.run([sys.executable, "-c", program.replace(file, str(alive))], check=False, timeout=120)
    assert ran.returncode == code


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_overlays_set_the_image_that_the_base_names(overlay: str) -> None:
    (image,) = kustomization(K8S / "overlays" / overlay)["images"]
    assert pod_of_tracker()["containers"][0]["image"] == image["name"]


def test_the_metrics_are_served_and_allowed_on_one_port() -> None:
    folder = K8S / "components" / "metrics"
    (patch,) = kustomization(folder)["patches"]
    changes = yaml.safe_load(patch["patch"])
    assert patch["target"] == {"kind": "Deployment", "name": TRACKER}
    option, port = (change["value"] for change in changes[:2])
    known = {name for parameter in cli.commands["tracker"].params for name in parameter.opts}
    assert option in known
    added = {change["path"].rpartition("/")[2]: change["value"] for change in changes[2:]}
    assert added["ports"] == [{"name": "metrics", "containerPort": int(port)}]
    assert added["annotations"]["prometheus.io/port"] == port
    spec = the("NetworkPolicy", "covid-ctl-metrics", folder)["spec"]
    labels = the("Deployment", TRACKER)["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items()
    (rule,) = spec["ingress"]
    assert (rule["ports"], len(rule["from"])) == ([{"protocol": "TCP", "port": int(port)}], 1)


def test_on_kind_machine_node_and_pods_see_one_bucket() -> None:
    folder = K8S / "overlays" / "kind"
    profile = load_profile(None, environment={}, config=folder / "covid-ctl.toml")
    assert profile.namespace == NAMESPACE
    volume, claim = (
        the("PersistentVolume", profile.bucket_volume, folder),
        the("PersistentVolumeClaim", profile.bucket_volume, folder),
    )
    assert volume["spec"]["hostPath"]["path"] == profile.bucket
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"]
    (node,) = yaml.safe_load((folder / "kind.yaml").read_text())["nodes"]
    assert node["extraMounts"] == [{"hostPath": profile.bucket, "containerPath": profile.bucket}]
    read_only = {TRACKER: {}, "covid-ctl-search": {"readOnly": True}}
    patches = {patch["target"]["name"]: yaml.safe_load(patch["patch"]) for patch in kustomization(folder)["patches"]}
    assert patches.keys() == read_only.keys()
    for name, changes in patches.items():
        source, mount = (change["value"] for change in changes)
        claim = {"claimName": profile.bucket_volume, **read_only[name]}
        assert source == {"name": "bucket", "persistentVolumeClaim": claim}
        assert mount == {"name": "bucket", "mountPath": profile.bucket, **read_only[name]}


def test_the_network_policy_leaves_open_what_pods_need() -> None:
    spec = the("NetworkPolicy", "covid-ctl")["spec"]
    assert (spec["podSelector"], spec["ingress"]) == ({}, [])
    anywhere = {
        (port["protocol"], port["port"]) for rule in spec["egress"] if "to" not in rule for port in rule["ports"]
    }
    assert anywhere == {("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 6443)}
    metadata = {
        (to["ipBlock"]["cidr"], port["port"])
        for rule in spec["egress"]
        for to in rule.get("to", ())
        for port in rule["ports"]
    }
    assert {("169.254.169.254/32", 80), ("169.254.169.252/32", 988)} <= metadata


def test_the_quota_allows_one_slice_and_the_default_profile() -> None:
    hard = the("ResourceQuota", "covid-ctl")["spec"]["hard"]
    assert hard["requests.google.com/tpu"] == "4"
    assert int(hard["pods"]) > Profile.model_fields["parallelism"].default


@pytest.mark.parametrize("pool", ["workers", "exporters"])
def test_a_pod_fits_on_the_machines_that_the_readme_makes_for_it(pool: str) -> None:
    text = (K8S / "README.md").read_text()
    made = re.search(rf"node-pools create {pool} .*?--machine-type n2-standard-(\d+)", text, re.DOTALL)
    assert made
    cpus = int(made[1])  # with 4 GB each; a node keeps some of both
    default = Profile.model_fields["workers" if pool == "workers" else "exporter"].default
    assert quantity(default.cpu) < cpus
    assert quantity(default.memory) < 0.8 * cpus * 4e9


def test_the_readmes_commands_make_an_overlay_that_kubectl_applies(tmp_path: Path) -> None:
    """All that the README prints after the profile, up to what needs a cluster."""
    shutil.copytree(K8S, tmp_path / "k8s")
    image = f"europe-docker.pkg.dev/papers/covid-ctl/controller@sha256:{'ab' * 32}"
    options = {"--name": "gke", "--context": "gke", "--bucket": "gs://papers", "--zone": "us-central1-a"}
    options |= {"--project": "papers", "--controller-image": image}
    options |= {f"--{part}-image": image for part in ("worker", "trainer", "exporter")}
    words = [word for pair in options.items() for word in pair]
    init = subprocess.run(
        [sys.executable, "-m", "controller", "init", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(K8S.parent), "KUBECONFIG": str(tmp_path / "absent")},
        input="\n" * 20,
        capture_output=True,
        text=True,
        check=False,
    )
    assert init.returncode == 0, init.stderr
    after = (K8S / "README.md").read_text().partition("cp covid-ctl.toml k8s/overlays/gke/")
    commands = "".join(after[1:]).partition("kubectl apply")[0]
    subprocess.run(["bash", "-euc", commands], cwd=tmp_path, check=True)
    folder = tmp_path / "k8s" / "overlays" / "gke"
    (named,) = kustomization(folder)["images"]
    assert f"{named['newName']}@{named['digest']}" == image
    assert all((folder / file).exists() for one in kustomization(folder)["configMapGenerator"] for file in one["files"])
    if kubectl := shutil.which("kubectl"):
        built = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=True)
        made = [one for one in yaml.safe_load_all(built.stdout) if one["kind"] == "Deployment"]
        assert [one["spec"]["template"]["spec"]["containers"][0]["image"] for one in made] == [image]


def test_images_are_built_with_the_commit_that_their_records_name() -> None:
    built = re.findall(r"docker build (?:.*\\\n)*.*", (K8S / "README.md").read_text())
    assert len(built) == 2
    assert all('--build-arg "REVISION=$(git rev-parse HEAD)"' in command for command in built)
    assert "\nARG REVISION=\n" in (K8S.parent / "Dockerfile").read_text()


def test_the_readme_names_what_is_there() -> None:
    text = (K8S / "README.md").read_text()
    for path in re.findall(r"k8s/[\w./-]+", text):
        assert (K8S.parent / path).exists(), path
    for name in (WORKER, TRACKER, "covid-ctl-submitter"):
        assert name in text


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
def test_an_overlay_takes_the_search_page_as_the_readme_says(overlay: str, tmp_path: Path) -> None:
    shutil.copytree(K8S, tmp_path / "k8s")
    folder = tmp_path / "k8s" / "overlays" / overlay
    (folder / "covid-ctl.toml").touch()
    text = (K8S / "README.md").read_text().partition("## The search page")[2]
    added = yaml.safe_load(text.partition("```yaml")[2].partition("```")[0])
    whole = kustomization(folder)
    whole |= {"components": added["components"], "images": whole["images"] + added["images"]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    built = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True).stdout
    made = [one for one in yaml.safe_load_all(built) if one["metadata"]["name"] == "covid-ctl-search"]
    (pod,) = [one["spec"]["template"]["spec"] for one in made if one["kind"] == "Deployment"]
    assert pod["containers"][0]["image"] == f"{added['images'][0]['newName']}@{added['images'][0]['digest']}"
    assert {one["metadata"]["namespace"] for one in made} == {NAMESPACE}
    (generated,) = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]
    assert generated.startswith("covid-ctl-")  # with the hash of what the overlay's file says


def test_the_search_page_runs_restricted_reads_only_and_by_options_that_exist() -> None:
    folder = K8S / "components" / "search"
    pod = the("Deployment", "covid-ctl-search", folder)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    tracker = pod_of_tracker()
    assert pod["securityContext"] == tracker["securityContext"]
    assert container["securityContext"] == tracker["containers"][0]["securityContext"]
    assert not pod["automountServiceAccountToken"]
    assert not the("ServiceAccount", pod["serviceAccountName"], folder)["automountServiceAccountToken"]
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    known = {name for option in cli.commands["search"].params for name in option.opts}
    assert {option for option in container["args"] if option.startswith("--")} <= known
    (port,) = container["ports"]
    assert container["args"][container["args"].index("--port") + 1] == str(port["containerPort"])
    assert not any(one["kind"].endswith(("Role", "RoleBinding")) for one in objects(folder))

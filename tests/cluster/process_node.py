"""A node of processes: pods run, log, end and are evicted on this machine, under a real API server without nodes.

For trying ``tests/cluster`` on an API server alone. It binds the pods of one namespace to a node of its own and
runs their command with this Python; volumes are directories, and a mount's path is replaced by its directory
wherever an argument or a variable begins with it. What a kubelet does besides, images and isolation, it does not.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ApiError, ConflictError, NotFoundError
from tests.cluster.kubeconfig import kubeconfig_of
from tests.signals import as_from_a_terminal
from tests.standin_kubelet import NO_SCHEDULER

STRATEGIC = "application/strategic-merge-patch+json"
POLL_SECONDS = 0.3
HEARTBEAT_SECONDS = 10.0
MESSAGE_BYTES = 2048
TERMINATION_LOG = "/dev/termination-log"

Object = dict[str, Any]


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    directory: Path
    started: str
    restarts: int = 0
    deadline: float | None = None
    """When SIGKILL follows SIGTERM; None: not asked to end."""


@dataclass
class ProcessNode:
    """A context: within it, pods of ``cluster``'s namespace run."""

    cluster: KubernetesCluster
    directory: Path
    address: str = field(default_factory=lambda: _own_address())

    def __enter__(self) -> ProcessNode:
        self._api = self.cluster.api
        self._namespace = f"/api/v1/namespaces/{self.cluster.namespace}"
        self._node = f"process-{self.cluster.namespace}"
        self._pods: dict[str, _Running] = {}
        self._logs: dict[str, Path] = {}
        self._stop = threading.Event()
        self._server = _log_server(self._logs, self.directory)
        self._heartbeat_at = 0.0
        self._api.post(
            "/api/v1/nodes", {"kind": "Node", "metadata": {"name": self._node}, "spec": {"unschedulable": True}}
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for running in self._pods.values():
            _signal(running, signal.SIGKILL)
            running.process.wait()
        self._server.shutdown()
        self._server.server_close()
        with contextlib.suppress(ApiError):
            self._api.delete(f"/api/v1/nodes/{self._node}", {})

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self._heartbeat()
                for pod in self._api.get(f"{self._namespace}/pods")["items"]:
                    with contextlib.suppress(NotFoundError, ConflictError):
                        self._reconcile(pod)
            except Exception as error:  # the API server may be away for a while
                print(f"process node: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201

    def _heartbeat(self) -> None:
        if time.monotonic() - self._heartbeat_at < HEARTBEAT_SECONDS:
            return
        self._heartbeat_at = time.monotonic()
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": _now()}
        status = {
            "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": self.address}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_address[1]}},
        }
        self._api.patch(f"/api/v1/nodes/{self._node}/status", {"status": status}, STRATEGIC)

    def _reconcile(self, pod: Object) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        running = self._pods.get(meta["uid"])
        if "nodeName" not in spec:
            if (
                not spec.get("nodeSelector")
                and spec["schedulerName"] != NO_SCHEDULER
                and "deletionTimestamp" not in meta
            ):
                target = {"apiVersion": "v1", "kind": "Node", "name": self._node}
                binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": meta["name"]}, "target": target}
                self._api.post(f"{self._namespace}/pods/{meta['name']}/binding", binding)
        elif running:
            self._follow(pod, running)
        elif "deletionTimestamp" in meta:
            self._forget(pod)
        elif pod["status"]["phase"] == "Pending":
            self._pods[meta["uid"]] = started = self._start(pod)
            self._report(pod, "Running", started, {"running": {"startedAt": started.started}})

    def _follow(self, pod: Object, running: _Running) -> None:
        meta = pod["metadata"]
        code = running.process.poll()
        if code is None:
            if "deletionTimestamp" in meta and running.deadline is None:
                running.deadline = time.monotonic() + meta.get("deletionGracePeriodSeconds", 30)
                _signal(running, signal.SIGTERM)
            elif running.deadline is not None and time.monotonic() > running.deadline:
                _signal(running, signal.SIGKILL)
            return
        code = 128 - code if code < 0 else code
        if pod["spec"]["restartPolicy"] == "Always" and "deletionTimestamp" not in meta:
            again = self._start(pod)
            again.restarts = running.restarts + 1
            self._pods[meta["uid"]] = again
            self._report(pod, "Running", again, {"running": {"startedAt": again.started}})
            return
        ended = {
            "exitCode": code,
            "reason": "Error" if code else "Completed",
            "message": _last_words(pod, running, code),
        }
        ended |= {"startedAt": running.started, "finishedAt": _now()}
        self._report(pod, "Failed" if code else "Succeeded", running, {"terminated": ended})
        del self._pods[meta["uid"]]
        if "deletionTimestamp" in meta:
            self._forget(pod)

    def _forget(self, pod: Object) -> None:
        """As the kubelet ends a deletion; finalizers may keep the object."""
        if pod["metadata"].get("deletionGracePeriodSeconds") != 0:
            self._api.delete(f"{self._namespace}/pods/{pod['metadata']['name']}", {"gracePeriodSeconds": 0})

    def _report(self, pod: Object, phase: str, running: _Running, state: Object) -> None:
        container = pod["spec"]["containers"][0]
        ready = phase == "Running"
        conditions = [
            {"type": kind, "status": str(ready), "lastTransitionTime": _now()} for kind in ("Ready", "ContainersReady")
        ]
        statuses = [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": ready,
                "restartCount": running.restarts,
                "state": state,
            }
        ]
        status = {"phase": phase, "conditions": conditions, "containerStatuses": statuses, "podIP": self.address}
        status |= {"podIPs": [{"ip": self.address}], "startTime": running.started}
        self._api.patch(f"{self._namespace}/pods/{pod['metadata']['name']}/status", {"status": status}, STRATEGIC)

    def _start(self, pod: Object) -> _Running:
        container = pod["spec"]["containers"][0]
        directory = Path(tempfile.mkdtemp(dir=self.directory))
        paths = {TERMINATION_LOG: str(directory / "termination-log")}
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
        for mount in container.get("volumeMounts", ()):
            if source := self._volume(volumes[mount["name"]], directory / mount["name"]):
                paths[mount["mountPath"]] = str(source)

        def mapped(text: str) -> str:
            for inside, outside in paths.items():
                text = text.replace(inside, outside)
            return text

        env = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        env |= {entry["name"]: mapped(_value(entry, pod)) for entry in container.get("env", ())}
        env |= self._credentials(pod, directory)
        words = [*container.get("command", ()), *container.get("args", ())]
        here = Path(sys.executable).parent
        command = [str(here / words[0]) if (here / words[0]).exists() else words[0], *map(mapped, words[1:])]
        log = self._logs[pod["metadata"]["name"]] = directory / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, env=env, cwd=directory, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, umask=0,
                preexec_fn=as_from_a_terminal,
            )  # fmt: skip
        return _Running(process, directory, _now())

    def _volume(self, volume: Object, directory: Path) -> Path | None:
        if claim := volume.get("persistentVolumeClaim"):
            found = self._api.get(f"{self._namespace}/persistentvolumeclaims/{claim['claimName']}")
            return Path(
                self._api.get(f"/api/v1/persistentvolumes/{found['spec']['volumeName']}")["spec"]["hostPath"]["path"]
            )
        directory.mkdir()
        sources = volume.get("projected", {}).get("sources", ()) if "projected" in volume else [volume]
        for source in sources:
            if wanted := source.get("configMap"):
                found = self._api.get(f"{self._namespace}/configmaps/{wanted['name']}")
                data = {key: text.encode() for key, text in found.get("data", {}).items()}
                data |= {key: base64.b64decode(text) for key, text in found.get("binaryData", {}).items()}
                items = wanted.get("items") or [{"key": key, "path": key} for key in data]
                for item in items:
                    target = directory / item["path"]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data[item["key"]])
        return directory

    def _credentials(self, pod: Object, directory: Path) -> dict[str, str]:
        """In place of the mounted token: a kubeconfig with one of the same service account."""
        if pod["spec"].get("automountServiceAccountToken") is False:
            return {}
        account = pod["spec"].get("serviceAccountName", "default")
        kubeconfig = directory / "kubeconfig"
        kubeconfig.write_text(json.dumps(kubeconfig_of(self.cluster, account)))
        return {"KUBECONFIG": str(kubeconfig)}


def _value(entry: Mapping[str, Any], pod: Object) -> str:
    field_path = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", "")
    if field_path.startswith("metadata.annotations['"):
        return str(pod["metadata"].get("annotations", {}).get(field_path.split("'")[1], ""))
    if field_path.startswith("metadata.labels['"):
        return str(pod["metadata"].get("labels", {}).get(field_path.split("'")[1], ""))
    return str(entry.get("value", ""))


def _last_words(pod: Object, running: _Running, code: int) -> str:
    written = running.directory / "termination-log"
    policy = pod["spec"]["containers"][0].get("terminationMessagePolicy")
    if not written.exists() and code and policy == "FallbackToLogsOnError":
        written = running.directory / "log"
    return written.read_bytes()[-MESSAGE_BYTES:].decode(errors="replace") if written.exists() else ""


def _signal(running: _Running, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.process.pid, number)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _own_address() -> str:
    """Not loopback, which an API server refuses to talk to on behalf of others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent
        return str(probe.getsockname()[0])


def _log_server(logs: Mapping[str, Path], directory: Path) -> ThreadingHTTPServer:
    """``/containerLogs/NAMESPACE/POD/CONTAINER``, which is where an API server gets logs from."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            log = logs.get(parts.path.split("/")[3])
            query = parse_qs(parts.query)
            lines = log.read_bytes().splitlines(keepends=True) if log else []
            if "tailLines" in query:
                lines = lines[len(lines) - min(len(lines), int(query["tailLines"][0])) :]
            self.send_response(200 if log else 404)
            self.end_headers()
            self.wfile.write(b"".join(lines))

        def log_message(self, *_: object) -> None:
            pass

    key, certificate = directory / "kubelet.key", directory / "kubelet.crt"
    openssl = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=kubelet -keyout {key} -out {certificate}"
    subprocess.run(openssl.split(), check=True, capture_output=True)
    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server

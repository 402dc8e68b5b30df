"""Runs Jobs as processes of this machine: the same container command, once per index."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_policy import COMPLETE, IndexedJob, JobPolicy
from controller.clusters.pod_diagnosis import OUT_OF_MEMORY_REMEDY
from controller.labels import Job
from controller.planning.tunables import TUNABLES, with_tunables
from jobs.errors import ConfigurationError, StoreError
from jobs.layout import LOGS, LogName
from jobs.store import Store

LOCAL_BACKOFF_SECONDS = 1.0
"""Shorter than a cluster's: nothing here needs time to come back."""
LOG_SECONDS = 1.0
"""Interval between two copies of a growing log."""
TERMINATION_MESSAGE_BYTES = 2048
"""Same limit as the kubelet's ``FallbackToLogsOnError``."""

_PR_SET_PDEATHSIG = 1


@dataclass
class _Container:
    process: subprocess.Popen[bytes]
    log: Path
    attempt: int
    oom_kills: int
    """How many processes the kernel had killed for lack of memory when this one started."""
    copied_bytes: int = 0
    copied_at: float = float("-inf")


@dataclass
class _Running:
    job: Job
    indexes: IndexedJob
    containers: dict[int, _Container] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    message: str = ""


def kernel_oom_kills() -> int:
    """Processes that the kernel has killed for lack of memory since it started; 0 where it does not count them."""
    try:
        counters = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    except (OSError, ValueError):
        return 0
    return int(counters.get("oom_kill", 0))


class LocalCluster:
    """Runs Jobs while somebody asks for their status: ``status`` reaps what ended and starts what may run.

    Logs are copied to ``<name>/logs/`` in the bucket while a container runs, and when it ends.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.monotonic,
        backoff_seconds: float = LOCAL_BACKOFF_SECONDS,
        oom_kills: Callable[[], int] = kernel_oom_kills,
    ) -> None:
        self._store = store
        self._clock = clock
        self._backoff_seconds = backoff_seconds
        self._oom_kills = oom_kills
        self._jobs: dict[str, _Running] = {}
        self._scratch = Path(tempfile.mkdtemp(prefix="covid-ctl-"))

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            # A second Ctrl-C, or a bucket that hangs: nobody waits for a grace period or for logs any more.
            self._kill()
        for name in list(self._jobs):
            self.delete(name)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def create(self, job: Job) -> None:
        name = job["metadata"]["name"]
        if name not in self._jobs:
            indexes = IndexedJob(JobPolicy.of(job), self._backoff_seconds, suspended=job["spec"].get("suspend", False))
            self._jobs[name] = _Running(job, indexes, attempts=self._attempts_so_far(name))

    def validate(self, job: Job) -> None:
        """Nothing to check: processes need nobody's permission."""

    def template_changes(self, job: Job) -> tuple[str, ...]:
        """None: each command makes its own Jobs."""
        del job
        return ()

    def jobs(self) -> dict[str, Job]:
        """The Jobs that were created and not deleted, by name."""
        return {name: running.job for name, running in self._jobs.items()}

    def release(self, name: str) -> None:
        self._jobs[name].indexes.suspended = False

    def _attempts_so_far(self, name: str) -> dict[int, int]:
        """Attempts of earlier commands by index, whose logs are still in the bucket."""
        attempts: dict[int, int] = {}
        for info in self._store.objects(f"{name}/{LOGS}"):
            if log := LogName.parse(info.path):
                attempts[log.index] = max(attempts.get(log.index, 0), log.attempt + 1)
        return attempts

    def status(self, name: str) -> JobStatus | None:
        running = self._jobs.get(name)
        if running is None:
            return None
        self._reap(running)
        running.indexes.tick(self._clock())
        if running.indexes.condition:
            self._stop(running)  # a Job that has failed ends its other containers
        for index in running.indexes.startable(self._clock()):
            self._start(running, index)
        indexes = running.indexes
        return JobStatus(
            active=len(indexes.active),
            succeeded=len(indexes.succeeded),
            failed=len(indexes.failed),
            failures=sum(indexes.failures.values()),
            retries=indexes.retries,
            condition=indexes.condition,
            message=running.message,
            state=_state(indexes),
        )

    def delete(self, name: str) -> None:
        running = self._jobs.pop(name, None)
        if running:
            self._stop(running)

    def _kill(self) -> None:
        for running in self._jobs.values():
            for container in running.containers.values():
                container.process.kill()
                container.process.wait()
            running.containers.clear()

    def _start(self, running: _Running, index: int) -> None:
        pod = running.job["spec"]["template"]["spec"]
        container = pod["containers"][0]
        attempt = running.attempts.get(index, 0)
        running.attempts[index] = attempt + 1
        name = running.job["metadata"]["name"]
        # The emptyDir of this pod.
        scratch = self._scratch / f"{name}-{index}-{attempt}"
        scratch.mkdir()
        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
        declared = {e["name"]: str(scratch) if e["value"] in mounts else e["value"] for e in container["env"]}
        log = self._scratch / f"{name}-{index}-{attempt}.log"
        oom_kills = self._oom_kills()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [_executable(container["command"][0]), *container["command"][1:], *container["args"]],
                env={**_environment(declared), "JOB_COMPLETION_INDEX": str(index)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for covid-ctl, which then asks its containers to end
                preexec_fn=_die_with_parent,
            )
        running.containers[index] = _Container(process, log, attempt, oom_kills)
        running.indexes.started(index)

    def _reap(self, running: _Running) -> None:
        for index, container in list(running.containers.items()):
            code = container.process.poll()
            if code is not None:
                self._ended(running, index, code)
            elif self._clock() - container.copied_at >= LOG_SECONDS:
                self._copy_log(running, index, container)

    def _copy_log(self, running: _Running, index: int, container: _Container) -> None:
        text = container.log.read_bytes()
        container.copied_at = self._clock()
        if len(text) > container.copied_bytes:
            container.copied_bytes = len(text)
            # What cannot be written now is written when the container ends, or said then.
            with contextlib.suppress(StoreError):
                self._store.hasty.put(_log_path(running, index, container), text)

    def _ended(self, running: _Running, index: int, code: int) -> None:
        container = running.containers.pop(index)
        text = container.log.read_bytes()
        out_of_memory = code == -signal.SIGKILL and self._oom_kills() > container.oom_kills
        if out_of_memory:
            text += f"\n{_out_of_memory(running)}\n".encode()
        shutil.rmtree(container.log.with_suffix(""), ignore_errors=True)
        container.log.unlink()
        try:
            self._store.hasty.put(_log_path(running, index, container), text)
        except StoreError as error:
            text += f"\n{error}".encode()
        # A process ended by a signal: its number below zero here, 128 + number from a container.
        exit_code = code if code >= 0 else 128 - code
        if out_of_memory:
            # The same work would need the same memory again: not one of the retries is of use.
            exit_code = ConfigurationError.container_exit_code
        # What ended because the Job did says nothing of why it did.
        if exit_code and not running.indexes.condition:
            end = text[-TERMINATION_MESSAGE_BYTES:].decode(errors="replace").strip()
            if code < 0 and not out_of_memory:
                end = f"{end}\nkilled by {signal.Signals(-code).name}".strip()
            running.message = end
        running.indexes.exited(index, exit_code, self._clock())

    def _stop(self, running: _Running) -> None:
        """SIGTERM to all, then SIGKILL to those that outstay the grace period."""
        grace = running.job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        for container in running.containers.values():
            container.process.terminate()
        deadline = self._clock() + grace
        for index, container in list(running.containers.items()):
            try:
                container.process.wait(max(0.0, deadline - self._clock()))
            except subprocess.TimeoutExpired:
                container.process.kill()
                container.process.wait()
            self._ended(running, index, container.process.returncode)


def _out_of_memory(running: _Running) -> str:
    """The event that a container would have logged, had it lived to."""
    event = {
        "event": "step.failed",
        "thing": running.job["metadata"]["name"],
        "reason": "out of memory: the kernel killed it",
        "remedy": OUT_OF_MEMORY_REMEDY,
    }
    return json.dumps(event)


def _log_path(running: _Running, index: int, container: _Container) -> str:
    return LogName(index, container.attempt).path(running.job["metadata"]["name"])


def _state(indexes: IndexedJob) -> JobState:
    if indexes.condition:
        return JobState.COMPLETE if indexes.condition.type == COMPLETE else JobState.FAILED
    if indexes.suspended:
        return JobState.SUSPENDED
    return JobState.RUNNING if indexes.active else JobState.PENDING


def _environment(declared: Mapping[str, str]) -> dict[str, str]:
    """This process's, and over it what the container declares; of glibc's tunables those that the user set stay."""
    own = {TUNABLES: os.environ[TUNABLES]} if TUNABLES in os.environ else {}
    return {**os.environ, **with_tunables(declared, own)}


def _executable(command: str) -> str:
    """``python`` is this interpreter: the image's would have the same packages."""
    return sys.executable if command == "python" else command


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """On Linux, have the kernel send SIGTERM when covid-ctl itself is killed: no orphans go on training."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

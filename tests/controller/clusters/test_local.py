"""Jobs as processes: real ones, with a container command that behaves as each case needs."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from controller.clusters.interface import JobStatus
from controller.clusters.job_policy import COMPLETE, FAILED
from controller.clusters.local import LocalCluster
from controller.clusters.pod_diagnosis import parse_termination_message
from jobs.store import Store

RULES = [
    {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [42]}},
    {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [43, 44, 47]}},
]


def job(
    program: str, *, completions: int = 1, parallelism: int = 2, retries: int = 2, grace: int = 5
) -> dict[str, Any]:
    """A Job whose container runs ``program``, which finds its index in ``index``."""
    preamble = "import os, sys, time, signal, pathlib\nindex = int(os.environ['JOB_COMPLETION_INDEX'])\n"
    return {
        "metadata": {"name": "step-1"},
        "spec": {
            "completions": completions,
            "parallelism": parallelism,
            "backoffLimitPerIndex": retries,
            "podFailurePolicy": {"rules": RULES},
            "template": {
                "spec": {
                    "terminationGracePeriodSeconds": grace,
                    "containers": [
                        {
                            "command": ["python", "-c"],
                            "args": [preamble + program],
                            "env": [{"name": "TMPDIR", "value": "/scratch"}],
                            "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
                        }
                    ],
                }
            },
        },
    }


def run(cluster: LocalCluster, made: dict[str, Any], seconds: float = 300) -> JobStatus:
    cluster.create(made)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = cluster.status("step-1")
        assert status is not None
        if status.condition:
            return status
        time.sleep(0.02)
    raise AssertionError("the Job did not end")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "bucket"))


def local(store: Store) -> LocalCluster:
    return LocalCluster(store, backoff_seconds=0.05)


def test_every_index_runs_once_and_the_job_completes(store: Store, tmp_path: Path) -> None:
    with local(store) as cluster:
        status = run(cluster, job(f"pathlib.Path({str(tmp_path)!r}, f'ran-{{index}}').touch()", completions=5))
    assert status.condition is not None
    assert (status.condition.type, status.succeeded) == (COMPLETE, 5)
    assert len(list(tmp_path.glob("ran-*"))) == 5


def test_no_more_than_parallelism_run_at_once(store: Store, tmp_path: Path) -> None:
    program = f"""
here = pathlib.Path({str(tmp_path)!r}, f"now-{{index}}"); here.touch()
time.sleep(0.2)
pathlib.Path({str(tmp_path)!r}, f"seen-{{index}}").write_text(str(len(list(here.parent.glob("now-*")))))
here.unlink()
"""
    with local(store) as cluster:
        run(cluster, job(program, completions=4, parallelism=2))
    assert max(int(path.read_text()) for path in tmp_path.glob("seen-*")) <= 2


@pytest.mark.parametrize("death", ["sys.exit(1)", "os.kill(os.getpid(), signal.SIGKILL)", "raise ValueError('boom')"])
def test_a_failed_index_is_tried_again(store: Store, tmp_path: Path, death: str) -> None:
    program = f"""
tried = pathlib.Path({str(tmp_path)!r}, "tried")
if index == 1 and not tried.exists():
    tried.touch()
    {death}
"""
    with local(store) as cluster:
        status = run(cluster, job(program, completions=3))
    assert status.condition is not None
    assert (status.condition.type, status.succeeded, status.failures) == (COMPLETE, 3, 1)
    assert len(store.objects("step-1/logs")) == 4  # a log per attempt


@pytest.mark.parametrize(("program", "retries"), [("sys.exit(43)", 0), ("sys.exit(42)", 0), ("sys.exit(1)", 2)])
def test_what_was_tried_once_was_not_retried(store: Store, program: str, retries: int) -> None:
    with local(store) as cluster:
        assert run(cluster, job(program, retries=2)).retries == retries


def test_the_message_is_of_the_container_that_failed_not_of_those_that_ended_with_it(
    store: Store, tmp_path: Path
) -> None:
    program = f"""
started = pathlib.Path({str(tmp_path)!r}, "started")
if index == 1:
    signal.signal(signal.SIGTERM, lambda *_: (print("SIGTERM arrived", flush=True), os._exit(143)))
    started.touch()
    time.sleep(600)
while not started.exists():
    time.sleep(0.01)
print("no such recipe", flush=True)
sys.exit(43)
"""
    with local(store) as cluster:
        assert run(cluster, job(program, completions=2)).message == "no such recipe"


def test_retries_end(store: Store) -> None:
    with local(store) as cluster:
        status = run(cluster, job("sys.exit(index)", completions=2, retries=2))
    assert status.condition is not None
    assert (status.condition.type, status.succeeded, status.failed, status.failures) == (FAILED, 1, 1, 3)


def test_42_fails_the_index_at_once_and_the_others_finish(store: Store) -> None:
    with local(store) as cluster:
        status = run(cluster, job("sys.exit(42 if index == 0 else 0)", completions=3))
    assert status.condition is not None
    assert (status.condition.type, status.succeeded, status.failed, status.failures) == (FAILED, 2, 1, 1)


@pytest.mark.parametrize("code", [43, 44, 47])
def test_43_44_and_47_end_the_others_too(store: Store, tmp_path: Path, code: int) -> None:
    program = f"""
if index == 0:
    started = pathlib.Path({str(tmp_path)!r}, "started")
    while not started.exists():
        time.sleep(0.01)
    sys.exit({code})
def ended(*_):
    pathlib.Path({str(tmp_path)!r}, "ended").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, ended)
pathlib.Path({str(tmp_path)!r}, "started").touch()
time.sleep(60)
"""
    with local(store) as cluster:
        status = run(cluster, job(program, completions=2))
    assert status.condition is not None
    assert status.condition.reason == "PodFailurePolicy"
    assert (tmp_path / "ended").exists()


def start(cluster: LocalCluster, made: dict[str, Any], pid_file: Path) -> int:
    cluster.create(made)
    deadline = time.monotonic() + 300
    while not (pid_file.exists() and pid_file.read_text()):
        cluster.status("step-1")
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(pid_file.read_text())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_deleting_asks_first(store: Store, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = f"""
def ended(*_):
    pathlib.Path({str(tmp_path)!r}, "saved").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, ended)
pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))
time.sleep(60)
"""
    with local(store) as cluster:
        pid = start(cluster, job(program), pid_file)
        cluster.delete("step-1")
        assert cluster.status("step-1") is None
    assert (tmp_path / "saved").exists()
    assert not alive(pid)


def test_deleting_insists_after_the_grace_period(store: Store, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))
time.sleep(60)
"""
    with local(store) as cluster:
        pid = start(cluster, job(program, grace=0), pid_file)
        cluster.delete("step-1")
    assert not alive(pid)


@pytest.mark.parametrize(
    ("own", "found"),
    [
        (None, "glibc.malloc.hugetlb=1"),
        ("", "glibc.malloc.hugetlb=1"),
        ("glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=0"),
        ("glibc.malloc.arena_max=2", "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=2"),
    ],
)
def test_tunables_of_glibc_that_the_user_set_stay(
    store: Store, monkeypatch: pytest.MonkeyPatch, own: str | None, found: str
) -> None:
    if own is None:
        monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    else:
        monkeypatch.setenv("GLIBC_TUNABLES", own)
    monkeypatch.setenv("COVID_CTL_DEVICE", "gpu")
    made = job("print(os.environ['GLIBC_TUNABLES'], os.environ['COVID_CTL_DEVICE'])")
    made["spec"]["template"]["spec"]["containers"][0]["env"] += [
        {"name": "GLIBC_TUNABLES", "value": "glibc.malloc.hugetlb=1"},
        {"name": "COVID_CTL_DEVICE", "value": "cpu"},
    ]
    with local(store) as cluster:
        run(cluster, made)
    assert store.get("step-1/logs/00000-0.log") == f"{found} cpu\n".encode()


def test_each_attempt_has_empty_scratch_and_its_own_log(store: Store) -> None:
    program = """
scratch = pathlib.Path(os.environ["TMPDIR"])
assert scratch.is_dir() and not list(scratch.iterdir())
(scratch / "left").touch()
print("index", index)
sys.exit(1 if index == 0 else 0)
"""
    with local(store) as cluster:
        status = run(cluster, job(program, completions=2, retries=1))
    assert [info.path for info in store.objects("step-1/logs")] == [
        "step-1/logs/00000-0.log",
        "step-1/logs/00000-1.log",
        "step-1/logs/00001-0.log",
    ]
    assert store.get("step-1/logs/00001-0.log") == b"index 1\n"
    assert status.message == "index 0"


def test_creating_twice_is_creating_once(store: Store) -> None:
    with local(store) as cluster:
        cluster.create(job("pass"))
        status = run(cluster, job("sys.exit(43)"))
    assert status.condition is not None
    assert status.condition.type == COMPLETE


def test_a_killed_container_says_so(store: Store) -> None:
    with local(store) as cluster:
        status = run(cluster, job("os.kill(os.getpid(), signal.SIGKILL)", retries=0))
    assert status.message == f"killed by {signal.SIGKILL.name}"


def test_out_of_memory_is_told_apart_and_not_tried_again(store: Store, tmp_path: Path) -> None:
    """The kernel counts what it kills for lack of memory: here a file that the container writes first."""
    counter = tmp_path / "oom_kills"
    counter.write_text("3")
    program = f"pathlib.Path({str(counter)!r}).write_text('4')\nos.kill(os.getpid(), signal.SIGKILL)"
    with LocalCluster(store, backoff_seconds=0.0, oom_kills=lambda: int(counter.read_text() or 0)) as cluster:
        status = run(cluster, job(program, retries=4))
    assert status.condition is not None
    assert (status.condition.type, status.condition.reason) == (FAILED, "PodFailurePolicy")
    told = parse_termination_message(status.message)
    assert told is not None
    assert told.reason == "step-1: out of memory: the kernel killed it"
    assert "schedule.accumulation" in told.remedy
    assert [info.path for info in store.objects("step-1/logs")] == ["step-1/logs/00000-0.log"]
    assert b"out of memory" in store.get("step-1/logs/00000-0.log")


def test_a_log_is_in_the_bucket_while_its_container_runs(store: Store) -> None:
    with local(store) as cluster:
        cluster.create(job("print('so far', flush=True)\ntime.sleep(600)"))
        deadline = time.monotonic() + 300
        while store.find("step-1/logs/00000-0.log") != b"so far\n":
            assert time.monotonic() < deadline
            cluster.status("step-1")
            time.sleep(0.02)


def test_a_second_ctrl_c_waits_for_no_grace_period(store: Store, tmp_path: Path) -> None:
    program = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(tmp_path)!r}, "started").touch()
time.sleep(600)
"""

    def interrupted_twice() -> None:
        with local(store) as cluster:
            cluster.create(job(program, grace=600))
            while not (tmp_path / "started").exists():
                cluster.status("step-1")
                time.sleep(0.01)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted_twice()
    assert time.monotonic() - began < 300  # it would else have waited for the grace period

"""The commands and their workers on a bucket over HTTP that now and then fails, as a user's would."""

import signal
from pathlib import Path

import pytest

from tests.e2e.cluster import PROFILE, cluster_of_tests
from tests.e2e.command import answer, covid_ctl
from tests.e2e.finished import Run
from tests.e2e.processes import containers, gone, needs_linux, start, wait_for
from tests.gcs_server import Fault, GcsServer

BUCKET = "gs://tests/papers"


def test_the_data_side_runs_on_a_bucket_that_fails_in_passing(gcs: GcsServer, run: Run) -> None:
    """Afresh, which says how to continue."""
    gcs.fail(Fault(503, method="PUT", times=5))
    gcs.fail(Fault(429, method="GET", times=5))
    done = covid_ctl(*run.command, "--fresh", "--bucket", BUCKET)
    assert done.code == 0, done.err
    assert "12 documents kept" in done.out
    name = done.out.splitlines()[-1].rpartition("/")[2]
    assert name != run.preprocess
    salt = done.out.split("--salt ")[1].split()[0]
    again = covid_ctl(*run.command, "--salt", salt, "--bucket", BUCKET)
    assert (again.out.count("already complete"), again.out.splitlines()[-1].rpartition("/")[2]) == (4, name)
    (manifest,) = [
        found for found in answer("artifacts", "--bucket", BUCKET, "--output", "json").json() if found["name"] == name
    ]
    stored = gcs.buckets["tests"]
    for output in manifest["outputs"]:
        assert len(stored[f"papers/{name}/{output['path']}"][0]) == output["size"]


@pytest.mark.parametrize(
    ("bucket", "fault", "said"),
    [("gs://tests/run", 403, "permission denied"), ("gs://misspelt/run", 0, "there is no such bucket")],
)
def test_a_bucket_that_cannot_be_used_is_named_before_anything_runs(
    gcs: GcsServer, bucket: str, fault: int, said: str
) -> None:
    if fault:
        gcs.fail(Fault(fault))
    done = answer("submit", "preprocess", "--bucket", bucket)
    assert done.code == 1
    assert said in done.err
    assert "Traceback" not in done.err


@needs_linux
def test_ctrl_c_leaves_while_workers_run_on_a_bucket_that_hangs(gcs: GcsServer, tmp_path: Path) -> None:
    """By itself within 2 s. The limit is for a machine under load, far below the minutes that requests are tried."""
    running = start("submit", "preprocess", "--bucket", BUCKET, bucket=tmp_path)
    try:
        wait_for(lambda: bool(containers(running.pid)) or running.poll() is not None)
        workers = containers(running.pid)
        assert workers
        gcs.fail(Fault(0, hangs=True))
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    finally:
        running.kill()
        running.communicate()
    assert running.returncode == 130, said
    assert "Traceback" not in said
    wait_for(lambda: all(map(gone, workers)))


@pytest.mark.slow
def test_who_waits_for_jobs_is_told_that_the_bucket_is_away_and_leaves_while_it_hangs(
    gcs: GcsServer, tmp_path: Path
) -> None:
    """The bucket is looked at every ten seconds: what changes, the cluster tells."""
    with cluster_of_tests(tmp_path) as cluster:
        profile = PROFILE.format(bucket=BUCKET).replace('bucket_volume = "bucket"\n', "")
        (tmp_path / "covid-ctl.toml").write_text(profile)
        running = cluster.start("submit", "preprocess", "--wait")
        assert running.stdout
        try:
            wait_for(lambda: any("watch=true" in request for request in cluster.server.requests))
            gcs.fail(Fault(503))
            assert any("the bucket does not answer (" in line for line in running.stdout)
            gcs.heal()
            asked = len(gcs.requests)
            gcs.fail(Fault(0, hangs=True))
            wait_for(lambda: len(gcs.requests) > asked)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=20)
        finally:
            running.kill()
            running.communicate()
        assert running.returncode == 130, (out, err)
        assert "stopped waiting; the Jobs go on" in err
        assert "Traceback" not in err
        assert cluster.jobs()

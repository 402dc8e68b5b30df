"""The whole main job under random SIGKILLs, and on a bucket that fails in every way; ``make test-chaos``."""

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import covid_ctl, outputs
from tests.e2e.processes import containers, gone, kill, needs_linux, start, wait_for
from tests.gcs_server import Fault, GcsServer

pytestmark = [pytest.mark.chaos, needs_linux]

COMMAND = ["submit", "export", "--with-inputs", "--shards", "4"]


def smaller_recipe(directory: Path) -> str:
    recipe = yaml.safe_load(covid_ctl("recipes", "show", "tiny").out)
    recipe["architecture"] |= {"hidden_size": 32, "intermediate_size": 64}
    recipe["vocabulary"]["learn"] = 800
    recipe["schedule"] |= {"train_batch_size": 8, "train_steps": 300, "warmup_steps": 6, "checkpoint_every": 20}
    path = directory / "smaller.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return str(path)


def results(bucket: Path) -> dict[str, bytes]:
    """Every output of every step."""
    return {
        f"{step.name}/{path}": data
        for step in bucket.iterdir()
        if (step / "manifest.json").exists()
        for path, data in outputs(bucket, step.name).items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_result_is_that_of_an_undisturbed_run(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    command = [*COMMAND, smaller_recipe(tmp_path)]
    undisturbed = covid_ctl(*command, bucket=tmp_path / "undisturbed")
    assert undisturbed.code == 0, undisturbed.err

    disturbed = tmp_path / "disturbed"
    kills = 0
    while kills < 12:
        running = start(*command, bucket=disturbed)
        while running.poll() is None and kills < 12:
            time.sleep(rng.uniform(0.3, 6))
            victims = [running.pid, *containers(running.pid)] if rng.random() < 0.5 else containers(running.pid)
            if victims and running.poll() is None:
                kill(rng.choice(victims))
                kills += 1
        left = containers(running.pid)
        kill(running.pid)
        running.communicate()
        wait_for(lambda left=left: all(gone(pid) for pid in left))  # type: ignore[misc]
        if (disturbed / "ledger").exists() and running.returncode == 0:
            break
    done = covid_ctl(*command, bucket=disturbed)
    assert done.code == 0, done.err
    assert results(disturbed) == results(tmp_path / "undisturbed")


OUTAGE_SECONDS = 75.0
OUTAGES = 3
"""So many and no more: a machine on which the run takes longer would else get more of them, and take longer still."""
FAULTS = (
    Fault(503, times=6),
    Fault(429, times=6),
    Fault(0, reset=True, times=4),
    Fault(0, method="PUT", lost=True, times=2),
    Fault(0, method="DELETE", lost=True, times=2),
    Fault(200, method="GET", truncated=True, times=3),
)


@contextmanager
def weather(gcs: GcsServer, rng: random.Random) -> Iterator[None]:
    """Until the block ends, one kind of fault after the other and a pause; at first, each second time, an outage."""
    over = threading.Event()

    def blow() -> None:
        for number in range(1_000):
            for fault in rng.sample(FAULTS, len(FAULTS)):
                gcs.fail(fault)
                if over.wait(rng.uniform(0.5, 2.5)):
                    return
            if number in range(1, 2 * OUTAGES, 2):
                gcs.fail(Fault(503))
                over.wait(OUTAGE_SECONDS)
            gcs.heal()
            if over.wait(rng.uniform(5, 15)):
                return

    thread = threading.Thread(target=blow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        gcs.heal()


def results_in(gcs: GcsServer, folder: str) -> dict[str, bytes]:
    """Every output of every complete step below ``gs://tests/<folder>``."""
    objects = {name.removeprefix(f"{folder}/"): data for name, (data, _) in gcs.buckets["tests"].items()
               if name.startswith(f"{folder}/")}  # fmt: skip
    found = {}
    for name, data in objects.items():
        if name.count("/") == 1 and name.endswith("/manifest.json"):
            step = name.partition("/")[0]
            for output in json.loads(data)["outputs"]:
                found[f"{step}/{output['path']}"] = objects[f"{step}/{output.get('place') or output['path']}"]
    return found


@pytest.mark.parametrize("seed", range(2))
def test_a_bucket_with_outages_lost_answers_and_cut_bodies_changes_nothing(
    seed: int, gcs: GcsServer, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    schedule = ("schedule.train_steps=60", "schedule.checkpoint_every=30")
    command = [*COMMAND, smaller_recipe(tmp_path), *(word for one in schedule for word in ("--set", one))]
    undisturbed = covid_ctl(*command, "--bucket", "gs://tests/undisturbed")
    assert undisturbed.code == 0, undisturbed.err
    kills, said = 0, ""
    with weather(gcs, rng):
        for _ in range(20):
            running = start(*command, "--bucket", "gs://tests/disturbed", bucket=tmp_path)
            if kills < 4:
                time.sleep(rng.uniform(5, 30))
                victims = [running.pid, *containers(running.pid)] if rng.random() < 0.5 else containers(running.pid)
                if victims and running.poll() is None:
                    kill(rng.choice(victims))
                    kills += 1
            said, _ = running.communicate(timeout=1200)
            assert "Traceback" not in said, said
            assert "damaged" not in said, said
            if running.returncode == 0:
                break
    assert running.returncode == 0, said
    assert results_in(gcs, "disturbed") == results_in(gcs, "undisturbed")

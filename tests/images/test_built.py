"""Images that were built do what they are for: each step runs in its own, as its Job says.

``COVID_CTL_TEST_IMAGES`` names them, such as ``covid-ctl-{}:dev`` with {} for the target; docker or podman runs them.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.planning.manifest import SCRATCH, USER, render
from controller.planning.plan import Source, Step
from controller.profiles.profile import Images, Profile
from jobs.artifact import Artifact
from jobs.recipe import load_recipe
from jobs.sample.sample import SAMPLE, sample_fingerprint
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import Given, planned

pytestmark = pytest.mark.images

TARGETS = ("worker", "trainer-tpu", "trainer-gpu", "trainer-cpu", "controller", "search")
SHARDS = 2
Engine = Callable[..., str]


@pytest.fixture(scope="module")
def engine() -> Engine:
    program = next(filter(works, ("docker", "podman")), None)
    if program is None:
        pytest.skip("needs docker or podman, and it must be running")

    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr[-3000:]}"
        return done.stdout

    return run


def works(program: str) -> bool:
    return bool(shutil.which(program)) and subprocess.run([program, "info"], capture_output=True).returncode == 0


def image(target: str) -> str:
    pattern = os.environ.get("COVID_CTL_TEST_IMAGES", "")
    if not pattern:
        pytest.skip("needs built images: set COVID_CTL_TEST_IMAGES, such as covid-ctl-{}:dev")
    return pattern.format(target)


def confined(entrypoint: str) -> list[str]:
    """As Pod Security `restricted` has it, with nothing writable but an empty scratch, and no network."""
    return [
        "run", "--rm", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none",
        "--tmpfs", f"{SCRATCH}:rw,mode=1777", "--env", f"TMPDIR={SCRATCH}", "--env", f"HOME={SCRATCH}",
        "--entrypoint", entrypoint,
    ]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_says_whose_it_is_and_is_nobodys(engine: Engine, target: str) -> None:
    (found,) = json.loads(engine("image", "inspect", image(target)))
    assert found["Config"]["User"] == f"{USER}:{USER}"
    labels = found["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == f"covid-ctl-{target}"
    assert "python" in labels["org.opencontainers.image.base.name"]


@pytest.mark.parametrize("target", TARGETS)
def test_no_bytecode_goes_by_its_source_s_time(engine: Engine, target: str) -> None:
    """Times are set anew when layers are made reproducible; all such bytecode would be compiled again at each start."""
    program = (
        "import pathlib, sysconfig; files = [*pathlib.Path(sysconfig.get_path('stdlib')).rglob('*.pyc')];"
        "print(len(files), sum(file.read_bytes()[4] & 1 == 0 for file in files))"
    )
    files, by_time = engine(*confined("python"), image(target), "-c", program).split()
    assert int(files) > 500
    assert int(by_time) == 0


def test_the_worker_has_no_tensorflow(engine: Engine) -> None:
    engine(
        *confined("python"), image("worker"), "-c", "import importlib.util as u; assert not u.find_spec('tensorflow')"
    )


@pytest.mark.parametrize(("target", "most"), [("worker", 400_000_000), ("trainer-gpu", 5_000_000_000)])
def test_an_image_is_small(engine: Engine, target: str, most: int) -> None:
    program = (
        "import os; walk = ((top, name) for top, _, names in os.walk('/usr') for name in names);"
        "print(sum(os.lstat(os.path.join(*at)).st_size for at in walk))"
    )
    assert int(engine(*confined("python"), image(target), "-c", program)) < most


@pytest.mark.parametrize("target", ["trainer-tpu", "trainer-gpu", "trainer-cpu"])
def test_a_trainer_starts_tensorflow_without_the_headers_it_leaves_out(engine: Engine, target: str) -> None:
    program = (
        "import os, tensorflow as tf; assert not os.path.exists(tf.sysconfig.get_include());"
        "print(float(tf.function(tf.linalg.matmul, jit_compile=True)(tf.ones([2, 3]), tf.ones([3, 2]))[0, 0]))"
    )
    assert engine(*confined("python"), image(target), "-c", program).split() == ["3.0"]


def test_the_controller_has_what_its_tracker_imports(engine: Engine) -> None:
    engine(
        *confined("python"),
        image("controller"),
        "-c",
        "import controller.tracking.tracker, controller.clusters.kubernetes",
    )
    assert "--bucket" in engine(*confined("covid-ctl"), image("controller"), "tracker", "--help")


def test_every_step_runs_in_its_image_and_the_index_is_searched_in_its_own(engine: Engine, tmp_path: Path) -> None:
    profile = Profile(
        name="images",
        bucket="/bucket",
        images=Images(worker=image("worker"), trainer=image("trainer-cpu"), exporter=image("trainer-cpu")),
    )
    store = Store(str(tmp_path))
    for step in main_job():
        artifact = Artifact(store, step.spec)
        artifact.submit()
        for folder in (tmp_path, tmp_path / step.name):
            folder.chmod(0o777)  # the image's user is another
        for index in range(step.spec.shards):
            run_shard(engine, render(step, profile), index, tmp_path)
        artifact.require()
    arguments = ("search", "vaccine", "--index", step.name, "--bucket", "/bucket", "--output", "json")
    found = engine(*confined("covid-ctl"), "--volume", f"{tmp_path}:/bucket:ro", image("search"), *arguments)
    assert json.loads(found)["answers"][0]["hits"]


def main_job() -> list[Step]:
    """Up to the exported model, then up to the index, which is last."""
    schedule = {"schedule.train_steps": "20", "schedule.warmup_steps": "2", "embedder.epochs": "1"}
    recipe, sample = load_recipe("tiny", schedule), Given(corpus=Source(SAMPLE, sample_fingerprint()))
    planned_for = (planned(kind, recipe=recipe, given=sample, shards=SHARDS) for kind in (Kind.EXPORT, Kind.INDEX))
    return list({step.name: step for steps in planned_for for step in steps}.values())


def run_shard(engine: Engine, job: dict[str, Any], index: int, bucket: Path) -> None:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    words: list[str] = container["command"] + container["args"]
    program, *arguments = words
    environment = {entry["name"]: entry["value"] for entry in container["env"]} | {"JOB_COMPLETION_INDEX": str(index)}
    declared = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    engine(*confined(program), *declared, "--volume", f"{bucket}:/bucket", container["image"], *arguments)

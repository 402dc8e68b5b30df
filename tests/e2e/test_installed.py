"""``pip install`` of the wheel alone gives a covid-ctl whose every command works, or says what to install."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.cli.main import cli
from tests.e2e.cluster import ClusterOfTests, cluster_of_tests
from tests.e2e.command import covid_ctl
from tests.e2e.corpora import write_corpus

pytestmark = pytest.mark.installed

ROOT = Path(__file__).parents[2]
SOURCE = ("jobs", "controller", "pyproject.toml", "setup.py", "README.md", "LICENSE")

ANSWERS = "--name there --context there --namespace there --bucket gs://there/there --tpu '' --queue ''"
IMAGES = [f"--{user}-image it@sha256:{64 * 'a'}" for user in ("worker", "trainer", "exporter", "controller")]
COMMANDS: dict[str, tuple[str, int, str]] = {
    "artifacts": ("artifacts STEP", 0, "report.html"),
    "cancel": ("cancel STEP", 0, "complete"),
    "completion": ("completion bash", 0, "_COVID_CTL_COMPLETE"),
    "doctor": ("doctor", 3, "pip install '.[jobs]'"),
    "estimate": ("estimate all tiny --corpus sample", 0, "ingest"),
    "explain": ("explain STEP", 0, "is complete"),
    "gc": ("gc --older-than 0s", 0, "could be removed"),
    "init": (f"init --config made.toml {ANSWERS} {' '.join(IMAGES)}", 0, "profile there is in made.toml"),
    "judge": ("judge --qrels absent --topics absent", 2, "does not exist"),
    "logs": ("logs STEP", 0, "shard.committed"),
    "publish": ("publish tiny --repo org/tiny", 3, "pip install '.[publish]'"),
    "recipes": ("recipes show tiny", 0, "name: tiny"),
    "render": ("render preprocess --corpus sample", 0, "kind: Job"),
    "report": ("report STEP", 0, "Documents: "),
    "search": ("search masks", 3, "pip install '.[search]'"),
    "status": ("status", 0, "complete"),
    "submit": ("submit preprocess --corpus sample --dry-run", 0, "to run"),
    "tracker": ("tracker", 3, "covid-ctl tracker --profile NAME"),
    "verify": ("verify STEP", 0, "whole"),
    "vocab": ("vocab report tiny --vocab absent.txt", 2, "absent.txt"),
    "watch": ("watch STEP", 0, "complete"),
}
"""By command: one use of it, its exit code, and what it says. STEP is a complete step of preprocessing."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The program, in an environment that nothing else was installed into."""
    place = tmp_path_factory.mktemp("installed")
    (place / "source").mkdir()
    for name in SOURCE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / "source" / name)
    for compiled in (place / "source").rglob("*.so"):
        compiled.unlink()
    pip = ("-m", "pip", "--disable-pip-version-check", "--quiet")
    build = (*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place, place / "source")
    subprocess.run([sys.executable, *build], check=True, timeout=300)
    (wheel,) = place.glob("*.whl")
    locked = re.findall(r"^[a-z][^\\\n]*", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    (place / "constraints.txt").write_text("\n".join(locked))
    subprocess.run([sys.executable, "-m", "venv", place / "empty"], check=True, timeout=300)
    python = place / "empty" / "bin" / "python"
    subprocess.run([python, *pip, "install", "--constraint", place / "constraints.txt", wheel], check=True, timeout=500)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)  # the wheel's code, not this tree's
        patch.setenv("KUBECONFIG", str(place / "absent"))
        yield python.with_name("covid-ctl")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four complete steps, made where everything is installed."""
    place = tmp_path_factory.mktemp("steps")
    done = covid_ctl("submit", "preprocess", "--corpus", str(write_corpus(place / "corpus")), bucket=place / "bucket")
    assert done.code == 0, done.err
    return place / "bucket"


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) == set(cli.commands)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help(command: str, installed: Path, tmp_path: Path) -> None:
    done = covid_ctl(command, "--help", program=installed, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: covid-ctl {command}")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_use(command: str, installed: Path, bucket: Path, tmp_path: Path) -> None:
    line, code, said = COMMANDS[command]
    step = next(path.name for path in bucket.glob("preprocess-*"))
    words = [step if word == "STEP" else word for word in shlex.split(line)]
    done = covid_ctl(*words, bucket=bucket, program=installed, cwd=tmp_path)
    assert (done.code, said in done.out + done.err) == (code, True), done
    assert "Traceback" not in done.err


def test_steps_that_need_more_are_not_started(installed: Path, tmp_path: Path) -> None:
    done = covid_ctl("submit", "preprocess", "--corpus", "sample", bucket=tmp_path / "bucket", program=installed)
    assert (done.code, done.out) == (3, "")
    assert "nothing was started: packages: " in done.err
    assert "in a checkout of this project: pip install '.[jobs]'" in done.err
    assert not (tmp_path / "bucket").exists()


@pytest.fixture
def cluster(installed: Path, tmp_path: Path) -> Iterator[ClusterOfTests]:
    with cluster_of_tests(tmp_path, installed) as made:
        yield made


def test_it_submits_tracks_and_cancels_on_a_cluster(cluster: ClusterOfTests) -> None:
    corpus = str(write_corpus(cluster.bucket / "corpus"))
    submitted = cluster.covid_ctl("submit", "preprocess", "--corpus", corpus)
    assert submitted.code == 0, submitted.err
    assert set(cluster.jobs()) == {"ingest", "signatures", "vocabulary", "preprocess"}
    tracked = cluster.covid_ctl("tracker", "--once")
    assert tracked.code == 0, tracked.err
    assert cluster.covid_ctl("status").code == 0
    cancelled = cluster.covid_ctl("cancel", cluster.jobs()["ingest"]["metadata"]["name"])
    assert cancelled.code == 0, cancelled.err

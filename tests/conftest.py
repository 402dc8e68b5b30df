"""For all tests."""

import gc
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.gcs_server import GcsServer, serve

collect_ignore = ["in_transformers"]
"""Its tests run in an environment of their own: make test-transformers."""

LONGEST = ("test_demo.py", "e2e", "model", "patterns", "steps")
"""Files and folders whose tests take longest."""

# The same cases every time, on machines of any speed.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: one that began last would keep one worker while the others have nothing left."""
    items.sort(key=lambda item: next((n for n, part in enumerate(LONGEST) if part in item.path.parts), len(LONGEST)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What it makes stays to the end, modules and tests: nothing looks for garbage in it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A command that runs in the test's process sends the log to the test's streams, which end with it."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GcsServer]:
    """What ``gs://`` means for the length of a test, with one bucket: ``tests``, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serve("tests") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        yield server


@pytest.fixture(params=["directory", "gs"])
def bucket(request: pytest.FixtureRequest) -> str:
    """Where artifacts go: a new directory, and a prefix of a bucket over HTTP."""
    if request.param == "gs":
        request.getfixturevalue("gcs")
        return "gs://tests/some/bucket"
    directory: Path = request.getfixturevalue("tmp_path")
    return str(directory / "bucket")

"""For tests of the whole program."""

import pytest

from tests.e2e.finished import Run, finished_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return finished_run(tmp_path_factory)

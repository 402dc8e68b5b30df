"""The preprocessing report in a real headless Chromium: axe-core finds nothing, and no page moves sideways."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser import DARK, DESKTOP, PHONE, axe_in, served, violations
from tests.jobs.steps.test_report import Run, output

pytestmark = pytest.mark.browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("report")
    artifact = Run(root / "run", shards=2).preprocessed()
    (root / "report.html").write_bytes(output(artifact, "report.html"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    with served(server), axe_in("http://{}:{}".format(*server.server_address[:2])) as copied:
        yield f"{copied}/report.html"


@pytest.mark.parametrize("options", [(DESKTOP,), (PHONE,), (PHONE, DARK)], ids=["desktop", "phone", "phone, dark"])
def test_it_keeps_nobody_out(copy: str, options: tuple[str, ...], tmp_path: Path) -> None:
    assert violations(copy, tmp_path, *options) == []

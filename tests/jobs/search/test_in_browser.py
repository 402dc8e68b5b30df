"""The search page in a real headless Chromium: it runs under its own Content-Security-Policy, without complaint."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.search.engine import Mode, SearchEngine
from jobs.search.server import SearchServer, Served, serve
from tests.jobs.search.made import index

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchServer]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    engine = SearchEngine(index(tmp_path_factory.mktemp("index")), Mode.BM25)
    server = serve("a made-up corpus", [Served("index-1", engine)], "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def visited(server: SearchServer, path: str, profile: Path) -> tuple[str, str]:
    """The document as the browser has it, and what its console said."""
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={profile}", "--dump-dom", f"{server.url}{path}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return ran.stdout, "\n".join(line for line in ran.stderr.splitlines() if "CONSOLE" in line)


def test_the_page_answers_and_its_policy_refuses_nothing_of_its_own(server: SearchServer, tmp_path: Path) -> None:
    dom, console = visited(server, "?q=mask+angle", tmp_path)
    assert "Masks in schools" in dom
    assert "<mark>" in dom
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in dom
    assert console == ""

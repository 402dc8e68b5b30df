"""The search page in a real headless Chromium: it runs under its own Content-Security-Policy, and people can use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.search.engine import Mode, SearchEngine
from jobs.search.server import Served, serve
from tests.browser import DARK, DESKTOP, PHONE, axe_in, broken_page, served, violations, visited
from tests.jobs.search.made import index

pytestmark = pytest.mark.browser

PAGES = {
    "the form": "/",
    "an answer": "/?q=mask+angle+virus&mode=hybrid",
    "nothing found": "/?q=mask&license=nope",
    "an error": "/?like=nobody",
    "papers like one": "/?like=a1&mode=dense",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    engine = SearchEngine(index(tmp_path_factory.mktemp("index")), Mode.BM25)
    both = [Served("index-ours", engine), Served("index-base", engine)]
    with served(server := serve("a made-up corpus", both, "127.0.0.1", 0)):
        yield server.url


@pytest.fixture(scope="module")
def copy(address: str) -> Iterator[str]:
    with axe_in(address) as copied:
        yield copied


def test_the_page_answers_and_its_policy_refuses_nothing_of_its_own(address: str, tmp_path: Path) -> None:
    dom, console = visited(f"{address}?q=mask+angle", tmp_path)
    assert "Masks in schools" in dom
    assert "<mark>" in dom
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in dom
    assert console == ""


@pytest.mark.parametrize("options", [(DESKTOP,), (PHONE,), (PHONE, DARK)], ids=["desktop", "phone", "phone, dark"])
@pytest.mark.parametrize("page", PAGES)
def test_it_keeps_nobody_out(copy: str, page: str, options: tuple[str, ...], tmp_path: Path) -> None:
    assert violations(copy + PAGES[page], tmp_path, *options) == []


def test_axe_would_find_what_keeps_people_out(tmp_path: Path) -> None:
    with served(broken_page()) as server, axe_in("http://{}:{}".format(*server.server_address[:2])) as copied:
        found = {rule for rule, _ in violations(copied, tmp_path)}
    assert {"image-alt", "html-has-lang"} <= found

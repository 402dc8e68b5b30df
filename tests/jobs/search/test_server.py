from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from jobs.errors import ConfigurationError
from jobs.search.engine import Layout, Mode, SearchEngine
from jobs.search.server import SearchServer, Served, serve
from tests.jobs.search.made import index


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return index(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def server(layout: Layout) -> Iterator[SearchServer]:
    engine = SearchEngine(layout, Mode.BM25)
    server = serve("a made-up corpus", [Served("index-1", engine)], "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def get(server: SearchServer, path: str, method: str = "GET") -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=120)  # type: ignore[arg-type]
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.msg, response.read().decode()
    finally:
        connection.close()


def tree(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))


def test_the_page_shows_what_was_found_and_keeps_the_query_in_its_form(server: SearchServer) -> None:
    status, headers, text = get(server, "/?q=mask&from=2020")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    page = tree(text)
    assert [link.text for link in page.iterfind(".//ol/li/h3")] == ["Masks in schools"]
    (query,) = page.iterfind(".//input[@type='search']")
    assert query.get("value") == "mask"
    assert page.find(".//mark") is not None
    assert page.find(".//input[@name='from']").get("value") == "2020"  # type: ignore[union-attr]


def test_text_of_papers_and_readers_is_shown_never_run(server: SearchServer) -> None:
    for path in ("/?q=script+alert+angle", "/?q=%3Cscript%3Ealert(1)%3C/script%3E", "/?like=%3Cb%3E"):
        _, _, text = get(server, path)
        page = tree(text)
        assert [script.get("src") for script in page.iter("script")] == ["/keys.js"]
        assert not list(page.iter("b"))
        assert "\u202e" not in text


def test_an_empty_answer_says_how_to_go_on(server: SearchServer) -> None:
    assert "No paper matches. Try other or fewer words." in get(server, "/?q=xyzzy")[2]
    _, _, text = get(server, "/?q=mask&license=nope")
    (link,) = (a for a in tree(text).iter("a") if a.text == "Search without them")
    assert get(server, str(link.get("href")))[2].count("<li>") == 2
    assert (
        "these filters: no paper is of those years; there are 2019 to 2021; no paper has the licence"
        in get(server, "/?q=mask&license=nope&from=2030")[2]
    )
    assert "No paper matches: the query has no words. Try other or fewer words." in get(server, "/?q=%3F")[2]


def test_the_first_page_asks_for_nothing(server: SearchServer) -> None:
    status, _, text = get(server, "/")
    assert status == 200
    assert "5 papers of a made-up corpus" in text
    assert not list(tree(text).iter("ol"))


def test_more_like_this_is_a_link_on_every_hit(server: SearchServer) -> None:
    page = tree(get(server, "/?q=mask")[2])
    links = [str(a.get("href")) for a in page.iter("a") if a.text == "More like this"]
    assert len(links) == 2
    assert "Masks in schools" not in "".join(h.text or "" for h in tree(get(server, links[0])[2]).iter("h3"))


def test_programs_get_json(server: SearchServer) -> None:
    status, headers, text = get(server, "/api/search?q=bat+virus&mode=hybrid&n=2")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    (answer,) = json.loads(text)["answers"]
    assert answer["mode"] == "hybrid"
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2]
    assert answer["hits"][0]["link"] == "https://doi.org/10.1/x"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/style.css", 200),
        ("/keys.js", 200),
        ("/icon.svg", 200),
        ("/nothing", 404),
        ("/../server.py", 404),
        ("/server.py", 404),
        ("/api/search", 400),
        ("/?q=a&mode=magic", 400),
        ("/?q=a&from=soon", 400),
        ("/?q=a&n=1000000", 400),
        ("/?q=a&from=99999999999999999999", 400),
        ("/?q=%ff%fe%00", 200),
        ("/?like=nobody", 200),
        ("/?q=" + "a" * 10_000, 200),
        ("/?q=" + "a" * 40_000, 414),
        ("/?" + "&".join(f"f{i}=1" for i in range(100)), 400),
    ],
)
def test_every_request_gets_its_answer(server: SearchServer, path: str, status: int) -> None:
    assert get(server, path)[0] == status
    code, _, body = get(server, path, "HEAD")
    assert (code, body) == (status, "")


def test_two_indexes_stand_side_by_side_and_ones_trouble_is_its_own(layout: Layout) -> None:
    good = SearchEngine(layout, Mode.BM25)
    broken = SearchEngine(Layout(layout.lexical, layout.vectors, layout.embedder.parent / "none"), Mode.DENSE)
    server = serve("a corpus", [Served("ours", good), Served("base", broken)], "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        page = tree(get(server, "/?q=mask")[2])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [heading.text for heading in page.iter("h2")] == ["ours", "base"]
    assert len(list(page.iterfind(".//ol/li"))) == 2
    assert page.find(".//*[@role='alert']") is not None


def test_a_port_in_use_is_an_error_that_names_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match="cannot listen there"):
            serve("a corpus", [], "127.0.0.1", taken.getsockname()[1])
    with pytest.raises(ConfigurationError, match="cannot listen there"):
        serve("a corpus", [], "127.0.0.1", 70_000)

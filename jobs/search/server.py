"""The search page over HTTP, on the standard library: / (the page), /api/search (JSON), /healthz."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog

from jobs.errors import ConfigurationError, CovidCtlError
from jobs.search.engine import Answer, Mode, SearchEngine
from jobs.search.page import Column, Query, page
from jobs.search.paper import Filters

LONGEST_ADDRESS = 32_000
"""Characters of a request's path; a longer one is refused."""
MOST_RESULTS = 100
CONNECTION_SECONDS = 30
"""A client that is silent for so long is let go of."""

_STATIC = {"/style.css": "text/css", "/keys.js": "text/javascript", "/icon.svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class Served:
    """One index that is searched."""

    name: str
    engine: SearchEngine


def serve(corpus: str, indexes: Sequence[Served], host: str, port: int) -> SearchServer:
    """A server that listens already; ``serve_forever`` answers. Port 0 takes a free one.

    Raises ``ConfigurationError`` where the address cannot be had.
    """
    try:
        return SearchServer(corpus, indexes, host, port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"{host}:{port}", f"cannot listen there: {reason}", "give another --host or --port"
        ) from error


class SearchServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, corpus: str, indexes: Sequence[Served], host: str, port: int) -> None:
        self.corpus = corpus
        self.indexes = indexes
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}/"

    def answers(self, query: Query) -> list[Column]:
        """One column an index; an index's own trouble is told in its column."""
        return [self._column(served, query) for served in self.indexes]

    def _column(self, served: Served, query: Query) -> Column:
        try:
            return Column(served.name, _answer(served.engine, query))
        except CovidCtlError as error:
            structlog.get_logger().error("search.failed", index=served.name, thing=error.thing, reason=error.reason)
            return Column(served.name, None, f"This index cannot be searched: {error.reason}.")
        except Exception:
            # One index's trouble must not take the other's answer, or the server, with it.
            structlog.get_logger().exception("search.failed", index=served.name)
            return Column(served.name, None, "This index cannot be searched; the server's log says why.")


def _answer(engine: SearchEngine, query: Query) -> Answer:
    if not query.like:
        return engine.search(query.text, mode=query.mode, filters=query.filters, count=query.count)
    row = engine.lexical.row_of(query.like)
    if row is None:
        raise ConfigurationError(query.like[:60], f"no paper has the identifier {query.like[:60]!r}", "search for it")
    return engine.similar(row, mode=query.mode, filters=query.filters, count=query.count)


class _Handler(BaseHTTPRequestHandler):
    server: SearchServer
    protocol_version = "HTTP/1.1"
    server_version = "covid-ctl"
    sys_version = ""
    timeout = CONNECTION_SECONDS
    # Head and body are two writes: without this a client that keeps its connection waits 40 ms for the second.
    disable_nagle_algorithm = True
    _began = 0.0

    def do_GET(self) -> None:
        self._began = time.perf_counter()
        if len(self.path) > LONGEST_ADDRESS:
            self._text(HTTPStatus.REQUEST_URI_TOO_LONG, "The address is too long.\n")
            return
        parts = urlsplit(self.path)
        try:
            if parts.path == "/":
                self._page(parse_query(parts.query))
            elif parts.path == "/api/search":
                self._api(parse_query(parts.query))
            elif parts.path == "/healthz":
                self._text(HTTPStatus.OK, "ok\n")
            elif kind := _STATIC.get(parts.path):
                content = (resources.files("jobs.search") / parts.path[1:]).read_bytes()
                self._send(HTTPStatus.OK, content, kind, {"Cache-Control": "max-age=3600"})
            else:
                self._text(HTTPStatus.NOT_FOUND, "There is no such page.\n")
        except ValueError as error:
            self._text(HTTPStatus.BAD_REQUEST, f"{error}\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _page(self, query: Query) -> None:
        started = time.perf_counter()
        columns = self.server.answers(query) if query.text or query.like else []
        seconds = time.perf_counter() - started if columns else None
        words = self.server.indexes[0].engine.lexical
        text = page(query, columns, corpus=self.server.corpus, papers=len(words), facets=words.facets, seconds=seconds)
        self._send(HTTPStatus.OK, text.encode(), "text/html; charset=utf-8")

    def _api(self, query: Query) -> None:
        if not (query.text or query.like):
            self._text(HTTPStatus.BAD_REQUEST, "Give a query: /api/search?q=WORDS\n")
            return
        answers = [
            {
                "index": column.title,
                "error": column.error,
                **(column.answer.to_json() if column.answer else {"mode": None, "hits": []}),
            }
            for column in self.server.answers(query)
        ]
        body = json.dumps({"query": query.text, "answers": answers}, ensure_ascii=False)
        self._send(HTTPStatus.OK, body.encode(errors="replace"), "application/json")

    def _text(self, status: HTTPStatus, text: str) -> None:
        self._send(status, text.encode(errors="replace"), "text/plain; charset=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, kind: str, headers: Mapping[str, str] = {}) -> None:
        try:
            self.send_response(status)
            took = f"answer;dur={1000 * (time.perf_counter() - self._began):.1f}"
            told = {"Content-Type": kind, "Content-Length": str(len(body)), "Server-Timing": took}
            for name, value in {**_HEADERS, **told, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except ConnectionError:  # the reader left
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Queries are not logged: they are the readers' own business."""


def parse_query(text: str) -> Query:
    """The query that an address asks for. Raises ``ValueError`` that says what is wrong with a field."""
    fields = {name: values[-1] for name, values in parse_qs(text, errors="replace", max_num_fields=50).items()}
    mode = fields.get("mode", Mode.AUTO)
    if mode not in Mode.__members__.values():
        raise ValueError(f"mode {mode[:40]!r} is none of {', '.join(Mode)}")
    filters = Filters(
        year_from=_number(fields, "from", 1, 9999),
        year_until=_number(fields, "until", 1, 9999),
        license=fields.get("license", "").strip() or None,
        source=fields.get("source", "").strip() or None,
    )
    count = _number(fields, "n", 1, MOST_RESULTS) or Query.count
    text = " ".join(fields.get("q", "").split())
    return Query(text, fields.get("like", "").strip(), Mode(mode), filters, count)


def _number(fields: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and least <= int(text[:10]) <= most):
        raise ValueError(f"{name}={text[:20]!r} is not a whole number from {least} to {most:,}")
    return int(text)

"""A real headless Chromium: what it makes of a page, and what axe-core finds that keeps people from using it.

The page is fetched through a server of ours that puts axe-core's scripts at its end; all else passes as it is, the
page's own Content-Security-Policy too. ``make test-browser`` installs axe-core.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"),
)
DARK = "--blink-settings=preferredColorScheme=0"
PHONE, DESKTOP = "--window-size=390,844", "--window-size=1280,900"
PATIENCE = 120
"""Seconds."""

_SCRIPTS = '<script src="/axe.min.js"></script><script src="/axe-run.js"></script></body>'
_RUN = """"use strict";
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => {
  const found = document.createElement("pre");
  found.id = "axe-violations";
  found.textContent = JSON.stringify(violations.map(({id, nodes}) => [id, nodes.map(({html}) => html)]));
  const {scrollWidth, clientWidth} = document.documentElement;
  if (scrollWidth > clientWidth) found.textContent = JSON.stringify([["moves sideways", [scrollWidth, clientWidth]]]);
  document.body.append(found);
});
"""


@contextmanager
def axe_in(address: str) -> Iterator[str]:
    """The address of a copy of what is served at ``address``, whose pages run axe-core. Skips loudly without it."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or not package.submodule_search_locations:
        pytest.skip("there is no axe-core: make test-browser installs it")
    axe = (Path(package.submodule_search_locations[0]) / "axe.min.js").read_bytes()
    scripts = {"/axe.min.js": axe, "/axe-run.js": _RUN.encode()}

    class Copy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {"content-type": "text/javascript"}
            body = scripts.get(self.path)
            if body is None:
                try:
                    with urlopen(address.rstrip("/") + self.path) as response:
                        headers, body = lowered(response.headers), response.read()
                except HTTPError as error:
                    headers, body = lowered(error.headers), error.read()
            if headers.get("content-type", "").startswith("text/html"):
                body = body.replace(b"</body>", _SCRIPTS.encode())
            self.send_response(200)
            for name in ("content-type", "content-security-policy"):
                if name in headers:
                    self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Copy)) as server:
        yield "http://{}:{}".format(*server.server_address[:2])


def lowered(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    """The server while it answers, on a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def visited(address: str, profile: Path, *options: str) -> tuple[str, str]:
    """The document as the browser has it, and what its console said. Skips loudly without a browser."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    command = [CHROMIUM, *QUIET, *options, f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom"]
    ran = subprocess.run([*command, address], capture_output=True, text=True, check=True, timeout=PATIENCE)
    return ran.stdout, "\n".join(line for line in ran.stderr.splitlines() if "CONSOLE" in line)


def violations(address: str, profile: Path, *options: str) -> list[Any]:
    """What a page that ``axe_in`` serves breaks of axe-core's rules, and that no page may move sideways."""
    document, console = visited(address, profile, *options)
    found = re.search(r'<pre id="axe-violations">(.*?)</pre>', document, re.DOTALL)
    assert found, f"axe-core did not end: {console}"
    parsed: list[Any] = json.loads(unescape(found[1]))
    return parsed


def broken_page() -> ThreadingHTTPServer:
    """Serves a page that nobody should write."""

    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!DOCTYPE html><html><body><img src='/icon.svg'></body></html>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Broken)

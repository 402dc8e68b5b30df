"""One call of a webhook: a POST with JSON, without redirects, proxies or credentials, and with an end."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 10.0
"""For connecting, and for each wait for an answer."""
LONGEST_SECONDS = 30.0
"""For the whole call, however slowly its server writes."""
_LATER = (408, 425, 429)
"""Answers in the 400s that say to try again."""


@dataclass(frozen=True)
class Reply:
    delivered: bool
    reason: str = ""
    """What went wrong, in words."""
    try_again: bool = False


def call_webhook(url: str, body: bytes) -> Reply:
    """Send ``body``, which is JSON, once. Raises nothing that the network or the server may cause."""
    parts = urlsplit(url)
    assert parts.hostname
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=SECONDS)
    watch = threading.Timer(LONGEST_SECONDS, _break_off, [connection])
    watch.daemon = True
    watch.start()
    try:
        path = parts.path or "/"
        headers = {"Content-Type": "application/json", "User-Agent": "covid-ctl"}
        connection.request("POST", f"{path}?{parts.query}" if parts.query else path, body, headers)
        return _reply(connection.getresponse().status)
    except ssl.SSLCertVerificationError as error:
        return Reply(False, f"its certificate does not hold: {error.verify_message}")
    except (OSError, http.client.HTTPException) as error:
        return Reply(False, str(error) or type(error).__name__, try_again=True)
    finally:
        watch.cancel()
        connection.close()


def _reply(status: int) -> Reply:
    if 200 <= status < 300:
        return Reply(True)
    if 300 <= status < 400:
        return Reply(False, f"it answered {status}, and redirects are not followed")
    return Reply(False, f"it answered {status}", try_again=status >= 500 or status in _LATER)


def _break_off(connection: http.client.HTTPConnection) -> None:
    if connection.sock:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)

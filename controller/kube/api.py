"""Requests to an API server: plain camelCase dicts out and in, retries, streams, our own errors.

Knows paths and HTTP, no kind of object. The official library signs and sends; its models stay unused: they
would turn every answer into objects of which we want a few fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.kube.api_errors import ApiError, OverloadedError, UnreachableError, api_error
from controller.kube.backoff import Retrying
from controller.kube.connection import Connection
from controller.kube.kubectl import CLUSTER_INFO
from jobs.json_text import from_json
from jobs.library_errors import in_our_words

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

PAGE = 500
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0

Query = Mapping[str, str | int]


class Api:
    """One connection, safe for several threads. Everything it sends may be repeated without harm."""

    def __init__(self, connection: Connection, *, retrying: Retrying | None = None) -> None:
        self._client = connection.client
        self.context = connection.context
        self.namespace = connection.namespace
        self._retrying = retrying or Retrying()
        self.last_date: str | None = None
        """The server's own clock at its latest answer, as its header ``Date`` has it."""

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        return self._json("GET", path, query)

    def get_with_date(self, path: str) -> tuple[dict[str, Any], str | None]:
        """The answer, and when it was given by the server's own clock, as its header ``Date`` has it."""
        answer, headers = self._exchange("GET", path, {})
        return answer, headers.get("Date")

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """A collection, as many lists of at most ``PAGE`` items as it takes. Raises ``ExpiredError`` in the midst."""
        page: dict[str, str | int] = {}
        while True:
            answer = self.get(path, **query, limit=PAGE, **page)
            yield answer
            token = answer["metadata"].get("continue")
            if not token:
                return
            page = {"continue": token}

    def date(self) -> str | None:
        """The server's own clock, as the header ``Date`` has it."""
        return self.get_with_date("/version")[1]

    def post(self, path: str, body: Mapping[str, Any], **query: str | int) -> dict[str, Any]:
        return self._json("POST", path, query, body, JSON)

    def put(self, path: str, body: Mapping[str, Any], **query: str | int) -> dict[str, Any]:
        return self._json("PUT", path, query, body, JSON)

    def patch(self, path: str, body: Mapping[str, Any], content_type: str, **query: str | int) -> dict[str, Any]:
        return self._json("PATCH", path, query, body, content_type)

    def delete(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._json("DELETE", path, {}, body, JSON)

    def _json(
        self, method: str, path: str, query: Query, body: Mapping[str, Any] | None = None, content_type: str = JSON
    ) -> dict[str, Any]:
        return self._exchange(method, path, query, body, content_type)[0]

    def _exchange(
        self, method: str, path: str, query: Query, body: Mapping[str, Any] | None = None, content_type: str = JSON
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """Send, again after 429, 5xx or a broken connection; the whole answer and its headers."""
        failures = 0
        while True:
            try:
                answer = self._send(method, path, query, body, content_type, ANSWER_SECONDS)
                self.last_date = answer.headers.get("Date")
                return _parse(_read(answer, self._thing(path)), self._thing(path)), answer.headers
            except (OverloadedError, UnreachableError) as error:
                failures += 1
                if failures >= self._retrying.attempts:
                    raise
                self._retrying.pause(failures, getattr(error, "retry_after", None))

    def stream(self, path: str, *, idle_seconds: float, **query: str | int) -> Stream:
        """Open a watch or a log, once: whoever reads it decides about trying again.

        ``idle_seconds`` is how long nothing at all may come before ``UnreachableError``.
        """
        return Stream(self._send("GET", path, query, None, JSON, idle_seconds), self._thing(path))

    def _send(
        self,
        method: str,
        path: str,
        query: Query,
        body: Mapping[str, Any] | None,
        content_type: str,
        read_seconds: float,
    ) -> Any:
        from kubernetes.client.exceptions import OpenApiException
        from kubernetes.config import ConfigException
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json, */*"} | ({"Content-Type": content_type} if body is not None else {})
        try:
            request = self._client.param_serialize(
                method,
                path,
                query_params=list(query.items()),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            answer = self._client.call_api(*request, _request_timeout=(CONNECT_SECONDS, read_seconds)).response
        except (HTTPError, OpenApiException, ConfigException, OSError) as error:
            raise self._unreachable(error) from error
        if answer.status >= 400:
            raise self._refusal(answer, path)
        return answer

    def _refusal(self, answer: Any, path: str) -> ApiError:
        text = _read(answer, self._thing(path))
        retry_after = answer.headers.get("Retry-After")
        return api_error(
            answer.status, text, thing=self._thing(path), namespace=self.namespace, retry_after=retry_after
        )

    def _unreachable(self, error: Exception) -> UnreachableError:
        host = self._client.configuration.host
        return UnreachableError(f"context {self.context}", f"{host}: {_plainly(error)}", CLUSTER_INFO)

    def _thing(self, path: str) -> str:
        """``jobs/ingest-1 in namespace ns``: what of the path a person cares about."""
        _, found, rest = path.partition(f"/namespaces/{self.namespace}/")
        return f"{rest} in namespace {self.namespace}" if found else path.rsplit("/", 1)[-1]


class Stream:
    """The lines of one long answer."""

    def __init__(self, response: Any, thing: str) -> None:
        self._response = response
        self._thing = thing

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()

    def stop(self) -> None:
        """End a waiting read, from another thread."""
        try:
            self._response.shutdown()
        except (OSError, ValueError, RuntimeError, AttributeError):
            return  # it had ended by itself

    def chunks(self) -> Iterator[bytes]:
        """What comes, as it comes, in pieces of any size. Raises ``UnreachableError``."""
        from urllib3.exceptions import HTTPError

        try:
            yield from self._response.stream(amt=None, decode_content=True)
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            # The last two: what urllib3 raises when ``stop`` comes between two of its steps.
            reason = f"the stream broke off ({_plainly(error)})"
            raise UnreachableError(self._thing, reason, CLUSTER_INFO) from error


def _read(response: Any, thing: str) -> bytes:
    from urllib3.exceptions import HTTPError

    try:
        return bytes(response.data)
    except (HTTPError, OSError) as error:
        raise UnreachableError(thing, f"the answer broke off ({_plainly(error)})", CLUSTER_INFO) from error


def _parse(text: bytes, thing: str) -> dict[str, Any]:
    try:
        return dict(from_json(text))
    except (ValueError, TypeError) as error:
        raise UnreachableError(thing, "what answered is no API server", CLUSTER_INFO) from error


def _plainly(error: Exception) -> str:
    """The reason without the library's object addresses."""
    reason = getattr(error, "reason", None)
    return in_our_words(reason if isinstance(reason, Exception) else error)

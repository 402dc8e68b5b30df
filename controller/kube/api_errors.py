"""Our own errors for what an API server refuses: one class for each case that callers handle differently."""

from __future__ import annotations

import re
from typing import Any

from controller.kube.kubectl import cluster_wide, within
from jobs.errors import CovidCtlError
from jobs.json_text import from_json

_MESSAGE_CHARACTERS = 600


class ApiError(CovidCtlError):
    """The cluster did not do what it was asked. The step itself has not failed."""

    cli_exit_code = 3


class ContextError(ApiError):
    """There is no kubeconfig, or not the context or cluster that was asked for."""


class UnreachableError(ApiError):
    """No answer: refused, timed out, broken off, or not the server whose certificate is known."""


class UnauthorizedError(ApiError):
    """401: who asks is not known, or no longer."""


class ForbiddenError(ApiError):
    """403: by permission, quota or policy."""


class NotFoundError(ApiError):
    """404: the object, its namespace or its kind."""


class ConflictError(ApiError):
    """409: somebody else made or owns it."""


class ForeignJobError(ConflictError):
    """A Job of the step's name exists that covid-ctl did not make of this spec."""


class ExpiredError(ApiError):
    """410: that resource version is forgotten; list again."""


class InvalidError(ApiError):
    """400, 413 or 422: the object itself is wrong, and would be the next time."""


class OverloadedError(ApiError):
    """429 or 5xx: later it may work. ``retry_after`` is the server's wish in seconds, if it had one."""

    retry_after: float | None = None


class StillThereError(ApiError):
    """A deletion was accepted and has not finished in the time given."""

    cli_exit_code = 4


_CLASSES: dict[int, type[ApiError]] = {
    400: InvalidError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: ExpiredError,
    413: InvalidError,
    422: InvalidError,
}
_CANNOT = re.compile(r'cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)"(?: in API group "(?P<group>[^"]*)")?')
_MISSING_NAMESPACE = re.compile(r'namespaces "(?P<name>[^"]+)" not found')


def api_error(status: int, body: bytes, *, thing: str, namespace: str = "", retry_after: str | None = None) -> ApiError:
    """The error of an HTTP answer. ``body`` is a ``v1/Status`` where it comes from the API server itself."""
    answer = _status_object(body)
    message = _shortened(str(answer.get("message") or body.decode(errors="replace").strip() or "no reason given"))
    # Server-side apply calls an unknown field the server's own error (as of 1.36).
    if status == 500 and "failed to create typed patch object" in message:
        return InvalidError(thing, f"{message} (HTTP {status})", _remedy(422, message, namespace))
    if status == 429 or status >= 500:
        error = OverloadedError(thing, f"{message} (HTTP {status})", "give the same command again in a while")
        error.retry_after = _seconds(retry_after) or _seconds((answer.get("details") or {}).get("retryAfterSeconds"))
        return error
    found = _CLASSES.get(status, ApiError)
    return found(thing, f"{_with_causes(message, answer)} (HTTP {status})", _remedy(status, message, namespace))


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        found = from_json(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _with_causes(message: str, answer: dict[str, Any]) -> str:
    """The fields that are wrong, unless the message names them already."""
    causes = (answer.get("details") or {}).get("causes") or ()
    unnamed = [cause for cause in causes if cause.get("field") and cause["field"] not in message]
    return "; ".join([message, *(_shortened(f"{cause['field']}: {cause.get('message', '')}") for cause in unnamed)])


def _shortened(text: str) -> str:
    """For a template that may not change the server repeats every byte; what is wrong stands at either end."""
    return text if len(text) <= _MESSAGE_CHARACTERS else f"{text[: _MESSAGE_CHARACTERS - 100]} ... {text[-100:]}"


def _remedy(status: int, message: str, namespace: str) -> str:
    if missing := _MISSING_NAMESPACE.search(message):
        return cluster_wide(f"create namespace {missing['name']}")
    if denied := _CANNOT.search(message):
        kind = f"{denied['resource']}.{denied['group']}" if denied["group"] else denied["resource"]
        ask = within(namespace, f"auth can-i {denied['verb']} {kind}")
        return (
            "have a Role bound to you that allows it, as k8s/base has them (covid-ctl-submitter); "
            f"`{ask}` says whether it does"
        )
    if "being terminated" in message:
        return f"wait until it is gone ({cluster_wide(f'get namespace {namespace}')}), or use another namespace"
    if "quota: " in message:
        return f"raise the quota or wait for other work: {within(namespace, 'describe resourcequota')}"
    match status:
        case 401:
            whoami = cluster_wide("auth whoami")
            return f"sign in again (`gcloud auth login`, or a fresh kubeconfig), then check with `{whoami}`"
        case 403:
            return f"see which policy refuses it: {cluster_wide(f'describe namespace {namespace}')}".rstrip()
        case 400 | 413 | 422:
            return "compare the fields named with `covid-ctl render`"
        case 404:
            return f"see what is there: {within(namespace, 'get jobs,pods')}"
        case 409 | 410:
            return "give the same command again"
        case _:
            return "covid-ctl doctor"


def _seconds(value: object) -> float | None:
    """``Retry-After`` in seconds. Its other form, a date, API servers do not use."""
    try:
        return float(str(value))
    except ValueError:
        return None

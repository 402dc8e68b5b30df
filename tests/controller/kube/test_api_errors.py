"""Whatever an API server refuses becomes an error of ours with thing, reason and next command."""

import json
from typing import Any

import pytest

from controller.kube.api_errors import (
    ApiError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    OverloadedError,
    UnauthorizedError,
    api_error,
)


def answer(status: int, message: str, causes: list[dict[str, str]] | None = None, **header: str) -> ApiError:
    details: dict[str, Any] = {"causes": causes} if causes else {}
    body = json.dumps({"kind": "Status", "message": message, "code": status, "details": details}).encode()
    return api_error(status, body, thing="jobs/x", namespace="ns", **header)


CANNOT = 'jobs.batch is forbidden: User "u" cannot create resource "jobs" in API group "batch" in the namespace "ns"'
QUOTA = 'pods "x" is forbidden: exceeded quota: cpu, requested: cpu=1, used: cpu=8, limited: cpu=8'


@pytest.mark.parametrize(
    ("status", "message", "kind", "remedy"),
    [
        (400, "strict decoding error: unknown field", InvalidError, "covid-ctl render"),
        (401, "Unauthorized", UnauthorizedError, "sign in again"),
        (403, CANNOT, ForbiddenError, "kubectl --namespace ns auth can-i create jobs.batch"),
        (403, QUOTA, ForbiddenError, "kubectl --namespace ns describe resourcequota"),
        (403, "unable to create new content in namespace ns because it is being terminated", ForbiddenError, "wait"),
        (403, "violates PodSecurity restricted", ForbiddenError, "kubectl describe namespace ns"),
        (404, 'namespaces "ns" not found', NotFoundError, "kubectl create namespace ns"),
        (404, 'jobs.batch "x" not found', NotFoundError, "kubectl --namespace ns get jobs,pods"),
        (409, "the object has been modified", ConflictError, "again"),
        (410, "too old resource version", ExpiredError, "again"),
        (413, "Request entity too large", InvalidError, "covid-ctl render"),
        (422, "spec.template: field is immutable", InvalidError, "covid-ctl render"),
        (429, "too many requests", OverloadedError, "again"),
        (500, "etcdserver: request timed out", OverloadedError, "again"),
        (503, "the server is shutting down", OverloadedError, "again"),
        # What server-side apply calls an error of the server is the client's.
        (
            500,
            "failed to create typed patch object (x): .spec.foo: field not declared",
            InvalidError,
            "covid-ctl render",
        ),
        (418, "teapot", ApiError, "covid-ctl doctor"),
    ],
)
def test_a_status_becomes(status: int, message: str, kind: type[ApiError], remedy: str) -> None:
    error = answer(status, message)
    assert type(error) is kind
    assert (error.thing, error.cli_exit_code) == ("jobs/x", 3)
    assert message in error.reason
    assert f"HTTP {status}" in error.reason
    assert remedy in error.remedy


def test_causes_name_the_fields_that_the_message_does_not() -> None:
    causes = [{"field": "spec.a", "message": "Required value"}, {"field": "spec.b", "message": "Invalid value"}]
    assert "spec.b: Invalid value" in answer(422, "spec.a: Required value", causes).reason
    assert answer(422, "spec.a: Required value", causes).reason.count("spec.a") == 1


def test_a_message_that_repeats_a_whole_template_is_cut_in_its_middle() -> None:
    reason = answer(422, "spec.template: Invalid value: " + "x" * 50_000 + ": field is immutable").reason
    assert len(reason) < 700
    assert reason.startswith("spec.template")
    assert "field is immutable" in reason


@pytest.mark.parametrize("header", ["7", "7.0"])
def test_the_servers_wish_when_to_come_back_is_kept(header: str) -> None:
    error = answer(429, "slow down", retry_after=header)
    assert isinstance(error, OverloadedError)
    assert error.retry_after == 7.0


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]", b'"text"', b"\xff\xfe"])
def test_an_answer_from_something_else_than_an_api_server(body: bytes) -> None:
    error = api_error(502, body, thing="jobs/x")
    assert isinstance(error, OverloadedError)
    assert error.reason

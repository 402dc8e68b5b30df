"""Whether this machine's clock is the one that the others have."""

import pytest

from controller.doctor.check import CheckState
from controller.doctor.clock import clock, google_storage, http_date
from tests.gcs_server import GcsServer


@pytest.mark.parametrize(
    ("ahead", "state", "reason", "remedy"),
    [
        ({"A": 59.0}, CheckState.OK, "it agrees with that of A", ""),
        ({"A": -1.0, "B": 1.0}, CheckState.OK, "it agrees with that of A and B", ""),
        ({"A": 400.0}, CheckState.FAILED, "this machine's is 6 min behind that of A", "set-ntp"),
        ({"A": -90.0, "B": -91.0}, CheckState.FAILED, "90 s ahead of that of A and 91 s ahead of that of B", "set-ntp"),
        (
            {"A": 0.0, "B": 7200.0},
            CheckState.FAILED,
            "2 h behind that of B",
            "have the clock of B set: this machine agrees",
        ),
        ({"A": None}, CheckState.SKIPPED, "no server tells its time", ""),
    ],
)
def test_whoever_differs_is_named(ahead: dict[str, float | None], state: CheckState, reason: str, remedy: str) -> None:
    servers = {name: lambda by=by: None if by is None else 1000.0 + by for name, by in ahead.items()}
    check = clock(servers, now=lambda: 1000.0)
    assert check.state is state
    assert reason in check.reason
    assert remedy in check.remedy


def test_an_answer_that_took_a_while_is_no_skew() -> None:
    times = iter([0.0, 100.0])
    assert clock({"A": lambda: 50.0}, now=lambda: next(times)).state is CheckState.OK


def test_what_answers_without_http_tells_no_time(no_http: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", no_http)
    assert clock({"Cloud Storage": google_storage}).state is CheckState.SKIPPED


def test_headers_are_read_and_their_absence_is_no_accident(gcs: GcsServer) -> None:
    assert http_date("Thu, 01 Jan 1970 00:01:00 GMT") == 60.0
    assert (http_date(None), http_date("yesterday")) == (None, None)
    assert clock({"Cloud Storage": google_storage}).state is CheckState.OK
    assert gcs.sent == 0

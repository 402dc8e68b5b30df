"""The doctor asks a bucket for what commits rest on, and takes its probes away again."""

from pathlib import Path

import pytest

from controller.doctor.bucket import bucket
from controller.doctor.check import CheckState
from jobs.errors import StoreError
from tests.gcs_server import Fault, GcsServer

LOCATION = "gs://tests/run"


def test_a_bucket_that_honours_preconditions_is_ok_and_left_as_it_was(gcs: GcsServer) -> None:
    gcs.put("tests", "run/here", b"", None)
    assert bucket(LOCATION).state is CheckState.OK
    assert list(gcs.buckets["tests"]) == ["run/here"]


def test_a_directory_is_left_as_it_was(tmp_path: Path) -> None:
    assert bucket(str(tmp_path)).state is CheckState.OK
    assert list(tmp_path.iterdir()) == []
    assert bucket(str(tmp_path / "new" / "one")).state is CheckState.OK
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check = bucket(str(tmp_path / "file" / "bucket"))
    assert (check.state, check.remedy) == (CheckState.FAILED, "choose a directory that you may write to")


def test_a_store_that_ignores_preconditions_fails(gcs: GcsServer) -> None:
    gcs.preconditions = False
    check = bucket(LOCATION)
    assert check.state is CheckState.FAILED
    assert "created twice" in check.reason
    assert gcs.buckets["tests"] == {}


@pytest.mark.parametrize(
    ("location", "status", "said"),
    [
        (LOCATION, 403, "permission denied"),
        (LOCATION, 401, "no Google credentials"),
        ("gs://misspelt/run", 0, "no such bucket"),
    ],
)
def test_a_bucket_that_cannot_be_used_says_why(gcs: GcsServer, location: str, status: int, said: str) -> None:
    if status:
        gcs.fail(Fault(status))
    with pytest.raises(StoreError, match=said):
        bucket(location)


def test_a_reader_without_the_right_to_write_fails_and_leaves_nothing(gcs: GcsServer) -> None:
    gcs.fail(Fault(403, method="PUT"))
    with pytest.raises(StoreError, match="permission denied"):
        bucket(LOCATION)
    assert gcs.buckets["tests"] == {}

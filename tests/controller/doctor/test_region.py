"""Whether bucket and work lie in one region."""

import pytest

from controller.doctor.check import CheckState
from controller.doctor.region import region
from controller.profiles.profile import Images, Profile
from tests.gcs_server import Fault, GcsServer

PROFILE = Profile(
    name="gke",
    bucket="gs://tests/run",
    zone="us-central1-a",
    images=Images(worker="w", trainer="t", exporter="e"),
)


@pytest.mark.parametrize(
    ("location", "zone", "state"),
    [
        ("US-CENTRAL1", "us-central1-a", CheckState.OK),
        ("US", "us-central1-a", CheckState.OK),
        ("EU", "europe-west4-a", CheckState.OK),
        ("EU", "us-central1-a", CheckState.FAILED),
        ("EUROPE-WEST4", "us-central1-a", CheckState.FAILED),
        ("US-CENTRAL1", "", CheckState.SKIPPED),
    ],
)
def test_bucket_and_zone_are_compared(gcs: GcsServer, location: str, zone: str, state: CheckState) -> None:
    gcs.location = location
    assert region(PROFILE.model_copy(update={"zone": zone})).state is state


@pytest.mark.parametrize(("bucket", "status"), [("gs://misspelt/run", 0), ("gs://tests/run", 403)])
def test_a_bucket_that_does_not_tell_is_skipped_with_how_to_look(gcs: GcsServer, bucket: str, status: int) -> None:
    if status:
        gcs.fail(Fault(status))
    check = region(PROFILE.model_copy(update={"bucket": bucket}))
    assert check.state is CheckState.SKIPPED
    assert "gcloud storage buckets describe" in check.remedy

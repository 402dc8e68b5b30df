"""Whether the slice is offered in the zone, by the Cloud TPU API."""

import grpc
import pytest

from controller.doctor.check import CheckState
from controller.doctor.tpu_offer import tpu_offered
from controller.profiles.pool import Pool
from controller.profiles.profile import Images, Profile
from controller.profiles.tpu_slices import SLICES
from tests.controller.tpu_api import TpuApi, serve_tpu_api

PROFILE = Profile(
    name="gke",
    bucket="gs://papers",
    project="papers",
    zone="us-central1-a",
    images=Images(worker="w", trainer="t", exporter="e"),
    trainer=Pool(cpu="90", memory="300Gi", tpu="v3-8"),
)
OFFERED = "projects/papers/locations/us-central1-a/acceleratorTypes/v3-8"


def test_a_slice_that_is_offered_is_ok() -> None:
    api = TpuApi({OFFERED})
    with serve_tpu_api(api) as transport:
        assert tpu_offered(PROFILE, transport).state is CheckState.OK
    assert api.asked == [OFFERED]


@pytest.mark.parametrize("name", SLICES)
def test_every_slice_is_asked_for_by_the_api_s_own_name(name: str) -> None:
    offered = f"projects/papers/locations/us-central1-a/acceleratorTypes/{name}"
    profile = PROFILE.model_copy(update={"trainer": Pool(cpu="90", memory="300Gi", tpu=name)})
    with serve_tpu_api(TpuApi({offered})) as transport:
        assert tpu_offered(profile, transport).state is CheckState.OK


def test_a_zone_without_it_fails_with_how_to_find_another() -> None:
    with serve_tpu_api(TpuApi({OFFERED})) as transport:
        check = tpu_offered(PROFILE.model_copy(update={"zone": "us-west1-a"}), transport)
    assert check.state is CheckState.FAILED
    assert check.reason == "v3-8 is not offered in us-west1-a"
    assert "gcloud compute tpus accelerator-types list" in check.remedy


@pytest.mark.parametrize(
    ("code", "said", "remedy"),
    [
        (
            grpc.StatusCode.PERMISSION_DENIED,
            "has not been used in project",
            "gcloud services enable tpu.googleapis.com",
        ),
        (grpc.StatusCode.UNAUTHENTICATED, "not signed in", "gcloud auth application-default login"),
        (grpc.StatusCode.UNAVAILABLE, "does not answer", "try again later"),
    ],
)
def test_what_the_api_does_not_tell_is_skipped_with_its_remedy(code: grpc.StatusCode, said: str, remedy: str) -> None:
    with serve_tpu_api(TpuApi({OFFERED}, refuse=code)) as transport:
        check = tpu_offered(PROFILE, transport)
    assert check.state is CheckState.SKIPPED
    assert said in check.reason
    assert remedy in check.remedy


@pytest.mark.parametrize("change", [{"zone": ""}, {"project": ""}, {"trainer": Pool(cpu="4", memory="16Gi")}])
def test_without_a_tpu_or_a_place_nothing_is_asked(change: dict[str, object]) -> None:
    assert tpu_offered(PROFILE.model_copy(update=change)).state is CheckState.SKIPPED

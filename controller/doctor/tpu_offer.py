"""Is the TPU slice offered where the profile says it is? Asks the Cloud TPU API, which is imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.doctor.check import Check, failed, ok, skipped
from controller.profiles.profile import Profile
from jobs.library_errors import in_our_words

if TYPE_CHECKING:
    from google.cloud.tpu_v2.services.tpu.transports import TpuTransport

_SECONDS = 20.0
"""Time-out for an answer."""


def tpu_offered(profile: Profile, transport: TpuTransport | None = None) -> Check:
    """Only a zone without it fails: who may not ask that API may submit all the same.

    ``transport`` takes the place of the library's own, which signs in with application default credentials."""
    name, wanted = "TPU", profile.trainer.tpu
    if not wanted:
        return skipped(name, f"profile {profile.name} trains without one")
    if not (profile.project and profile.zone):
        remedy = "set project and zone in the profile"
        return skipped(name, f"profile {profile.name} does not say in which project and zone", remedy)
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.tpu_v2 import TpuClient

    place = f"projects/{profile.project}/locations/{profile.zone}"
    look = f"gcloud compute tpus accelerator-types list --project {profile.project} --zone {profile.zone}"
    try:
        client = TpuClient(transport=transport)
        client.get_accelerator_type(name=f"{place}/acceleratorTypes/{wanted}", retry=None, timeout=_SECONDS)
    except exceptions.NotFound:
        return failed(name, f"{wanted} is not offered in {profile.zone}", f"choose another zone: {look}")
    except exceptions.Forbidden as error:
        remedy = f"gcloud services enable tpu.googleapis.com --project {profile.project}, and roles/tpu.viewer for you"
        return skipped(name, f"the Cloud TPU API refuses: {error.message}", remedy)
    except (exceptions.Unauthenticated, GoogleAuthError) as error:
        return skipped(name, f"not signed in ({in_our_words(error)})", "gcloud auth application-default login")
    except exceptions.GoogleAPIError as error:
        reason = f"the Cloud TPU API does not answer: {in_our_words(error)}"
        return skipped(name, reason, f"try again later, or look: {look}")
    return ok(name, f"{wanted} is offered in {profile.zone}; whether one is free shows when it is asked for")

"""Does the bucket lie where the work is? Between regions every byte costs money and time."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException

from controller.doctor.check import Check, failed, ok, skipped
from controller.doctor.google import token
from controller.profiles.profile import Profile
from jobs.json_text import from_json
from jobs.library_errors import in_our_words
from jobs.prices import region_of
from jobs.store_connection import emulator_url

_NAME = "region"
_API = "https://storage.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
_SECONDS = 20.0
MULTI_REGIONS = {"US": ("us-",), "EU": ("europe-",), "ASIA": ("asia-",)}
"""Prefixes of the regions' names: https://cloud.google.com/storage/docs/locations"""


def region(profile: Profile) -> Check:
    """Asks Cloud Storage's JSON API, the only one that tells."""
    if not profile.bucket.startswith("gs://"):
        return skipped(_NAME, "the bucket is not Google's")
    if not profile.zone:
        return skipped(_NAME, f"profile {profile.name} names no zone", "set zone in the profile")
    bucket = profile.bucket.split("/")[2]
    look = f"gcloud storage buckets describe gs://{bucket} --format='value(location)'"
    try:
        location = _location(bucket)
    except (OSError, ValueError, KeyError, HTTPException) as error:
        return skipped(_NAME, f"the bucket does not tell where it lies ({in_our_words(error)})", look)
    place = region_of(profile.zone)
    if location.lower() == place or place.startswith(MULTI_REGIONS.get(location, ("-",))):
        return ok(_NAME, f"the bucket lies in {location}, the work in {place}")
    remedy = f"gcloud storage buckets create gs://NAME --location {place}, and name it in the profile"
    return failed(_NAME, f"the bucket lies in {location}, the work in {place}", remedy)


def _location(bucket: str) -> str:
    """``US-CENTRAL1``, or ``US`` of a multi-region. Raises ``OSError`` or ``ValueError``."""
    emulator = emulator_url()
    headers = {} if emulator else {"Authorization": f"Bearer {token(_SCOPE)}"}
    request = urllib.request.Request(f"{emulator or _API}/storage/v1/b/{bucket}?fields=location", headers=headers)
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        return str(from_json(answer.read())["location"])

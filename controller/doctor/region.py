"""Does the bucket lie where the work is? Between regions every byte costs money and time."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPException

from controller.doctor.check import Check, failed, ok, skipped
from controller.doctor.google import token
from controller.profiles.profile import Profile
from jobs.prices import region_of
from jobs.store import emulator_url

NAME = "region"
API = "https://storage.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
SECONDS = 20.0
MULTI_REGIONS = {"US": ("us-",), "EU": ("europe-",), "ASIA": ("asia-",)}
"""By the beginnings of their regions' names: https://cloud.google.com/storage/docs/locations"""


def region(profile: Profile) -> Check:
    """Asks Cloud Storage's JSON API, the only one that tells."""
    if not profile.bucket.startswith("gs://"):
        return skipped(NAME, "the bucket is not Google's")
    if not profile.zone:
        return skipped(NAME, f"profile {profile.name} names no zone", "set zone in the profile")
    bucket = profile.bucket.split("/")[2]
    look = f"gcloud storage buckets describe gs://{bucket} --format='value(location)'"
    try:
        location = _location(bucket)
    except (OSError, ValueError, KeyError, HTTPException) as error:
        return skipped(NAME, f"the bucket does not tell where it lies ({error})", look)
    place = region_of(profile.zone)
    if location.lower() == place or place.startswith(MULTI_REGIONS.get(location, ("-",))):
        return ok(NAME, f"the bucket lies in {location}, the work in {place}")
    remedy = f"gcloud storage buckets create gs://NAME --location {place}, and name it in the profile"
    return failed(NAME, f"the bucket lies in {location}, the work in {place}", remedy)


def _location(bucket: str) -> str:
    """``US-CENTRAL1``, or ``US`` of a multi-region. Raises ``OSError`` or ``ValueError``."""
    emulator = emulator_url()
    headers = {} if emulator else {"Authorization": f"Bearer {token(SCOPE)}"}
    request = urllib.request.Request(f"{emulator or API}/storage/v1/b/{bucket}?fields=location", headers=headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return str(json.load(answer)["location"])

"""What an answer about a cluster has to look like: looked at when it is given. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from controller.profiles.profile import LOCAL, NAME_PATTERN, has_digest, why_no_zone
from controller.profiles.tpu_slices import SLICES, why_refused

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_BUCKET = r"gs://[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9](/\S*)?"
_ZONE = r"[a-z]+-[a-z]+\d+-[a-z]"
_PROJECT = r"([a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]"


def why_wrong(field: str, answer: str) -> str:
    """Why an answer of ``init`` does not do; empty: it does. An empty answer does where the field may be left out."""
    if not answer:
        return "it is needed" if field in _NEEDED else ""
    check = _CHECKS.get(field)
    return check(answer) if check else ""


_NEEDED = ("name", "namespace", "bucket", "worker_image", "trainer_image", "exporter_image")


def _name(answer: str) -> str:
    if answer == LOCAL:
        return f"{LOCAL} is built in"
    return _unlike(NAME_PATTERN, answer, "lower-case letters, digits and hyphens, and a letter first")


def _namespace(answer: str) -> str:
    return _unlike(_LABEL, answer, "lower-case letters, digits and hyphens, as Kubernetes has it")


def _bucket(answer: str) -> str:
    scheme = answer.partition("://")[0] if "://" in answer else ""
    if scheme not in ("", "gs"):
        return f"buckets of {scheme}:// are not supported: gs://BUCKET/PREFIX"
    if not scheme:
        return "a directory, which pods do not see: gs://BUCKET/PREFIX (for a claim that holds one, see bucket_volume)"
    return _unlike(_BUCKET, answer, "gs://BUCKET/PREFIX, the bucket in lower case")


def _image(answer: str) -> str:
    return "" if has_digest(answer) else "it has no digest: IMAGE@sha256:..., as `docker push` prints"


def _tpu(answer: str) -> str:
    return "" if answer in SLICES else why_refused(answer)


def _zone(answer: str) -> str:
    return why_no_zone(answer) or _unlike(_ZONE, answer, "a zone as us-central1-a")


def _project(answer: str) -> str:
    if answer.isdecimal():
        return "the number of a project; its ID is wanted, as my-project"
    return _unlike(_PROJECT, answer, "a project's ID, as my-project: 6 to 30 lower-case letters, digits and hyphens")


def _unlike(pattern: str, answer: str, wanted: str) -> str:
    return "" if re.fullmatch(pattern, answer) else f"not of the form: {wanted}"


_CHECKS: dict[str, Callable[[str], str]] = {
    "name": _name,
    "namespace": _namespace,
    "bucket": _bucket,
    "worker_image": _image,
    "trainer_image": _image,
    "exporter_image": _image,
    "controller_image": _image,
    "tpu": _tpu,
    "zone": _zone,
    "project": _project,
}

"""What a profile may say of Jobs and pods in Kubernetes' own words: names, labels, annotations, tolerations, variables.
Checked here, so that the API server does not refuse a Job that was already submitted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from controller.labels import (
    ANNOTATION_EVICTION,
    ANNOTATION_GATE,
    ANNOTATION_LONGEST_RUN,
    LABEL_MANAGED_BY,
    LABEL_NAME,
    LABEL_QUEUE,
    MANAGER,
)
from jobs.validation import Section

_OURS = frozenset(
    {LABEL_NAME, LABEL_MANAGED_BY, LABEL_QUEUE, ANNOTATION_GATE, ANNOTATION_EVICTION, ANNOTATION_LONGEST_RUN}
)
_OURS_OF_THE_POD = frozenset({"TMPDIR", "HOME", "PYTHONSAFEPATH"})
_OF_JOBS = frozenset({"job-name", "controller-uid"})
"""What the Job controller itself labels pods with, as with all that begins with ``batch.kubernetes.io/``."""
_MOST_ANNOTATION_BYTES = 200_000
"""Kubernetes takes 256 KiB in all; our own need some."""
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_IMAGE_PART = re.compile(r"[a-z0-9]+(?:[-._]+[a-z0-9]+)*")
_HOST = re.compile(r"[A-Za-z0-9](?:[-.A-Za-z0-9]*[A-Za-z0-9])?(?::[0-9]+)?")
_TAG = re.compile(r"\w[-.\w]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VARIABLE = re.compile(r"[-._A-Za-z][-._A-Za-z0-9]*")
_LONGEST_SUBDOMAIN = 253
_LONGEST_LABEL = 63
_NAME_WORDS = "at most 63 letters, digits, '-', '_' and '.', a letter or digit first and last"
_OBJECT_WORDS = "lower-case letters, digits, '-' and '.', a letter or digit first and last"
_VARIABLE_WORDS = "letters, digits, '_', '-' and '.', no digit first"


def _is_subdomain(text: str) -> bool:
    return len(text) <= _LONGEST_SUBDOMAIN and all(map(_DNS_LABEL.fullmatch, text.split(".")))


def _key(text: str) -> str:
    domain, slash, name = text.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and not _is_subdomain(domain)):
        raise ValueError(f"{_shown(text)} is not a valid key: NAME or DOMAIN/NAME, where NAME has {_NAME_WORDS}")
    return text


def _label_value(text: str) -> str:
    if text and not _NAME.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a valid label value: {_NAME_WORDS}")
    return text


def _object_name(text: str) -> str:
    if not _is_subdomain(text):
        raise ValueError(f"{_shown(text)} is not a valid object name: {_OBJECT_WORDS}")
    return text


def _object_name_or_none(text: str) -> str:
    return _object_name(text) if text else text


def _queue_name(text: str) -> str:
    if len(text) > _LONGEST_LABEL:
        raise ValueError(f"{_shown(text)} has more than {_LONGEST_LABEL} characters, and a label names the queue")
    return _object_name_or_none(text)


def _image_name(text: str) -> str:
    path, _, digest = text.partition("@")
    *host, name = path.rsplit("/", 1)
    name, colon, tag = name.partition(":")
    first, *rest = "/".join([*host, name]).split("/")
    # What looks like a host's name may have capitals and a port.
    is_host = bool(rest) and (first == "localhost" or any(c in first for c in ".:"))
    parts = rest if is_host else [first, *rest]
    if not all(map(_IMAGE_PART.fullmatch, parts)) or (is_host and not _HOST.fullmatch(first)):
        raise ValueError(f"{_shown(text)} is not a valid image name: REGISTRY/PATH@sha256:..., the path in lower case")
    if (colon and not _TAG.fullmatch(tag)) or ("@" in text and not _DIGEST.fullmatch(digest)):
        raise ValueError(f"{_shown(text)} is not a valid image name: what ends it is neither a tag nor a whole digest")
    return text


def _image_name_or_none(text: str) -> str:
    return _image_name(text) if text else text


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_LABEL else f"{text[:_LONGEST_LABEL]}...")


Key = Annotated[str, AfterValidator(_key)]
"""The key of a label, an annotation or a taint: a name, with or without a domain before it."""
LabelValue = Annotated[str, AfterValidator(_label_value)]
NodeLabels = dict[Key, LabelValue]
ObjectName = Annotated[str, AfterValidator(_object_name)]
ObjectNameOrNone = Annotated[str, AfterValidator(_object_name_or_none)]
ImageName = Annotated[str, AfterValidator(_image_name)]
ImageNameOrNone = Annotated[str, AfterValidator(_image_name_or_none)]
QueueName = Annotated[str, AfterValidator(_queue_name)]


def _not_ours(found: dict[str, str]) -> dict[str, str]:
    for key in found:
        if key in _OURS or key.startswith(f"{MANAGER}/"):
            raise ValueError(f"{key} is set by covid-ctl itself")
        if key in _OF_JOBS or key.startswith("batch.kubernetes.io/"):
            raise ValueError(f"{key} is set by Kubernetes itself")
    return found


def _not_too_large(found: dict[str, str]) -> dict[str, str]:
    size = sum(len(text.encode()) for pair in found.items() for text in pair)
    if size > _MOST_ANNOTATION_BYTES:
        raise ValueError(f"they have {size:,} bytes; Kubernetes takes {_MOST_ANNOTATION_BYTES:,} beside our own")
    return found


def _are_variables(found: dict[str, str]) -> dict[str, str]:
    for name, value in found.items():
        if not _VARIABLE.fullmatch(name):
            raise ValueError(
                f"{_shown(name)} is not a valid variable name: letters, digits, '_', '-' and '.', and no digit first"
            )
        if name in _OURS_OF_THE_POD:
            raise ValueError(f"{name} is set by covid-ctl itself")
        if "\0" in value:
            raise ValueError(f"the value of {name} has a NUL character")
    return found


Labels = Annotated[dict[Key, LabelValue], AfterValidator(_not_ours)]
Annotations = Annotated[dict[Key, str], AfterValidator(_not_ours), AfterValidator(_not_too_large)]
Variables = Annotated[dict[str, str], AfterValidator(_are_variables)]


class Toleration(Section):
    """A taint that pods tolerate, in Kubernetes' fields."""

    key: Key | None = None
    """Without a key, and with ``Exists``, every taint is tolerated."""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    """Empty: every effect."""
    seconds: int | None = Field(default=None, ge=0, lt=2**31)
    """How long a ``NoExecute`` taint is tolerated."""

    @model_validator(mode="after")
    def _is_accepted(self) -> Toleration:
        if self.operator == "Exists" and self.value:
            raise ValueError("operator Exists takes no value")
        if self.operator == "Equal" and self.key is None:
            raise ValueError("operator Equal needs a key")
        if self.seconds is not None and self.effect != "NoExecute":
            raise ValueError("seconds are for effect NoExecute alone")
        return self

    def to_json(self) -> dict[str, Any]:
        """As a pod's spec has it."""
        found = {"key": self.key, "operator": self.operator, "value": self.value, "effect": self.effect}
        return {
            **{name: value for name, value in found.items() if value},
            **({} if self.seconds is None else {"tolerationSeconds": self.seconds}),
        }


def why_contradicted(asked: Mapping[str, str], selected: Mapping[str, str]) -> str:
    """Why no node has all labels that a profile asks for and an accelerator selects; empty: one may have them."""
    for key, value in selected.items():
        if asked.get(key, value) != value:
            return f"node_selector asks for {key}={asked[key]}, but the accelerator or spot for {key}={value}"
    return ""

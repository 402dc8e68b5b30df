"""Where things run: ``local``, built in, or the profiles of ``covid-ctl.toml``."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from controller.profiles.placement import (
    Annotations,
    ImageName,
    ImageNameOrNone,
    Labels,
    ObjectName,
    ObjectNameOrNone,
    QueueName,
    Variables,
)
from controller.profiles.pool import Pool, Role
from controller.profiles.variables import given, put
from controller.profiles.webhook import WebhookHost
from jobs.errors import ConfigurationError
from jobs.library_errors import in_our_words
from jobs.nearest import nearest
from jobs.spec import MOST_SHARDS
from jobs.validation import Section, validated

CONFIG_FILE = "covid-ctl.toml"
LOCAL = "local"
DEFAULT_BUCKET = "bucket"

_BY_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_ON_THE_NETWORK = "gs://"
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")
NAME_PATTERN = r"^[a-z][-a-z0-9]{0,30}$"
_DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


class Images(Section):
    """A container image for each part, by digest: a tag may be another image tomorrow."""

    worker: ImageName
    """Image of the data steps, without tensorflow."""
    trainer: ImageName
    """Image of pretraining, with the tensorflow of its device."""
    exporter: ImageName
    """Image that reads and exports models, with tensorflow for CPUs."""
    controller: ImageNameOrNone = ""
    """Image of the tracker's Deployment."""
    tags_allowed: bool = False
    """Allows tags, for a private cluster such as kind, where images have no digest before they are pushed."""


class Profile(Section):
    """One place where steps run."""

    name: str = Field(pattern=NAME_PATTERN, examples=["gke-1"])
    """The profile's name, for ``--profile``."""
    bucket: str
    """``gs://BUCKET/PREFIX``, or a directory's absolute path."""
    images: Images
    workers: Pool = Pool(cpu="1", memory="2Gi")
    trainer: Pool = Pool(cpu="4", memory="16Gi")
    exporter: Pool = Pool(cpu="4", memory="16Gi")
    parallelism: int = Field(32, ge=1, le=MOST_SHARDS)
    """Shards that run at the same time, at most."""
    context: str = ""
    """Context in the kubeconfig; empty means its current one."""
    namespace: str = Field("covid-ctl", pattern=_DNS_LABEL, examples=["covid-ctl"])
    """Namespace of the Jobs."""
    service_account: ObjectNameOrNone = "covid-ctl-worker"
    """Service account of the pods. On GKE it may read and write the bucket."""
    queue: QueueName = ""
    """A Kueue LocalQueue: then Kueue decides when a released Job starts."""
    priority_class: ObjectNameOrNone = ""
    """The PriorityClass of the pods."""
    image_pull_secrets: tuple[ObjectName, ...] = ()
    """Secrets of the namespace with which nodes pull images from a private registry."""
    labels: Labels = Field(default_factory=dict)
    """Labels for every Job and pod beside covid-ctl's own."""
    annotations: Annotations = Field(default_factory=dict)
    """Annotations for every Job and pod beside covid-ctl's own."""
    notify_hosts: tuple[WebhookHost, ...] = ()
    """The hosts that the tracker may call for ``submit --notify``, as ``hooks.example.org`` or with a port."""
    zone: str = ""
    """Where the TPU is, for prices and for ``covid-ctl doctor``."""
    project: str = ""
    """The Google Cloud project, for ``covid-ctl doctor``."""
    env: Variables = Field(default_factory=dict)
    """Variables for every pod, such as a proxy's."""
    bucket_volume: ObjectNameOrNone = ""
    """A PersistentVolumeClaim that holds a bucket that is a directory; pods find it at that very path."""

    @field_validator("bucket")
    @classmethod
    def _named(cls, bucket: str) -> str:
        if not bucket:
            raise ValueError("its name is empty: name a directory or gs://BUCKET/PREFIX")
        return bucket

    @field_validator("zone")
    @classmethod
    def _zone_of_a_region(cls, zone: str) -> str:
        if reason := why_no_zone(zone):
            raise ValueError(reason)
        return zone

    @model_validator(mode="after")
    def _kueue_starts_flexibly(self) -> Profile:
        for role in Role:
            if self.pool(role).flex_start and not self.queue:
                raise ValueError(f"{role.pool}.flex_start needs a Kueue queue, which asks for the nodes: set queue")
        return self

    def pool(self, role: Role) -> Pool:
        return {Role.WORKER: self.workers, Role.TRAINER: self.trainer, Role.EXPORTER: self.exporter}[role]

    @property
    def is_local(self) -> bool:
        return self.name == LOCAL


def why_no_zone(zone: str) -> str:
    """Prices and offers are looked up by zone."""
    return f"{zone} is a region; a zone of it is {zone}-a" if _REGION.fullmatch(zone) else ""


def has_digest(image: str) -> bool:
    return bool(_BY_DIGEST.fullmatch(image))


def load_profile(
    name: str | None, *, environment: Mapping[str, str], config: Path | None = None, **flags: Any
) -> Profile:
    """The profile ``name``, or the file's ``default_profile``, or ``local``.

    A value comes from the flags, else from ``COVID_CTL_FIELD`` or ``COVID_CTL_SECTION__FIELD`` in the
    environment, else from the file. Raises ``ConfigurationError`` naming file and field.
    """
    path, file = _file(environment, config)
    known = {LOCAL: _local(), **file.get("profiles", {})}
    name = name or environment.get("COVID_CTL_PROFILE") or file.get("default_profile") or LOCAL
    if name not in known:
        raise ConfigurationError(f"profile {name}", f"not in {path}{nearest(name, known)}", "covid-ctl init adds one")
    data = {"name": name, **known[name]}
    for place, value in given(Profile, environment).items():
        put(data, place, value)
    data |= {field: value for field, value in flags.items() if value is not None}
    source = "profile local" if name == LOCAL else f"{path}, profile {name}"
    profile = validated(Profile, data, source, "covid-ctl init --explain tells what a profile holds")
    if profile.is_local:
        return profile.model_copy(update={"bucket": _absolute(profile.bucket)})
    _check_cluster(profile, source)
    return profile


def profile_names(environment: Mapping[str, str]) -> list[str]:
    """The profiles there are, the built-in one first. Raises ``ConfigurationError`` for a file that is none."""
    return [LOCAL, *_file(environment, None)[1].get("profiles", {})]


def _file(environment: Mapping[str, str], config: Path | None) -> tuple[Path, dict[str, Any]]:
    path = config or Path(environment.get("COVID_CTL_CONFIG", CONFIG_FILE))
    return path, _read(path, wanted=config is not None or "COVID_CTL_CONFIG" in environment)


def _local() -> dict[str, Any]:
    """The built-in profile: processes of this machine, one shard per core, artifacts in a directory."""
    return {
        "bucket": DEFAULT_BUCKET,
        "images": {role: f"covid-ctl-{role}:local" for role in Role},
        "parallelism": os.cpu_count() or 1,
        "namespace": "default",
    }


def _read(path: Path, *, wanted: bool) -> dict[str, Any]:
    if not path.exists() and not wanted:
        return {}
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            str(path), f"cannot be read ({in_our_words(error)})", "covid-ctl init writes one"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(
            str(path), f"not TOML: {in_our_words(error)}", "mend it, or write a new one: covid-ctl init"
        ) from error
    _check_layout(path, data)
    return data


def _check_layout(path: Path, data: Mapping[str, Any]) -> None:
    for key in data.keys() - {"default_profile", "profiles"}:
        hint = nearest(key, ["default_profile", "profiles"])
        raise ConfigurationError(str(path), f"{key}: no such field{hint}", "profiles are [profiles.NAME]")
    profiles = data.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(p, dict) for p in profiles.values()):
        raise ConfigurationError(str(path), "profiles: not tables", "write each as [profiles.NAME]")
    if LOCAL in profiles:
        raise ConfigurationError(str(path), "profiles.local: that one is built in", "choose another name")


def _check_cluster(profile: Profile, source: str) -> None:
    for role in (*Role, "controller"):
        image = getattr(profile.images, role)
        if image and not (profile.images.tags_allowed or has_digest(image)):
            raise ConfigurationError(
                source, f"images.{role}: {image} has no digest", "name it as IMAGE@sha256:..., as `docker push` prints"
            )
    if "://" in profile.bucket and profile.bucket_volume:
        raise ConfigurationError(
            source,
            f"bucket: {profile.bucket} is on no volume",
            "take bucket_volume out, or name the volume's directory",
        )
    if profile.bucket_volume and not Path(profile.bucket).is_absolute():
        raise ConfigurationError(
            source, f"bucket: {profile.bucket} is not absolute", "give the path at which pods find the volume"
        )
    if profile.bucket_volume or profile.bucket.startswith(_ON_THE_NETWORK):
        return
    reason = "out of reach for pods" if "://" in profile.bucket else "a directory, which pods do not see"
    raise ConfigurationError(
        source,
        f"bucket: {profile.bucket} is {reason}",
        "give gs://BUCKET/PREFIX, or as bucket_volume the claim that holds it",
    )


def _absolute(bucket: str) -> str:
    return bucket if "://" in bucket else os.path.abspath(os.path.expanduser(bucket))  # noqa: PTH100, PTH111

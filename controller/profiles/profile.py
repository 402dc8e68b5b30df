"""Where things run: ``local``, built in, or the profiles of ``covid-ctl.toml``."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from controller.profiles.accelerators import Accelerator, accelerator_of
from controller.profiles.gpus import Gpu
from controller.profiles.placement import Annotations, Labels, NodeLabels, ObjectName, Toleration
from controller.profiles.tpu_slices import SLICES, why_refused
from controller.profiles.webhook import WebhookHost
from jobs.errors import ConfigurationError
from jobs.library_errors import in_our_words
from jobs.nearest import nearest
from jobs.validation import Section, validated

CONFIG_FILE = "covid-ctl.toml"
LOCAL = "local"
DEFAULT_BUCKET = "bucket"

_VARIABLE = "COVID_CTL_"
_VARIABLES_OF_OTHERS = ("COVID_CTL_TEST_", "COVID_CTL_DEVICE", "COVID_CTL_ALL_REDUCE")
_BY_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_QUANTITY = r"^\d+(\.\d+)?(m|[KMGT]i?)?$"
NAME_PATTERN = r"^[a-z][-a-z0-9]{0,30}$"
_DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_DNS_SUBDOMAIN = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"

MOST_FLEX_HOURS = 168
"""Hours after which flex-start nodes are taken away, from Google's pages on the Dynamic Workload Scheduler."""


class Role(StrEnum):
    """Role of a step's container. Each role has an image and a node pool of its own."""

    WORKER = "worker"
    TRAINER = "trainer"
    EXPORTER = "exporter"

    @property
    def pool(self) -> str:
        """Name of its pool in a profile."""
        return "workers" if self is Role.WORKER else str(self)


class Images(Section):
    """A container image for each part, by digest: a tag may be another image tomorrow."""

    worker: str
    """Image of the data steps, without tensorflow."""
    trainer: str
    """Image of pretraining, with the tensorflow of its device."""
    exporter: str
    """Image that reads and exports models, with tensorflow for CPUs."""
    controller: str = ""
    """Image of the tracker's Deployment."""
    tags_allowed: bool = False
    """Allows tags, for a private cluster such as kind, where images have no digest before they are pushed."""


class Pool(Section):
    """The nodes that a kind of pod runs on, and what it asks of them."""

    cpu: str = Field(pattern=_QUANTITY, examples=["4", "500m"])
    """CPUs that a pod asks for, as Kubernetes writes them: ``4``, ``500m``. It may use what is to spare."""
    memory: str = Field(pattern=_QUANTITY, examples=["16Gi", "500M"])
    """Memory that a pod asks for and may use, as Kubernetes writes it: ``16Gi``."""
    scratch: str = Field(default="20Gi", pattern=_QUANTITY, examples=["20Gi", "500M"])
    """Disk for the pod's emptyDir."""
    node_selector: NodeLabels = Field(default_factory=dict)
    """Labels of the nodes, beside those that a TPU or GPU selects."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints beside those of Spot nodes and accelerators, which are tolerated anyway."""
    spot: bool = False
    """On Spot nodes, which are cheap and taken away at 15 seconds' notice."""
    flex_start: bool = False
    """On nodes that the Dynamic Workload Scheduler starts for the Job and takes away after ``MOST_FLEX_HOURS``: Kueue
    asks for them by a ProvisioningRequest."""
    tpu: str = ""
    """A slice of one host, such as ``v6e-8``."""
    gpu: Gpu | None = None
    """GPUs of one node, as ``{ kind = "nvidia-l4", count = 1 }``."""
    dollars_per_hour: float | None = Field(default=None, ge=0)
    """Price of one pod, in place of the built-in price table."""

    @model_validator(mode="after")
    def _can_start_flexibly(self) -> Pool:
        if self.tpu and self.gpu:
            raise ValueError("tpu and gpu exclude each other: choose one")
        if self.flex_start and self.spot:
            raise ValueError("flex_start and spot exclude each other: choose one")
        if self.flex_start and self.tpu == "v3-8":
            raise ValueError("flex_start is not offered for v3-8: choose a newer TPU, or spot")
        return self

    @field_validator("tpu")
    @classmethod
    def _known_slice(cls, name: str) -> str:
        if name and name not in SLICES:
            raise ValueError(why_refused(name))
        return name

    @property
    def accelerator(self) -> Accelerator | None:
        return accelerator_of(self.tpu, self.gpu)


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
    parallelism: int = Field(32, ge=1)
    """Shards that run at the same time, at most."""
    context: str = ""
    """Context in the kubeconfig; empty means its current one."""
    namespace: str = Field("covid-ctl", pattern=_DNS_LABEL, examples=["covid-ctl"])
    """Namespace of the Jobs."""
    service_account: str = "covid-ctl-worker"
    """Service account of the pods. On GKE it may read and write the bucket."""
    queue: str = ""
    """A Kueue LocalQueue: then Kueue decides when a released Job starts."""
    priority_class: str = Field("", pattern=rf"^({_DNS_SUBDOMAIN})?$", examples=["high-priority"])
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
    env: dict[str, str] = Field(default_factory=dict)
    """Variables for every pod, such as a proxy's."""
    bucket_volume: str = ""
    """A PersistentVolumeClaim that holds a bucket that is a directory; pods find it at that very path."""

    @field_validator("bucket")
    @classmethod
    def _named(cls, bucket: str) -> str:
        if not bucket:
            raise ValueError("its name is empty: name a directory or gs://BUCKET/PREFIX")
        return bucket

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
        raise ConfigurationError(f"profile {name}", f"not in {path}{nearest(name, known)}", "covid-ctl init --help")
    data = {"name": name, **known[name]}
    for variable, place in _variables(environment).items():
        _set(data, place, environment[variable])
    data |= {field: value for field, value in flags.items() if value is not None}
    source = "profile local" if name == LOCAL else f"{path}, profile {name}"
    profile = validated(Profile, data, source, "covid-ctl init --help tells what a profile holds")
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


def _variables(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """``COVID_CTL_IMAGES__WORKER`` -> ``[images, worker]``, of those that are set."""
    known = {_VARIABLE + "__".join(place).upper(): place for place in _places(Profile) if place != ["name"]}
    own = {"COVID_CTL_PROFILE", "COVID_CTL_CONFIG"}
    found = {}
    for variable in environment:
        if not variable.startswith(_VARIABLE) or variable.startswith(_VARIABLES_OF_OTHERS) or variable in own:
            continue
        if variable not in known:
            hint = nearest(variable, known | dict.fromkeys(own))
            raise ConfigurationError(variable, f"no such setting{hint}", f"unset {variable}")
        if environment[variable]:
            found[variable] = known[variable]
    return found


def _places(section: type[Section]) -> list[list[str]]:
    places = []
    for name, field in section.model_fields.items():
        inner = field.annotation
        is_section = isinstance(inner, type) and issubclass(inner, Section)
        places += [[name, *rest] for rest in _places(inner)] if is_section else [[name]]  # type: ignore[arg-type]
    return places


def _set(data: dict[str, Any], place: list[str], value: str) -> None:
    *sections, last = place
    for section in sections:
        data[section] = dict(data.get(section, {}))
        data = data[section]
    data[last] = value


def _check_cluster(profile: Profile, source: str) -> None:
    for role in (*Role, "controller"):
        image = getattr(profile.images, role)
        if image and not (profile.images.tags_allowed or has_digest(image)):
            raise ConfigurationError(
                source, f"images.{role}: {image} has no digest", "name it as IMAGE@sha256:..., as `docker push` prints"
            )
    if "://" not in profile.bucket and not profile.bucket_volume:
        raise ConfigurationError(
            source,
            f"bucket: {profile.bucket} is a directory, which pods do not see",
            "give gs://BUCKET/PREFIX, or as bucket_volume the claim that holds it",
        )


def _absolute(bucket: str) -> str:
    return bucket if "://" in bucket else os.path.abspath(os.path.expanduser(bucket))  # noqa: PTH100, PTH111

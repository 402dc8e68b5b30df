"""What ``place_options`` stand for: a profile, and its bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.cli.terminal import echo

if TYPE_CHECKING:
    from controller.bucket.cached_store import CachedStore
    from controller.profiles.profile import Profile
    from jobs.patience import Patience
    from jobs.store import Store


def profile_of(place: Mapping[str, Any]) -> Profile:
    """The profile that ``place_options``, and ``--parallelism`` where a command has it, describe."""
    import os

    from controller.profiles.profile import load_profile

    flags = {field: place.get(field) for field in ("bucket", "context", "namespace", "parallelism")}
    profile = load_profile(place["profile"], environment=os.environ, **flags)
    return profile if flags["context"] or not profile.context else _seen_from_a_pod(profile)


def _seen_from_a_pod(profile: Profile) -> Profile:
    """The profile without its context, which means nothing in a pod that has no kubeconfig."""
    from controller.kube.connection import is_pod_without_kubeconfig

    if not is_pod_without_kubeconfig():
        return profile
    reason = f"context {profile.context} of profile {profile.name} is ignored: this pod has no kubeconfig"
    echo(f"{reason} and uses its own cluster", err=True)
    return profile.model_copy(update={"context": ""})


def open_bucket(profile: Profile, *, patience: Patience | None = None) -> CachedStore:
    """The bucket of a command that submits nothing. Raises ``ConfigurationError`` for a directory that does not exist.

    The default directory may be missing: the first ``submit`` makes it.
    """
    from pathlib import Path

    from controller.bucket.cached_store import CachedStore
    from controller.profiles.profile import DEFAULT_BUCKET
    from jobs.errors import ConfigurationError

    bucket = profile.bucket
    if "://" in bucket or Path(bucket).exists() or Path(bucket) == Path(DEFAULT_BUCKET).absolute():
        return CachedStore(bucket, patience=patience) if patience else CachedStore(bucket)
    raise ConfigurationError(bucket, "this directory does not exist", "name the --bucket that steps were submitted to")


def open_live_bucket(profile: Profile) -> Store:
    """The same bucket without a view that grows old: for what goes on for long, or reads what it wrote."""
    from jobs.store import Store

    return Store(open_bucket(profile).location)

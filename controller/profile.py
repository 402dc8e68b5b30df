"""Where things run. Only ``local`` exists so far: the same Jobs, run as processes."""

from __future__ import annotations

import os
from dataclasses import dataclass

from jobs.errors import ConfigurationError


@dataclass(frozen=True)
class Profile:
    name: str
    bucket: str
    """``gs://BUCKET/PREFIX``, or a directory's absolute path."""
    worker_image: str
    trainer_image: str
    parallelism: int
    """Shards that run at the same time, at most."""
    namespace: str = "default"


def local_profile(bucket: str, parallelism: int | None = None) -> Profile:
    """The built-in profile: processes of this machine, one shard per core."""
    if not bucket:
        raise ConfigurationError("--bucket", "its name is empty", "name a directory or gs://BUCKET/PREFIX")
    return Profile(
        name="local",
        bucket=bucket if "://" in bucket else os.path.abspath(os.path.expanduser(bucket)),  # noqa: PTH100, PTH111
        worker_image="covid-ctl-worker:local",
        trainer_image="covid-ctl-trainer:local",
        parallelism=parallelism or os.cpu_count() or 1,
    )

"""A namespace, a bucket and a profile for both: where a user of a test works with the real ``covid-ctl``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.clusters.kubernetes import KubernetesCluster
from jobs.store import Store
from tests.cluster.bucket import Bucket
from tests.cluster.carried import CONFIG_MAPS, ROOT
from tests.cluster.waiting import SECONDS
from tests.e2e.command import COVID_CTL, Done, environment
from tests.signals import as_from_a_terminal

SMALL = {"cpu": "100m", "memory": "1Gi", "scratch": "1Gi"}
TRAINING = {"cpu": "200m", "memory": "2Gi", "scratch": "1Gi"}


@dataclass(frozen=True)
class Place:
    cluster: KubernetesCluster
    bucket: Bucket
    image: str
    directory: Path
    config_maps: int = 0
    """That hold the code which Jobs bring along; 0: the image has it."""
    kubeconfig: str = field(default_factory=lambda: os.environ["KUBECONFIG"])

    def profile(self, **changes: Any) -> dict[str, Any]:
        """What stands in covid-ctl.toml."""
        profile = {
            "namespace": self.cluster.namespace,
            "bucket": self.bucket.location,
            "service_account": "default",
            "parallelism": 2,
            "images": dict.fromkeys(("worker", "trainer", "exporter"), self.image) | {"tags_allowed": True},
            "workers": SMALL,
            "trainer": TRAINING,
            "exporter": TRAINING,
        }
        if self.bucket.volume:
            profile["bucket_volume"] = self.bucket.volume
        if self.bucket.pod_env:
            profile["env"] = self.bucket.pod_env
        return profile | changes

    def write_profile(self, **changes: Any) -> None:
        self.config.write_text(toml({"default_profile": "test", "profiles": {"test": self.profile(**changes)}}))

    @property
    def config(self) -> Path:
        return self.directory / "covid-ctl.toml"

    def as_account(self, kubeconfig: Mapping[str, Any]) -> Place:
        """The same place for somebody else."""
        path = self.directory / "other-kubeconfig"
        path.write_text(json.dumps(kubeconfig))
        return replace(self, kubeconfig=str(path))

    def run(self, *arguments: str, seconds: float = SECONDS) -> Done:
        """``covid-ctl ARGUMENTS``, to its end. Fails with what it said where that does not come."""
        process = subprocess.Popen(
            self._command(arguments), env=self._env(), cwd=self.directory, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, umask=0, preexec_fn=as_from_a_terminal,
        )  # fmt: skip
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"covid-ctl {' '.join(arguments)}: not within {seconds:.0f} s\n{out}\n{err}")
        return Done(process.returncode, out, err)

    def succeed(self, *arguments: str, seconds: float = SECONDS) -> Done:
        """As ``run``, and it must not fail."""
        done = self.run(*arguments, seconds=seconds)
        assert done.code == 0, f"covid-ctl {' '.join(arguments)} exited with {done.code}\n{done.out}\n{done.err}"
        return done

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """``covid-ctl ARGUMENTS`` beside the block, killed at its end; what it says is in ``said``."""
        with (self.directory / "said").open("ab") as out:
            process = subprocess.Popen(
                self._command(arguments), env=self._env(), cwd=self.directory, stdout=out, stderr=out, umask=0,
                preexec_fn=as_from_a_terminal,
            )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def said(self) -> str:
        path = self.directory / "said"
        return path.read_text(errors="replace") if path.exists() else ""

    def store(self) -> Store:
        return Store(self.bucket.location)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """As ``kubectl get jobs`` lists them, by name."""
        found = self.cluster.api.get(f"/apis/batch/v1/namespaces/{self.cluster.namespace}/jobs")["items"]
        return {job["metadata"]["name"]: job for job in found}

    def states(self) -> dict[str, str]:
        """By step, what ``covid-ctl status`` says."""
        return {step["name"]: step["state"] for step in self.succeed("status", "--output", "json").json()}

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        command = [sys.executable, "-m", "tests.cluster.carried"] if self.config_maps else [str(COVID_CTL)]
        return [*command, *arguments]

    def _env(self) -> dict[str, str]:
        own = {
            "KUBECONFIG": self.kubeconfig,
            "COVID_CTL_CONFIG": str(self.config),
            CONFIG_MAPS: str(self.config_maps),
            "PYTHONPATH": str(ROOT),
        }
        return environment(None) | self.bucket.env | own


def toml(tables: Mapping[str, Any]) -> str:
    """Inline: a TOML value is a JSON value but for ``:`` and null."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in tables.items())


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def write_recipe(place: Place, *, embedder: Mapping[str, Any] | None = None, **schedule: Any) -> str:
    """A recipe that trains for seconds, with an embedder if settings of one are given; returns its file's name."""
    recipe = yaml.safe_load(place.succeed("recipes", "show", "tiny").out)
    recipe["architecture"] |= {"hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": 128}
    recipe["vocabulary"]["learn"] = 800
    recipe["schedule"] |= {"train_batch_size": 8, "train_steps": 20, "warmup_steps": 2, "evaluate_every": 10}
    recipe["schedule"] |= schedule
    recipe["embedder"] = recipe["embedder"] | embedder if embedder else None
    (place.directory / "smaller.yaml").write_text(yaml.safe_dump(recipe))
    return "smaller.yaml"

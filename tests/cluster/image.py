"""The image that pods of the tests run: whether it will do, and whose code they run in it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from tests.cluster import holding
from tests.cluster.carried import ROOT, VOLUME, carry, mount, volume
from tests.cluster.pods import pod, run_to_end

PROCESSES = "processes"
"""In place of an image: ``tests.cluster.process_node`` has them."""


@dataclass(frozen=True)
class Image:
    name: str
    holds: dict[str, Any]
    """See ``tests.cluster.holding``."""

    @property
    def has_this_code(self) -> bool:
        return bool(self.holds["digest"] == holding.digest(ROOT) and set(self.holds["kernels"]) == {*holding.KERNELS})

    def lacks(self, part: str) -> list[str]:
        found: list[str] = self.holds["lacking"][part]
        return found


def given_image() -> str:
    name = os.environ.get("COVID_CTL_TEST_IMAGE", "")
    if not name:
        pytest.skip("needs a kubelet and an image for its pods: set COVID_CTL_TEST_IMAGE")
    return name


def examine(cluster: KubernetesCluster, name: str) -> Image:
    """Run the image once and see what it holds. Fails where it will not do, saying why."""
    program = Path(holding.__file__).read_text()
    ended = run_to_end(cluster, pod("probe", name, ["python", "-c", program]))
    try:
        image = Image(name, json.loads(ended.termination_message))
    except ValueError:
        pytest.fail(
            f"image {name}: `python -c` ended with {ended.exit_code} {ended.reason}: {ended.termination_message}"
        )
    holds = image.holds
    if not holds["python"].startswith("3.11."):
        pytest.fail(f"image {name}: Python {holds['python']}, not 3.11")
    if lacking := image.lacks("worker") + image.lacks("trainer"):
        pytest.fail(
            f"image {name}: it lacks {', '.join(lacking)}: install what the `jobs` extra names (requirements.lock)"
        )
    return image


def bring_code(cluster: KubernetesCluster, image: Image) -> int:
    """Where the image has other code than this tree or none: put ours into the namespace, and see that it loads.

    Returns the number of ConfigMaps; 0 where none is needed.
    """
    if image.has_this_code:
        return 0
    built = holding.platform_name()
    if image.holds["platform"] != built:
        pytest.fail(
            f"image {image.name}: its code ({image.holds['code'] or 'none'}) is not this tree's, and this tree's "
            f"kernels are built for {built}, not for {image.holds['platform']}. Build it from the Dockerfile"
        )
    config_maps = carry(cluster)
    program = f"import jobs.__main__, {', '.join(holding.KERNELS)}"
    probe = pod(
        "code-probe", image.name, ["python", "-c", program],
        env={"PYTHONPATH": mount()["mountPath"], "PYTHONDONTWRITEBYTECODE": "1"},
        volumes=[volume(config_maps)], mounts=[mount()],
    )  # fmt: skip
    ended = run_to_end(cluster, probe)
    if ended.exit_code != 0:
        pytest.fail(
            f"image {image.name}: this tree's code, brought along in ConfigMaps {VOLUME}-*, does not load there: "
            f"{ended.termination_message}. Build the image from the Dockerfile, or the kernels with an older C library"
        )
    return config_maps

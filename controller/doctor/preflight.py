"""Runs the doctor's cheap checks and a write test of the bucket before anything is created."""

from __future__ import annotations

from collections.abc import Iterable

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.bucket import bucket
from controller.doctor.check import examine, side_by_side
from controller.doctor.examination import cheap_checks, refusal
from controller.profiles.profile import Profile
from jobs.recipe import Recipe
from jobs.spec import Kind


def preflight(profile: Profile, recipe: Recipe, cluster: KubernetesCluster, kinds: Iterable[Kind]) -> None:
    """Run the cheap checks for steps of these kinds. A dry run shows afterwards whether Jobs may be created.

    Raises ``PreflightError`` with all that is in the way.
    """
    checks = side_by_side(
        cheap_checks(profile, recipe, kinds, cluster),
        examine({"bucket": lambda: bucket(profile.bucket)}),
    )
    if refused := refusal(checks):
        raise refused

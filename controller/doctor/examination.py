"""Chooses the checks that a profile needs, in the order in which one would fix things."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor import bucket as of_bucket
from controller.doctor import clock as of_clock
from controller.doctor import cluster as of_cluster
from controller.doctor import images as of_images
from controller.doctor import machine, training_pod
from controller.doctor import recipe as of_recipe
from controller.doctor.bucket_volume import bucket_volume
from controller.doctor.check import Check, CheckState, Examination, examine, of_error, side_by_side, skipped
from controller.doctor.clock import Ask, http_date
from controller.doctor.queue import queue
from controller.doctor.region import region
from controller.doctor.tpu_offer import tpu_offered
from controller.doctor.tracker_lease import tracker
from controller.kinds.declaration import TrainingBatch
from controller.kinds.registry import KINDS
from controller.kube.api_errors import ApiError
from controller.profiles.pool import Role
from controller.profiles.profile import Profile
from jobs.errors import CovidCtlError, PreflightError
from jobs.recipe import Recipe
from jobs.spec import Kind

CLUSTER_CHECKS = (
    "clock",
    "namespace",
    "permissions",
    "service account",
    "Workload Identity",
    "bucket volume",
    "quota",
    "limits",
    "queue",
    "tracker",
    "nodes",
)
CHEAP = ("clock", "namespace", "service account", "bucket volume", "quota", "limits", "queue")
"""The cluster checks that ``submit`` makes: a few short requests."""

ClusterOrError = KubernetesCluster | ApiError
"""The cluster to ask, or why there is none."""


def cluster_or_error(profile: Profile) -> ClusterOrError | None:
    """The profile's cluster, or why it cannot be set up: that is one failed check among the others."""
    if profile.is_local:
        return None
    try:
        return KubernetesCluster.connect(profile.context or None, profile.namespace)
    except ApiError as error:
        return error


def all_checks(
    profile: Profile, recipe: Recipe, cluster: ClusterOrError | None, *, vocabulary: str | None = None
) -> Iterator[Check]:
    """Every check that the profile needs, as each ends. ``cluster`` is None for profile ``local``."""
    yield from _of_recipe(recipe, vocabulary)
    yield from examine({"bucket": lambda: of_bucket.bucket(profile.bucket)} if _sees_bucket(profile) else {})
    if cluster is None:
        yield from _of_machine(profile, recipe)
        return
    yield from examine({"region": lambda: region(profile), "images": lambda: of_images.images(profile)})
    yield from _of_cluster(profile, cluster)
    yield from examine(_of_training(profile, recipe, _batches(recipe, KINDS)))


def cheap_checks(
    profile: Profile, recipe: Recipe, kinds: Iterable[Kind], cluster: ClusterOrError | None
) -> Iterator[Check]:
    """The checks that ``submit`` makes before it writes anything, for steps of these kinds."""
    asked = set(kinds)
    used, batches = {KINDS[kind].role for kind in asked}, _batches(recipe, sorted(asked))
    if cluster is None:
        counted = any(batch.follows_formula for batch in batches)
        memory: dict[str, Examination] = {"memory": lambda: machine.memory(recipe)} if counted else {}
        yield from examine({"packages": machine.packages, "compiled parts": machine.compiled_modules, **memory})
        return
    roles = [role for role in Role if role in used]
    yield from side_by_side(
        examine({"images": lambda: of_images.images(profile, roles)}),
        _of_cluster(profile, cluster, CHEAP, roles),
        examine(_of_training(profile, recipe, batches)),
    )


def _batches(recipe: Recipe, kinds: Iterable[Kind]) -> list[TrainingBatch]:
    """Those of the steps that train, each once."""
    found = (KINDS[kind].batch(recipe) for kind in kinds if not KINDS[kind].why_absent(recipe))
    return list(dict.fromkeys(filter(None, found)))


def _of_training(profile: Profile, recipe: Recipe, batches: Sequence[TrainingBatch]) -> dict[str, Examination]:
    if not batches:
        return {}
    counted = any(batch.follows_formula for batch in batches)
    return {
        "batch": lambda: training_pod.batch(profile, batches),
        **({"memory": lambda: training_pod.memory(profile, recipe)} if counted else {}),
        "TPU": lambda: tpu_offered(profile),
    }


def _of_recipe(recipe: Recipe, vocabulary: str | None) -> Iterator[Check]:
    return examine(
        {
            "vocabulary": lambda: of_recipe.vocabulary(recipe, vocabulary),
            "checkpoint": lambda: of_recipe.checkpoint(recipe),
        }
    )


def _of_machine(profile: Profile, recipe: Recipe) -> Iterator[Check]:
    checks: dict[str, Examination] = {"packages": machine.packages, "compiled parts": machine.compiled_modules}
    if storage := _storage(profile):
        checks["clock"] = lambda: of_clock.clock(storage)
    if "://" not in profile.bucket:
        checks["disk"] = lambda: machine.disk(profile.bucket, recipe)
    return examine({**checks, "memory": lambda: machine.memory(recipe)})


def _of_cluster(
    profile: Profile,
    cluster: ClusterOrError,
    only: Collection[str] = CLUSTER_CHECKS,
    roles: Iterable[Role] = Role,
) -> Iterator[Check]:
    """The checks of the cluster, or where it does not answer, why."""
    if isinstance(cluster, ApiError):
        yield of_error("cluster", cluster)
        yield from _not_reached(only)
        return
    try:
        yield of_cluster.version(cluster)
    except CovidCtlError as error:
        yield of_error("cluster", error)
        yield from _not_reached(only)
        return
    checks: dict[str, Examination] = {
        "clock": lambda: of_clock.clock({"the API server": lambda: http_date(cluster.api.date()), **_storage(profile)}),
        "namespace": lambda: of_cluster.namespace(cluster),
        "permissions": lambda: of_cluster.permissions(cluster),
        "service account": lambda: of_cluster.service_account(cluster, profile),
        "Workload Identity": lambda: of_cluster.workload_identity(cluster, profile),
        "bucket volume": lambda: bucket_volume(cluster, profile),
        "quota": lambda: of_cluster.quota(cluster, profile, roles),
        "limits": lambda: of_cluster.limits(cluster, profile, roles),
        "queue": lambda: queue(cluster, profile),
        "tracker": lambda: tracker(cluster),
        "nodes": lambda: of_cluster.nodes(cluster, profile),
    }
    yield from examine({name: checks[name] for name in only})


def _not_reached(names: Iterable[str]) -> Iterator[Check]:
    yield from (skipped(name, "the cluster was not reached") for name in names)


def _storage(profile: Profile) -> dict[str, Ask]:
    return {"Cloud Storage": of_clock.google_storage} if profile.bucket.startswith("gs://") else {}


def _sees_bucket(profile: Profile) -> bool:
    """A bucket on a cluster's volume cannot be looked at from this machine."""
    return not profile.bucket_volume


def refusal(checks: Iterable[Check]) -> PreflightError | None:
    """The error for ``submit`` to raise when a check failed, else None."""
    bad = [check for check in checks if check.state is CheckState.FAILED]
    if not bad:
        return None
    reason = "; ".join(f"{check.name}: {check.reason}" for check in bad)
    return PreflightError("nothing was started", reason, "\n        ".join(check.remedy for check in bad))

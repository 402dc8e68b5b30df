"""Which checks a profile takes, in the order in which one would mend things."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor import bucket as of_bucket
from controller.doctor import clock as of_clock
from controller.doctor import images as of_images
from controller.doctor import machine
from controller.doctor import recipe as of_recipe
from controller.doctor.check import Check, CheckState, Examination, examine, side_by_side, skipped
from controller.doctor.clock import Ask, http_date
from controller.doctor.queue import queue
from controller.doctor.region import region
from controller.doctor.tpu_offer import tpu_offered
from controller.profiles.pools import part_of
from controller.profiles.profile import Profile, Role
from jobs.errors import PreflightError
from jobs.recipe import Recipe
from jobs.spec import Kind

CLUSTER_CHECKS = (
    "clock",
    "namespace",
    "permissions",
    "service account",
    "Workload Identity",
    "quota",
    "limits",
    "queue",
    "nodes",
)
CHEAP = ("clock", "namespace", "service account", "quota", "limits", "queue")
"""Of these, what ``submit`` asks: a few short requests."""

Connect = Callable[[Profile], KubernetesCluster]


def connect(profile: Profile) -> KubernetesCluster:
    return KubernetesCluster.connect(profile.context or None, profile.namespace)


def all_checks(
    profile: Profile, recipe: Recipe, *, vocabulary: str | None = None, connect: Connect = connect
) -> Iterator[Check]:
    """Every check that the profile takes, as each ends."""
    yield from _of_recipe(recipe, vocabulary)
    yield from examine({"bucket": lambda: of_bucket.bucket(profile.bucket)} if _sees_bucket(profile) else {})
    if profile.is_local:
        yield from _of_machine(profile, recipe)
        return
    yield from examine({"region": lambda: region(profile), "images": lambda: of_images.images(profile)})
    yield from _of_cluster(profile, connect)
    yield from examine({"TPU": lambda: tpu_offered(profile)})


def cheap_checks(profile: Profile, kinds: Iterable[Kind], *, connect: Connect = connect) -> Iterator[Check]:
    """What ``submit`` asks before it makes anything: of what steps of these kinds use. Nothing is written."""
    if profile.is_local:
        yield from examine({"packages": machine.packages, "compiled parts": machine.compiled_modules})
        return
    used = {part_of(kind) for kind in kinds}
    roles = [role for role in Role if role in used]
    yield from side_by_side(
        examine({"images": lambda: of_images.images(profile, roles)}),
        _of_cluster(profile, connect, CHEAP, roles),
        examine({"TPU": lambda: tpu_offered(profile)} if Role.TRAINER in roles else {}),
    )


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
    profile: Profile, connect: Connect, only: Collection[str] = CLUSTER_CHECKS, roles: Iterable[Role] = Role
) -> Iterator[Check]:
    """All of them, or where the cluster does not answer why."""
    from controller.doctor import cluster as of_cluster

    found: list[KubernetesCluster] = []

    def version() -> Check:
        cluster = connect(profile)
        check = of_cluster.version(cluster)
        found.append(cluster)
        return check

    (first,) = examine({"cluster": version})
    yield first
    if not found:
        yield from (skipped(name, "the cluster was not reached") for name in only)
        return
    cluster = found[0]
    checks: dict[str, Examination] = {
        "clock": lambda: of_clock.clock({"the API server": lambda: http_date(cluster.api.date()), **_storage(profile)}),
        "namespace": lambda: of_cluster.namespace(cluster),
        "permissions": lambda: of_cluster.permissions(cluster),
        "service account": lambda: of_cluster.service_account(cluster, profile),
        "Workload Identity": lambda: of_cluster.workload_identity(cluster, profile),
        "quota": lambda: of_cluster.quota(cluster, profile, roles),
        "limits": lambda: of_cluster.limits(cluster, profile, roles),
        "queue": lambda: queue(cluster, profile),
        "nodes": lambda: of_cluster.nodes(cluster, profile),
    }
    yield from examine({name: checks[name] for name in only})


def _storage(profile: Profile) -> dict[str, Ask]:
    return {"Cloud Storage": of_clock.google_storage} if profile.bucket.startswith("gs://") else {}


def _sees_bucket(profile: Profile) -> bool:
    """A cluster's bucket on a volume is not this machine's to look at."""
    return not profile.bucket_volume


def refusal(checks: Iterable[Check]) -> PreflightError | None:
    """What ``submit`` raises where a check failed; None where none did."""
    bad = [check for check in checks if check.state is CheckState.FAILED]
    if not bad:
        return None
    reason = "; ".join(f"{check.name}: {check.reason}" for check in bad)
    return PreflightError("nothing was started", reason, "\n        ".join(check.remedy for check in bad))

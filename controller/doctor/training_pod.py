"""The checks that a cluster's training pod can compute a recipe's batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controller.doctor.check import Check, CheckState, ok, skipped
from controller.doctor.machine import footprint, memory_for_training
from controller.kinds.declaration import TrainingBatch
from controller.profiles.profile import Profile
from controller.profiles.quantities import quantity
from jobs.batch_split import per_replica
from jobs.recipe import Recipe


def batch(profile: Profile, batches: Sequence[TrainingBatch]) -> Check:
    """Whether each can be split evenly over the replicas. Raises ``ConfigurationError`` if not, as the pod would."""
    accelerator = profile.trainer.accelerator
    replicas, on = (accelerator.replicas, accelerator.name) if accelerator else (1, "CPUs")
    shares = [
        f"{per_replica(one.size, replicas, on, one.parts or 1, one.section):,} ({one.section})" for one in batches
    ]
    return ok("batch", f"of each, {' or '.join(shares)} at once on each of {replicas} replicas ({on})")


def memory(profile: Profile, recipe: Recipe) -> Check:
    """Compares what training needs with the memory of each replica, or of a pod that trains on CPUs."""
    name, pool, accelerator = "memory", profile.trainer, profile.trainer.accelerator
    if not accelerator:
        otherwise = f"raise trainer.memory of profile {profile.name}"
        there = quantity(pool.memory)
        return memory_for_training(name, recipe, footprint(recipe), there, "in the trainer's pod", otherwise)
    if not accelerator.replica_memory:
        return skipped(name, f"profile {profile.name} does not name the kind of its GPU")
    needs = replace(footprint(recipe), on_host=False)
    if pool.tpu:
        where, otherwise = f"in each of the {accelerator.replicas} replicas of a {pool.tpu}", "name a larger slice"
    else:
        where, otherwise = f"in each {pool.gpu.kind if pool.gpu else 'GPU'}", "name a larger GPU, or more of them"
    otherwise += ", in the profile"
    found = memory_for_training(name, recipe, needs, accelerator.replica_memory, where, otherwise, accelerator.replicas)
    if pool.tpu and found.state is CheckState.FAILED:
        # XLA keeps fewer values than the formula counts: how many fewer shows on the device alone.
        return skipped(name, f"{found.reason}, less what XLA saves", f"if it runs out of memory: {found.remedy}")
    return found

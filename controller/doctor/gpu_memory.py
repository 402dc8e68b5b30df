"""The check that a GPU holds what training needs."""

from __future__ import annotations

from dataclasses import replace

from controller.doctor.check import Check, skipped
from controller.doctor.machine import footprint, memory_for_training
from controller.profiles.profile import Profile
from jobs.recipe import Recipe


def gpu_memory(profile: Profile, recipe: Recipe) -> Check:
    """Compares it with the memory of each of the profile's GPUs, which share a batch evenly."""
    name, gpu = "GPU memory", profile.trainer.gpu
    if not gpu or not gpu.memory:
        return skipped(name, f"profile {profile.name} does not name a GPU")
    needs = replace(footprint(recipe), on_host=False)
    where, otherwise = f"in each {gpu.kind}", "name a larger GPU, or more of them, in the profile"
    return memory_for_training(name, recipe, needs, gpu.memory, where, otherwise, gpu.count)

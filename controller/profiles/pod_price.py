"""What an hour of a pod costs, by its profile or by the price table. Pure."""

from __future__ import annotations

import os

from controller.profiles.pool import Pool
from controller.profiles.profile import Profile
from controller.profiles.quantities import quantity
from jobs.prices import Price, cpu_price, region_of, tpu_price


def pod_price(pool: Pool, profile: Profile) -> Price | None:
    """The price of one pod's hour: the profile's own figure, else the table's; None on this machine or if unknown."""
    if pool.dollars_per_hour is not None:
        return Price(pool.dollars_per_hour, f"by profile {profile.name}")
    region = region_of(profile.zone)
    if profile.is_local or not region:
        return None
    if pool.tpu:
        return tpu_price(pool.tpu, region, pool.spot)
    if pool.gpu:
        return None  # the table has none: a profile's dollars_per_hour says it
    return cpu_price(quantity(pool.cpu), quantity(pool.memory) / 2**30, region, pool.spot)


def cores_of(pool: Pool, profile: Profile) -> float:
    return float(os.cpu_count() or 1) if profile.is_local else quantity(pool.cpu)

"""Which image and node pool each kind of step runs on."""

from __future__ import annotations

from controller.profiles.profile import Pool, Profile, Role
from jobs.spec import Kind


def part_of(kind: Kind) -> Role:
    """Whose image and pool a step of this kind gets."""
    if kind in (Kind.CHECKPOINT, Kind.EXPORT):
        return Role.EXPORTER
    return Role.TRAINER if kind == Kind.PRETRAIN else Role.WORKER


def pool_of(kind: Kind, profile: Profile) -> Pool:
    return profile.pool(part_of(kind))

"""Are the images named so that every pod gets the same, and are they where they are said to be?"""

from __future__ import annotations

from collections.abc import Iterable

from controller.doctor.check import Check, failed, ok, skipped
from controller.doctor.registry import ClosedError, is_there
from controller.profiles.pool import Role
from controller.profiles.profile import Images, Profile, has_digest
from jobs.parallel import in_parallel

_NAME = "images"
IMAGE_ROLES = (*Role, "controller")


def images(profile: Profile, roles: Iterable[str] = IMAGE_ROLES) -> Check:
    """Asks the registries of those that are named by digest. One by tag may be on the nodes alone, as on kind."""
    named = _by_image(profile.images, roles)
    by_digest = [image for image in named if has_digest(image)]
    by_tag = [f"{named[image]} {image}" for image in named if not has_digest(image)]
    found = dict(zip(by_digest, in_parallel(_look, by_digest, len(IMAGE_ROLES)), strict=True))
    if absent := [f"{named[image]} {image}" for image, there in found.items() if there is False]:
        remedy = "push it, and name the digest that `docker push` prints"
        return failed(_NAME, f"{', '.join(absent)}: its registry has no such image", remedy)
    if unseen := {image: there for image, there in found.items() if isinstance(there, ClosedError)}:
        who = ", ".join(named[image] for image in unseen)
        why = "; ".join(sorted({str(error) for error in unseen.values()}))
        look = f"docker manifest inspect {next(iter(unseen))}"
        return skipped(_NAME, f"all by digest; whether the registry has {who} is not known: {why}", look)
    if by_tag:
        return ok(_NAME, f"{', '.join(by_tag)} by tag, as the profile allows: whether nodes have them a pod will show")
    return ok(_NAME, "all by digest, and their registries have them")


def _by_image(images: Images, roles: Iterable[str]) -> dict[str, str]:
    """What each image is for; one may be for several."""
    found: dict[str, str] = {}
    for role in roles:
        if image := getattr(images, role):
            found[image] = f"{found[image]}, {role}" if image in found else role
    return found


def _look(image: str) -> bool | ClosedError:
    try:
        return is_there(image)
    except ClosedError as error:
        return error

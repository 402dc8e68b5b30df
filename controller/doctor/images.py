"""Are the images named so that every pod gets the same?"""

from __future__ import annotations

from controller.doctor.check import Check, failed, ok
from controller.profile import Profile, has_digest


def images(profile: Profile) -> Check:
    """By their names alone: registries are not asked, since the nodes pull with an identity of their own."""
    name = "images"
    parts = ("worker", "trainer", "exporter", "controller")
    named = {part: image for part in parts if (image := getattr(profile.images, part))}
    by_tag = [f"{part} {image}" for part, image in named.items() if not has_digest(image)]
    if by_tag and not profile.images.tags_allowed:
        return failed(name, f"{', '.join(by_tag)}: no digest", "name each as IMAGE@sha256:..., as `docker push` prints")
    how = f"{', '.join(by_tag)} by tag, as the profile allows" if by_tag else "all by digest"
    return ok(name, f"{how}; whether nodes can pull them shows with the first pod (covid-ctl status tells)")

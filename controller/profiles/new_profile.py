"""A profile's first text, for ``covid-ctl.toml``: what must be said, and the rest as comments to take up."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from controller.profiles.profile import NAME_PATTERN, load_profile
from controller.profiles.tpu_slices import SLICES
from jobs.errors import ConfigurationError
from jobs.library_errors import in_our_words


@dataclass(frozen=True)
class Answers:
    """What nobody can guess about a cluster."""

    name: str
    bucket: str
    context: str
    namespace: str
    worker_image: str
    trainer_image: str
    exporter_image: str
    controller_image: str
    tpu: str
    zone: str
    project: str
    queue: str


def write_profile(path: Path, answers: Answers) -> None:
    """Add a profile at the end of ``path``; the first one becomes the default.

    Raises ``ConfigurationError`` and leaves the file as it was when the name is taken or a value does not do.
    """
    if not re.fullmatch(NAME_PATTERN, answers.name):
        reason = "a name has lower-case letters, digits and hyphens, and begins with a letter"
        raise ConfigurationError(f"profile {answers.name}", reason, "choose another --name")
    before = path.read_text("utf-8") if path.exists() else ""
    if answers.name in profiles_in(path):
        raise ConfigurationError(
            str(path),
            f"profile {answers.name} is there already",
            f"edit it, or choose another --name than {answers.name}",
        )
    draft = path.with_suffix(".draft")
    draft.write_text(_joined(before, profile_text(answers)), "utf-8")
    try:
        load_profile(answers.name, environment={}, config=draft)
    except ConfigurationError as error:
        draft.unlink()
        raise ConfigurationError(f"profile {answers.name}", error.reason, error.remedy) from error
    draft.replace(path)


def profiles_in(path: Path) -> Collection[str]:
    """The names of the profiles in a file, which may not exist. Raises ``ConfigurationError`` if it is not TOML."""
    try:
        return list(tomllib.loads(path.read_text("utf-8") if path.exists() else "").get("profiles", {}))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(str(path), f"not TOML: {in_our_words(error)}", "mend it, or move it away") from error


def _joined(before: str, text: str) -> str:
    if before.strip():
        return f"{before.rstrip()}\n\n{text}"
    name = tomllib.loads(text)["profiles"].popitem()[0]
    return f"default_profile = {json.dumps(name)}\n\n{text}"


def profile_text(answers: Answers) -> str:
    """The profile as TOML, ending with a line end."""
    key = f"profiles.{answers.name}"
    tpu = [f"tpu = {json.dumps(answers.tpu)}"] if answers.tpu else ['# tpu = "v6e-8"']
    host = SLICES.get(answers.tpu)
    cpu, memory = (host.cpu, host.memory) if host else ("4", "16Gi")
    lines = [
        f"[{key}]",
        *_set("context", answers.context, "the kubeconfig's current one"),
        f"namespace = {json.dumps(answers.namespace)}",
        f"bucket = {json.dumps(answers.bucket)}",
        "# parallelism = 32                  # shards at the same time",
        *_set("queue", answers.queue, "no Kueue"),
        *_set("project", answers.project, "for covid-ctl doctor"),
        *_set("zone", answers.zone, "for covid-ctl doctor and prices"),
        "",
        f"[{key}.images]                # by digest, IMAGE@sha256:...",
        f"worker = {json.dumps(answers.worker_image)}",
        f"trainer = {json.dumps(answers.trainer_image)}",
        f"exporter = {json.dumps(answers.exporter_image)}",
        *_set("controller", answers.controller_image, "of the tracker's Deployment"),
        "",
        f"[{key}.workers]",
        'cpu = "1"',
        'memory = "2Gi"',
        "# spot = true",
        "",
        f"[{key}.trainer]",
        f'cpu = "{cpu}"',
        f'memory = "{memory}"',
        *tpu,
        '# gpu = { kind = "nvidia-l4", count = 1 }  # with the image trainer-gpu, in a TPU\'s place',
        "# spot = true                       # cheaper, and taken away at 15 seconds' notice",
        "# dollars_per_hour = 8.00           # in place of the built-in price",
    ]
    return "\n".join(lines) + "\n"


def _set(field: str, value: str, otherwise: str) -> list[str]:
    """A field, or where it has no value a comment that tells what holds without it."""
    # A JSON string is a TOML basic string.
    return [f"{field} = {json.dumps(value)}"] if value else [f'# {field} = ""{" " * (24 - len(field))}# {otherwise}']

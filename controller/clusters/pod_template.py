"""Compares the pod template of a Job that exists with the one that would be made now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.labels import ANNOTATION_TEMPLATE, Job
from controller.profiles.quantities import quantity

_CONTAINER = "spec.containers[0]."
LONGEST = 120
"""Characters of a value that are shown."""


def template_changes(made: Mapping[str, Any], wanted: Job) -> tuple[str, ...]:
    """What differs, as ``image: worker:1 -> worker:2``; empty where nothing does.

    Whether anything differs, the hashes tell that both were made with: the API server adds defaults to a template and
    rewrites quantities. A Job without a hash counts as equal, since nobody knows what it was made of.
    """
    before = (made["metadata"].get("annotations") or {}).get(ANNOTATION_TEMPLATE)
    after = wanted["metadata"]["annotations"].get(ANNOTATION_TEMPLATE)
    if before is None or before == after:
        return ()
    found = _differences(wanted["spec"]["template"], made["spec"].get("template") or {}, "")
    return tuple(found) or ("a setting that was removed",)


def _differences(wanted: Any, made: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(made, Mapping):
        for name, value in wanted.items():
            yield from _differences(value, made.get(name), f"{path}.{name}" if path else name)
    elif isinstance(wanted, list) and isinstance(made, list) and len(wanted) == len(made) and wanted:
        for position, (ours, theirs) in enumerate(zip(wanted, made, strict=True)):
            yield from _differences(ours, theirs, f"{path}[{position}]")
    elif wanted != made and not _are_equal_quantities(path, wanted, made):
        yield f"{path.removeprefix(_CONTAINER)}: {_shown(made)} -> {_shown(wanted)}"


def _are_equal_quantities(path: str, ours: Any, theirs: Any) -> bool:
    if ".resources." not in path and "sizeLimit" not in path:
        return False
    try:
        return quantity(str(ours)) == quantity(str(theirs))
    except (ValueError, KeyError):
        return False


def _shown(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."

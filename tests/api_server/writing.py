"""How a write is checked and merged: strict fields, merge patch, server-side apply, what of a Job may change."""

from __future__ import annotations

import copy
import typing
from typing import Any

from pydantic import BaseModel

from tests.api_server.store import Object, Refusal

Owners = dict[tuple[str, ...], set[str]]
"""By path of a leaf: who last set it, as ``manager/operation``."""

_FROZEN = ("completions", "completionMode", "selector", "template", "podFailurePolicy", "backoffLimitPerIndex")


def check_fields(given: Object, *, applied: bool) -> None:
    """Refuse fields that the API does not have; the official library's models say which it has.

    Apply stops at the first and calls it an error of the server, as a 1.36 does.
    """
    from kubernetes.client.models.v1_job import V1Job

    if given.get("kind") != "Job":
        return
    unknown = _unknown(V1Job, given, "")
    if unknown and applied:
        what = f"failed to create typed patch object ({given['metadata']['name']}; batch/v1, Kind=Job)"
        raise Refusal(500, "", f"{what}: .{unknown[0]}: field not declared in schema")
    if unknown:
        words = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise Refusal(
            400, "BadRequest", f'Job in version "v1" cannot be handled as a Job: strict decoding error: {words}'
        )


def _unknown(kind: Any, given: Any, path: str) -> list[str]:
    if isinstance(given, list):
        (item,) = typing.get_args(kind) or (None,)
        return [found for i, value in enumerate(given) for found in _unknown(item, value, f"{path}[{i}]")]
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)) or not isinstance(given, dict):
        return []
    fields = {info.serialization_alias or name: info.annotation for name, info in kind.model_fields.items()}
    found = []
    for name, value in given.items():
        inner = f"{path}.{name}".lstrip(".")
        if name not in fields:
            found.append(inner)
        else:
            found += _unknown(_without_none(fields[name]), value, inner)
    return found


def _without_none(kind: Any) -> Any:
    inner = [part for part in typing.get_args(kind) if part is not type(None)]
    return inner[0] if typing.get_origin(kind) is typing.Union and len(inner) == 1 else kind


def check_job(new: Object, old: Object | None) -> None:
    spec, name = new["spec"], new["metadata"]["name"]
    wrong = []
    if old and not (old["spec"].get("suspend") and not old["status"].get("startTime")):
        wrong = [
            (f"spec.{field}", "field is immutable") for field in _FROZEN if spec.get(field) != old["spec"].get(field)
        ]
    if len(f"{name}-{spec['completions'] - 1}") > 63:
        wrong.append(("metadata.name", "will not be able to create pod with invalid DNS label"))
    if not spec["template"]["spec"].get("containers"):
        wrong.append(("spec.template.spec.containers", "Required value"))
    if spec["template"]["spec"].get("restartPolicy") != "Never" and "podFailurePolicy" in spec:
        wrong.append(
            ("spec.template.spec.restartPolicy", 'only "Never" is supported when podFailurePolicy is specified')
        )
    if wrong:
        causes = [{"reason": "FieldValueInvalid", "field": field, "message": words} for field, words in wrong]
        listed = ", ".join(f"{field}: Invalid value: {words}" for field, words in wrong)
        raise Refusal(422, "Invalid", f'Job.batch "{name}" is invalid: {listed}', causes)


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def leaves(given: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every value that is no dict, by path; lists count as one value."""
    if isinstance(given, dict) and given:
        return {leaf: v for name, value in given.items() for leaf, v in leaves(value, (*path, name)).items()}
    return {path: given}


def apply(old: Object, given: Object, owners: Owners, manager: str, force: bool) -> Object:
    """Server-side apply: conflicts over what others own and is not equal; drops what this manager no longer sets."""
    me = f"{manager}/Apply"
    applied, present = leaves(_owned(given)), leaves(_owned(old))
    conflicts = {
        path: owners[path] - {me}
        for path, value in applied.items()
        if path in present and present[path] != value and owners.get(path, set()) - {me}
    }
    if conflicts and not force:
        causes = [
            {"reason": "FieldManagerConflict", "field": "." + ".".join(path), "message": f"conflict with {sorted(who)}"}
            for path, who in conflicts.items()
        ]
        words = ", ".join(str(cause["field"]) for cause in causes)
        raise Refusal(409, "Conflict", f"Apply failed with {len(causes)} conflicts: {words}", causes)
    merged = merge_patch(old, given)
    for path in [path for path, who in owners.items() if who == {me} and path not in applied]:
        _remove(merged, path)
        del owners[path]
    for path in applied:
        owners[path] = {me} if path in conflicts else owners.get(path, set()) | {me}
    return dict(merged)


def note_update(old: Object, new: Object, owners: Owners, manager: str) -> None:
    before = leaves(_owned(old))
    for path, value in leaves(_owned(new)).items():
        if path not in before or before[path] != value:
            owners[path] = {f"{manager}/Update"}


def _owned(given: Object) -> Object:
    """What field managers can own: not the identity, not the status."""
    meta = {name: given["metadata"][name] for name in ("labels", "annotations") if name in given.get("metadata", {})}
    return {"metadata": meta, "spec": given.get("spec", {})}


def _remove(target: Object, path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        target = target.get(name, {})
    target.pop(path[-1], None)

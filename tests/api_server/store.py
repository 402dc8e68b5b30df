"""Objects by name, their versions, and the history that watches replay. Thread-safe; hands out copies."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
Key = tuple[str, str, str]
"""Resource, namespace, name."""


class Refusal(Exception):
    """An answer other than 2xx, as the body ``v1/Status`` has it."""

    def __init__(self, code: int, reason: str, message: str, causes: list[Object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        details = {"causes": causes} if causes else {}
        self.body = {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": reason, "message": message, "details": details,
        }  # fmt: skip


@dataclass(frozen=True)
class Entry:
    version: int
    type: str
    resource: str
    namespace: str
    object: Object


class Store:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.changed = threading.Condition(threading.RLock())
        self.version = 1
        self.oldest = 0
        self.on_change: Callable[[], None] = lambda: None
        self._objects: dict[Key, Object] = {}
        self._history: list[Entry] = []

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def find(self, resource: str, namespace: str, name: str) -> Object | None:
        with self.changed:
            return copy.deepcopy(self._objects.get((resource, namespace, name)))

    def get(self, resource: str, namespace: str, name: str) -> Object:
        found = self.find(resource, namespace, name)
        if found is None:
            group = {"jobs": "jobs.batch", "leases": "leases.coordination.k8s.io"}.get(resource, resource)
            raise Refusal(404, "NotFound", f'{group} "{name}" not found')
        return found

    def all(self, resource: str, namespace: str) -> list[Object]:
        """By name; of every namespace when ``namespace`` is empty."""
        with self.changed:
            keys = sorted(key for key in self._objects if key[0] == resource and namespace in ("", key[1]))
            return [copy.deepcopy(self._objects[key]) for key in keys]

    def create(self, resource: str, namespace: str, given: Object) -> Object:
        with self.changed:
            name = given["metadata"].get("name") or given["metadata"]["generateName"] + uuid.uuid4().hex[:5]
            if self.find(resource, namespace, name):
                raise Refusal(409, "AlreadyExists", f'{resource} "{name}" already exists')
            made = copy.deepcopy(given)
            made["metadata"] |= {
                "name": name,
                "uid": str(uuid.uuid4()),
                "creationTimestamp": self.now(),
                "generation": 1,
            }
            if namespace:
                made["metadata"]["namespace"] = namespace
            return self._write("ADDED", resource, namespace, made)

    def update(self, resource: str, namespace: str, given: Object) -> Object:
        """Store a changed copy; what is equal changes no version. The last finalizer gone, a deleted object goes."""
        with self.changed:
            meta = given["metadata"]
            old = self.get(resource, namespace, meta["name"])
            if meta.get("resourceVersion") not in (None, old["metadata"]["resourceVersion"]):
                words = "the object has been modified; please apply your changes to the latest version and try again"
                raise Refusal(409, "Conflict", f'Operation cannot be fulfilled on {resource} "{meta["name"]}": {words}')
            made = copy.deepcopy(given)
            made["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
            if made == old:
                return old
            if made.get("spec") != old.get("spec"):
                made["metadata"]["generation"] = old["metadata"]["generation"] + 1
            if "deletionTimestamp" in made["metadata"] and not made["metadata"].get("finalizers"):
                return self._write("DELETED", resource, namespace, made)
            return self._write("MODIFIED", resource, namespace, made)

    def delete(self, resource: str, namespace: str, name: str) -> Object:
        """At once, or once its finalizers are gone."""
        with self.changed:
            found = self.get(resource, namespace, name)
            if not found["metadata"].get("finalizers"):
                return self._write("DELETED", resource, namespace, found)
            found["metadata"].setdefault("deletionTimestamp", self.now())
            return self.update(resource, namespace, found)

    def _write(self, change: str, resource: str, namespace: str, made: Object) -> Object:
        self.version += 1
        made["metadata"]["resourceVersion"] = str(self.version)
        key = (resource, namespace, made["metadata"]["name"])
        if change == "DELETED":
            self._objects.pop(key, None)
        else:
            self._objects[key] = made
        self._history.append(Entry(self.version, change, resource, namespace, copy.deepcopy(made)))
        self.changed.notify_all()
        self.on_change()
        return copy.deepcopy(self._objects.get(key, made))

    def since(self, version: int, resource: str, namespace: str) -> list[Entry]:
        """Raises 410 for what ``compact`` has forgotten."""
        with self.changed:
            if version < self.oldest:
                raise Refusal(410, "Expired", f"too old resource version: {version} ({self.oldest})")
            return [
                entry
                for entry in self._history
                if entry.version > version and entry.resource == resource and namespace in ("", entry.namespace)
            ]

    def compact(self) -> None:
        """Forget the history, as etcd does every five minutes."""
        with self.changed:
            self.oldest = self.version
            self._history.clear()

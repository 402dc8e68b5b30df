"""What a request does to the objects: get, list, create, patch, delete, and who may."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.api_server.job_controller import JobController
from tests.api_server.store import Object, Refusal, Store
from tests.api_server.writing import Owners, apply, check_fields, check_job, merge_patch, note_update

_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?$"
)
_RESOURCES = {
    "": {
        "pods",
        "events",
        "configmaps",
        "serviceaccounts",
        "resourcequotas",
        "limitranges",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
    },
    "batch": {"jobs"},
    "coordination.k8s.io": {"leases"},
    "kueue.x-k8s.io": {"localqueues", "clusterqueues"},
    "authorization.k8s.io": {"selfsubjectaccessreviews"},
}
_CLUSTER_WIDE = ("namespaces", "nodes", "clusterqueues", "selfsubjectaccessreviews")


@dataclass(frozen=True)
class Target:
    group: str
    namespace: str
    resource: str
    name: str
    sub: str


class Resources:
    def __init__(self, store: Store, jobs: JobController) -> None:
        self.store = store
        self.jobs = jobs
        self.denied: set[tuple[str, str]] = set()
        self.owners: dict[str, Owners] = {}
        self.kueue = False
        """Whether it is installed."""

    def respond(self, method: str, url: str, content_type: str, body: bytes) -> tuple[int, Object]:
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/version":
            return 200, {"major": "1", "minor": "34+", "gitVersion": "v1.34.0-test"}
        if parts.path == "/apis/kueue.x-k8s.io" and self.kueue:
            return 200, {"preferredVersion": {"groupVersion": "kueue.x-k8s.io/v1beta1"}}
        target = self.target(parts.path)
        verb = {"GET": "get" if target.name else "list", "POST": "create", "PUT": "update"}.get(method, method.lower())
        self.authorize(verb, target)
        given = json.loads(body) if body else {}
        with self.store.changed:
            match method:
                case "GET" if target.name:
                    return 200, self.store.get(target.resource, target.namespace, target.name)
                case "GET":
                    return 200, self._list(target, query)
                case "POST":
                    return 201, self._create(target, given, query)
                case "PATCH" | "PUT":
                    return 200, self._change(target, given, query, content_type if method == "PATCH" else "")
                case "DELETE":
                    return 200, self._delete(target, given | query)
        raise Refusal(405, "MethodNotAllowed", method)

    def target(self, path: str) -> Target:
        found = _PATH.match(unquote(path))
        group, resource = (found["group"] or "", found["resource"]) if found else ("", "")
        if not found or resource not in _RESOURCES.get(group, ()):
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        namespace = "" if resource in _CLUSTER_WIDE else found["namespace"] or ""
        return Target(group, namespace, resource, found["name"] or "", found["sub"] or "")

    def authorize(self, verb: str, target: Target) -> None:
        if (verb, target.resource) in self.denied:
            what = f'cannot {verb} resource "{target.resource}" in API group "{target.group}"'
            thing = f"{target.resource}.{target.group}".rstrip(".")
            raise Refusal(
                403, "Forbidden", f'{thing} is forbidden: User "tester" {what} in the namespace "{target.namespace}"'
            )

    def _list(self, target: Target, query: dict[str, str]) -> Object:
        version, after = str(self.store.version), ""
        if token := query.get("continue"):
            version, after = json.loads(base64.b64decode(token))
            if int(version) < self.store.oldest:
                raise Refusal(410, "Expired", "The provided continue parameter is too old to display a consistent list")
        wanted = [item for item in self.store.all(target.resource, target.namespace) if selected(item, query)]
        wanted = [item for item in wanted if item["metadata"]["name"] > after]
        limit = int(query.get("limit", "0")) or len(wanted)
        meta = {"resourceVersion": version}
        if len(wanted) > limit:
            meta["continue"] = base64.b64encode(
                json.dumps([version, wanted[limit - 1]["metadata"]["name"]]).encode()
            ).decode()
        return {"metadata": meta, "items": wanted[:limit]}

    def _create(self, target: Target, given: Object, query: dict[str, str]) -> Object:
        if target.resource == "selfsubjectaccessreviews":
            wanted = given["spec"]["resourceAttributes"]
            return given | {"status": {"allowed": (wanted["verb"], wanted["resource"]) not in self.denied}}
        if target.sub == "eviction":
            pod = self.store.get("pods", target.namespace, target.name)
            pod["status"].setdefault("conditions", []).append(
                {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
            )
            self.store.update("pods", target.namespace, pod)
            return self.store.delete("pods", target.namespace, target.name)
        self._namespace_exists(target)
        if target.resource == "jobs":
            check_fields(given, applied=False)
            given = _defaulted(given)
            check_job(given, None)
        if query.get("dryRun"):
            return given
        made = self.store.create(target.resource, target.namespace, given)
        owners = self.owners.setdefault(made["metadata"]["uid"], {})
        note_update({"metadata": {}}, made, owners, query.get("fieldManager", "client"))
        return made

    def _change(self, target: Target, given: Object, query: dict[str, str], content_type: str) -> Object:
        old = self.store.find(target.resource, target.namespace, target.name)
        applying = content_type == "application/apply-patch+yaml"
        manager = query.get("fieldManager", "client")
        if target.resource == "jobs" and applying:
            check_fields(given, applied=True)
        if old is None:
            if not applying:
                return self.store.get(target.resource, target.namespace, target.name)
            self.authorize("create", target)
            self._namespace_exists(target)
            made = _defaulted(given) if target.resource == "jobs" else given
            if target.resource == "jobs":
                check_job(made, None)
            if query.get("dryRun"):
                return made
            made = self.store.create(target.resource, target.namespace, made)
            apply({"metadata": {}}, given, self.owners.setdefault(made["metadata"]["uid"], {}), manager, force=False)
            return made
        owners = self.owners.setdefault(old["metadata"]["uid"], {})
        if applying:
            new = apply(old, given, owners, manager, query.get("force") == "true")
        elif content_type == "application/merge-patch+json":
            new = merge_patch(old, given)
        elif not content_type:
            new = given
        else:
            raise Refusal(
                415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}"
            )
        if target.sub == "status":
            new = {**old, "status": new.get("status", {})}
        elif "status" in old:
            new = {**new, "status": old["status"]}
        if target.resource == "jobs":
            check_job(new, old)
        if not applying:
            note_update(old, new, owners, manager)
        return old if query.get("dryRun") else self.store.update(target.resource, target.namespace, new)

    def _delete(self, target: Target, options: Object) -> Object:
        found = self.store.get(target.resource, target.namespace, target.name)
        if target.resource == "jobs":
            return self.jobs.delete_job(found, options.get("propagationPolicy", "Background"))
        return self.store.delete(target.resource, target.namespace, target.name)

    def _namespace_exists(self, target: Target) -> None:
        if target.namespace and not self.store.find("namespaces", "", target.namespace):
            raise Refusal(404, "NotFound", f'namespaces "{target.namespace}" not found')


def selected(item: Object, query: dict[str, str]) -> bool:
    labels = item["metadata"].get("labels") or {}
    return all(_holds(term, labels.get) for term in _terms(query, "labelSelector")) and all(
        _holds(term, lambda path: _dig(item, path)) for term in _terms(query, "fieldSelector")
    )


def _terms(query: dict[str, str], name: str) -> list[str]:
    return [term for term in query.get(name, "").split(",") if term]


def _holds(term: str, value: Callable[[str], Any]) -> bool:
    name, operator, wanted = re.fullmatch(r"([^!=]+)(!=|==|=)(.*)", term).groups()  # type: ignore[union-attr]
    return ((value(name) or "") == wanted) is (operator != "!=")


def _dig(item: Any, path: str) -> Any:
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def _defaulted(job: Object) -> Object:
    spec = {"parallelism": 1, "suspend": False, "completionMode": "NonIndexed", "backoffLimit": 6} | job["spec"]
    labels = job["metadata"].get("labels") or spec["template"].get("metadata", {}).get("labels", {})
    return {**job, "metadata": {**job["metadata"], "labels": labels}, "spec": spec, "status": {}}

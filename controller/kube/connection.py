"""Finds the API server, the identity and the namespace, from a kubeconfig or from inside a pod."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from controller.kube.api_errors import ContextError
from controller.kube.kubectl import cluster_wide
from controller.labels import MANAGER
from jobs.library_errors import in_our_words

DEFAULT_KUBECONFIG = "~/.kube/config"
IN_POD = "KUBERNETES_SERVICE_HOST"
"""The variable that every pod has."""
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Connection:
    context: str
    """The kubeconfig's name for it; ``in-cluster`` inside a pod."""
    namespace: str
    client: Any
    """The official library's ``ApiClient``, set up and not yet used."""


def connect(context: str | None = None, namespace: str | None = None, kubeconfig: str | None = None) -> Connection:
    """Set up a client; nothing is sent. Without ``context`` the kubeconfig's current one, or the pod's own cluster.

    ``kubeconfig`` is a path, or several joined by ``:``; without it the variable ``KUBECONFIG``, then
    ``~/.kube/config``. Raises ``ContextError``.
    """
    import urllib3
    from kubernetes.client.api_client import ApiClient
    from kubernetes.client.configuration import Configuration

    configuration = Configuration()
    # urllib3 would repeat by rules of its own, asleep where no caller can see it.
    configuration.retries = False
    given = kubeconfig or os.environ.get("KUBECONFIG")
    if not given and not context and IN_POD in os.environ:
        name, default_namespace = "in-cluster", _load_in_cluster(configuration)
    else:
        name, default_namespace = _load_kubeconfig(configuration, given or DEFAULT_KUBECONFIG, context)
    if not configuration.verify_ssl:
        # The kubeconfig says so; a warning with every request would tell nobody anything new.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    client = ApiClient(configuration)
    client.user_agent = MANAGER
    return Connection(name, namespace or default_namespace, client)


def known_contexts() -> list[str]:
    """The contexts of the kubeconfig; none if there is no kubeconfig, or one that cannot be read."""
    from kubernetes.config import list_kube_config_contexts

    paths = os.environ.get("KUBECONFIG") or DEFAULT_KUBECONFIG
    try:
        contexts, _ = list_kube_config_contexts(os.path.expanduser(paths))  # noqa: PTH111
        return [str(entry["name"]) for entry in contexts]
    except Exception:  # a damaged file: the library lets through whatever it trips over
        return []


def is_pod_without_kubeconfig() -> bool:
    """Then the pod's own cluster is the only one there is."""
    kubeconfig = os.environ.get("KUBECONFIG") or Path(DEFAULT_KUBECONFIG).expanduser().is_file()
    return IN_POD in os.environ and not kubeconfig


def _load_in_cluster(configuration: Any) -> str:
    from kubernetes.config import ConfigException, load_incluster_config

    try:
        load_incluster_config(configuration)
        return (SERVICE_ACCOUNT / "namespace").read_text().strip()
    except (ConfigException, OSError) as error:
        raise ContextError(
            "the pod's service account",
            in_our_words(error),
            "set automountServiceAccountToken: true, or give a kubeconfig",
        ) from error


def _load_kubeconfig(configuration: Any, paths: str, context: str | None) -> tuple[str, str]:
    """Returns the context's name and namespace."""
    from kubernetes.config import list_kube_config_contexts, load_kube_config

    if not any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path):
        raise ContextError(
            paths,
            "there is no kubeconfig",
            "gcloud container clusters get-credentials CLUSTER --location LOCATION, or set KUBECONFIG",
        )
    paths = os.pathsep.join(os.path.expanduser(path) for path in paths.split(os.pathsep))  # noqa: PTH111
    try:
        contexts, current = list_kube_config_contexts(paths)
        found = {entry["name"]: entry.get("context") or {} for entry in contexts}
    except Exception as error:  # a damaged file: the library lets through whatever it trips over
        if context is None and "current-context" in str(error):
            raise ContextError(paths, "it names no current context", cluster_wide("config use-context NAME")) from error
        raise ContextError(
            paths, f"cannot be read as a kubeconfig: {in_our_words(error)}", cluster_wide("config view")
        ) from error
    if context is not None and context not in found:
        raise _no_such_context(paths, context, sorted(found))
    name = context or current["name"]
    try:
        load_kube_config(paths, context=name, client_configuration=configuration, persist_config=False)
    except Exception as error:  # certificates, credential helpers: as above
        raise ContextError(
            f"context {name}", f"its credentials cannot be loaded: {in_our_words(error)}", cluster_wide("version")
        ) from error
    return name, found[name].get("namespace") or "default"


def _no_such_context(paths: str, context: str, names: list[str]) -> ContextError:
    near = get_close_matches(context, names, n=3, cutoff=0.5)
    said = f"nearest: {', '.join(near)}" if near else f"it has: {', '.join(names[:10]) or 'none'}"
    look = cluster_wide("config get-contexts")
    return ContextError(f"context {context}", f"{paths} has no such context; {said}", look)

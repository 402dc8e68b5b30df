"""Credentials of a service account, as a kubeconfig."""

import base64
from pathlib import Path
from typing import Any

from controller.clusters.kubernetes import KubernetesCluster


def kubeconfig_of(cluster: KubernetesCluster, account: str) -> dict[str, Any]:
    """With a token by TokenRequest, valid for an hour."""
    path = f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/{account}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    token = cluster.api.post(path, request)["status"]["token"]
    configuration = cluster.api._client.configuration
    server: dict[str, Any] = {"server": configuration.host}
    if not configuration.verify_ssl:
        server["insecure-skip-tls-verify"] = True
    elif configuration.ssl_ca_cert:
        server["certificate-authority-data"] = base64.b64encode(Path(configuration.ssl_ca_cert).read_bytes()).decode()
    if configuration.tls_server_name:
        server["tls-server-name"] = configuration.tls_server_name
    context = {"cluster": "cluster", "user": account, "namespace": cluster.namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": account,
        "clusters": [{"name": "cluster", "cluster": server}],
        "users": [{"name": account, "user": {"token": token}}],
        "contexts": [{"name": account, "context": context}],
    }

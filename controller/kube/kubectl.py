"""The kubectl commands that we advise. Each says which namespace it is about, or is about the cluster as a whole."""

CLUSTER_INFO = "kubectl cluster-info"
"""Shows whether the API server answers, and at which address."""


def within(namespace: str, command: str) -> str:
    """``kubectl --namespace papers describe job step-1``; without a namespace, in kubectl's current one."""
    return cluster_wide(f"--namespace {namespace} {command}" if namespace else command)


def cluster_wide(command: str) -> str:
    """``kubectl get node n1``: about what is in no namespace, or about kubectl itself."""
    return f"kubectl {command}"

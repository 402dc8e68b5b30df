"""The work itself: everything that runs inside a container. Knows nothing of Kubernetes."""

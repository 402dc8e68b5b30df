"""The Kubernetes API: requests, retries, watches, errors and leader election."""

"""Labels and annotations of Jobs and pods: ours, Kubernetes' and Kueue's. A contract with every Job already made."""

from __future__ import annotations

from typing import Any

LABEL_NAME = "app.kubernetes.io/name"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_KIND = "covid-ctl/kind"
LABEL_RECIPE = "covid-ctl/recipe"
LABEL_QUEUE = "kueue.x-k8s.io/queue-name"
ANNOTATION_SPEC = "covid-ctl/spec-sha256"
ANNOTATION_TEMPLATE = "covid-ctl/template-sha256"
"""Hash of the pod template that the Job was made with: tells whether the profile has changed since."""
ANNOTATION_BUCKET = "covid-ctl/bucket"
ANNOTATION_AFTER = "covid-ctl/after"
"""The steps, separated by commas, that must be complete before the Job is released."""
ANNOTATION_LABEL = "covid-ctl/label"
"""What people call the step, as it was when the Job was created."""
ANNOTATION_QUEUE = "covid-ctl/queue"
"""The Kueue queue that a released Job is put into. Its label comes with the release: from then on Kueue,
which takes any Job that has the label, is the one that unsuspends."""
ANNOTATION_GATE = "kueue.x-k8s.io/admission-gated-by"
"""Has Kueue leave a Job alone until it is removed. Kueue honours it only where a Job is created with it (since 0.19, in
0.17 and 0.18 behind a feature gate)."""
GATE = "covid-ctl/inputs"
ANNOTATION_EVICTION = "cluster-autoscaler.kubernetes.io/safe-to-evict"
ANNOTATION_LONGEST_RUN = "provreq.kueue.x-k8s.io/maxRunDurationSeconds"
"""Kueue hands what begins with ``provreq.kueue.x-k8s.io/`` on to the ProvisioningRequest, as a parameter."""
MANAGER = "covid-ctl"
CONTAINER = "step"
"""The name of the only container in every pod."""

LABEL_JOB = "batch.kubernetes.io/job-name"
LABEL_INDEX = "batch.kubernetes.io/job-completion-index"
ANNOTATION_FAILURES = "batch.kubernetes.io/job-index-failure-count"
ANNOTATION_IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"

Job = dict[str, Any]
"""A ``batch/v1`` Job as the API spells it: camelCase keys."""

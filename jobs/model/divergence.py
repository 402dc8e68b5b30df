"""Ends a run whose loss or gradient left the finite numbers, and says which examples did it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jobs.artifact import Artifact
from jobs.errors import DivergedError
from jobs.layout import DIVERGED
from jobs.model.sampler import BatchSampler
from jobs.spec import canonical


def check_finite(
    names: Sequence[str],
    metrics: npt.NDArray[np.float32],
    first: int,
    batches: BatchSampler,
    artifact: Artifact,
    section: str,
) -> None:
    """Raises ``DivergedError`` when not all ``metrics`` [K, len(names)] of the steps from ``first`` are finite.

    The bucket then has ``diverged/<step>.json`` with the batch of the first such step, by file and record. ``section``
    of the recipe sets the learning rate.
    """
    finite = np.isfinite(metrics).all(axis=1)
    if finite.all():
        return
    k = int(np.argmin(finite))
    step, values = first + k, dict(zip(names, map(str, metrics[k]), strict=True))
    batch = [batches.examples.where(int(index)) for index in batches.indices(step)]
    identity = f"{DIVERGED}/{step:08d}.json"
    artifact.store.put(artifact.path(identity), canonical({"step": step, **values, "examples": batch}))
    raise DivergedError(
        f"step {step:,}",
        f"loss {values['loss']}, gradient norm {values['gradient_norm']}; the step's batch begins with {batch[0]}, "
        f"all of it is in {artifact.path(identity)}",
        f"submit it with a lower learning rate: --set {section}.learning_rate=...",
    )

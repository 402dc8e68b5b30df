"""How a batch is divided over replicas, and over the parts that one replica computes. Pure and light."""

from __future__ import annotations

from jobs.errors import ConfigurationError


def per_replica(batch_size: int, replicas: int, on: str, accumulation: int = 1, section: str = "schedule") -> int:
    """Examples that a replica computes at once: one of its ``accumulation`` microbatches. ``on`` names the hardware,
    ``section`` that of the recipe which sets the batch.

    Raises ``ConfigurationError`` when the batch cannot be split evenly.
    """
    microbatches = replicas * accumulation
    if batch_size % microbatches:
        even = -(-batch_size // microbatches) * microbatches
        each = f", each in {accumulation} microbatches (schedule.accumulation)" if accumulation > 1 else ""
        raise ConfigurationError(
            f"{section}.train_batch_size {batch_size}",
            f"it cannot be split evenly over {replicas} replicas ({on}){each}",
            f"submit it with a multiple: --set {section}.train_batch_size={even}",
        )
    return batch_size // microbatches

"""What ``make_files`` wrote."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Made:
    model: Path
    """The directory that an export publishes."""
    exported: dict[str, Any]
    """Inputs, and the logits that TensorFlow computes for them with the weights of ``model``."""
    random: dict[str, Any]
    """The same of another model, with its weights by google's names."""
    tokens: dict[str, Any]

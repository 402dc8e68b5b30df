"""Amounts as Kubernetes writes them: ``500m`` CPUs, ``2Gi`` of memory."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_UNITS = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3} | {
    f"{letter}{i}": (1024.0 if i else 1000.0) ** power
    for power, letter in enumerate("KMGTPE", 1)
    for i in ("", "i")
    if letter + i != "K"
}  # fmt: skip
_LEAST_BYTES = 2**20


def quantity(text: str) -> float:
    """``500m``, ``2Gi`` or ``4`` as a number."""
    digits = text.rstrip("numkKMGTPEi")
    return float(digits) * _UNITS[text[len(digits) :]]


def _some_cpu(text: str) -> str:
    if quantity(text) <= 0:
        raise ValueError("a pod needs more than 0 CPUs; write it as 4 or 500m")
    return text


def _some_memory(text: str) -> str:
    if (size := quantity(text)) < _LEAST_BYTES:
        raise ValueError(f"{text} is {size:g} bytes, less than a pod can start with; write it as 16Gi")
    return text


def _number(value: Any) -> Any:
    """A number is as good as its text, and as YAML has it."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Cpu = Annotated[
    str,
    BeforeValidator(_number),
    Field(pattern=r"^\d+(\.\d+)?m?$", examples=["4", "500m"]),
    AfterValidator(_some_cpu),
]
"""CPUs, as ``4`` or ``500m``."""
Bytes = Annotated[
    str, Field(pattern=r"^\d+(\.\d+)?([kMGTP]|[KMGTP]i)?$", examples=["16Gi", "500M"]), AfterValidator(_some_memory)
]
"""Memory or disk, as ``16Gi`` or ``500M``."""

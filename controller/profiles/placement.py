"""What a profile may say of Jobs and pods in Kubernetes' own words: labels, annotations, tolerations. Checked here, so
that the API server does not refuse a Job that was already submitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from controller.labels import ANNOTATION_GATE, LABEL_MANAGED_BY, LABEL_NAME, LABEL_QUEUE, MANAGER
from jobs.validation import Section

_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_PREFIX = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
_OURS = frozenset({LABEL_NAME, LABEL_MANAGED_BY, LABEL_QUEUE, ANNOTATION_GATE})

Key = Annotated[str, Field(pattern=rf"^({_PREFIX}/)?{_NAME}$")]
"""The key of a label, an annotation or a taint: a name, with or without a domain before it."""
LabelValue = Annotated[str, Field(pattern=rf"^({_NAME})?$")]
NodeLabels = dict[Key, LabelValue]
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]


def _not_ours(found: dict[str, str]) -> dict[str, str]:
    for key in found:
        if key in _OURS or key.startswith(f"{MANAGER}/"):
            raise ValueError(f"{key} is set by covid-ctl itself")
    return found


Labels = Annotated[dict[Key, LabelValue], AfterValidator(_not_ours)]
Annotations = Annotated[dict[Key, str], AfterValidator(_not_ours)]


class Toleration(Section):
    """A taint that pods tolerate, in Kubernetes' fields."""

    key: Key | None = None
    """Without a key, and with ``Exists``, every taint is tolerated."""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""
    """Empty: every effect."""
    seconds: int | None = Field(default=None, ge=0)
    """How long a ``NoExecute`` taint is tolerated."""

    @model_validator(mode="after")
    def _is_accepted(self) -> Toleration:
        if self.operator == "Exists" and self.value:
            raise ValueError("operator Exists takes no value")
        if self.operator == "Equal" and self.key is None:
            raise ValueError("operator Equal needs a key")
        if self.seconds is not None and self.effect != "NoExecute":
            raise ValueError("seconds are for effect NoExecute alone")
        return self

    def to_json(self) -> dict[str, Any]:
        """As a pod's spec has it."""
        found = {"key": self.key, "operator": self.operator, "value": self.value, "effect": self.effect}
        return {
            **{name: value for name, value in found.items() if value},
            **({} if self.seconds is None else {"tolerationSeconds": self.seconds}),
        }

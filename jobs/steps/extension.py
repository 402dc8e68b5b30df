"""Which finished run a step goes on from, and the chain of runs that leads up to it."""

from __future__ import annotations

from typing import Any

from jobs.artifact import Artifact
from jobs.errors import ConfigurationError
from jobs.model.extended_run import ExtendedRun
from jobs.spec import EXTENDS, FIRST_STEP
from jobs.steps.context import StepContext


def extended_run(context: StepContext) -> tuple[ExtendedRun | None, list[dict[str, Any]]]:
    """The run that this one goes on from, and the chain that leads up to it, the first run first; None and nothing."""
    spec = context.artifact.spec
    name = spec.inputs.get(EXTENDS)
    if name is None:
        return None, []
    artifact = Artifact.open(context.store, name)
    before = artifact.require()
    if (made := before.facts["steps"]) != spec.settings[FIRST_STEP]:
        reason = f"it made {made:,} steps, {spec.name} goes on from {spec.settings[FIRST_STEP]:,}"
        raise ConfigurationError(name, reason, "submit it again")
    schedule = before.spec.settings["schedule"]
    link = {"name": name, "steps": made, "decay_steps": schedule.get("decay_steps") or schedule["train_steps"]}
    if cooldown := schedule.get("cooldown_steps"):
        link["cooldown_steps"] = cooldown
    return ExtendedRun(artifact, made), [*before.facts.get("extends", []), link]

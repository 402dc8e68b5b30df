"""Tables of steps, checks, estimates, artifacts and recipes. Nothing here decides."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from controller.cli.console import console_of
from controller.cli.words import (
    cost_text,
    duration,
    hours_text,
    result_text,
    shards_text,
    short_span,
    size,
    spent_text,
)
from controller.status.derive import State
from controller.status.step_status import StepState, summary

if TYPE_CHECKING:
    # Each command makes one of these tables, and importing what the others are made of takes as long as its work.
    from controller.costs.estimate import Estimate
    from controller.doctor.check import Check
    from controller.planning.dry_run import DryRun
    from controller.status.explain import Explanation
    from controller.status.gc import Removal
    from controller.status.spending import Spending
    from jobs.artifact import Manifest
    from jobs.recipe import Recipe

WHOLE_LINES = 100_000
"""Width of what a pipe gets: its reader cuts lines as it likes."""
NARROW = 80
"""Columns below which ages are left out: names and states are whole at any width."""


def dry_run_table(planned: DryRun) -> Table:
    from controller.planning.provenance import corpus_text

    labels = [step.label for step in planned.steps]
    table = table_of("STEP", *_label_column(labels), "SHARDS", "STATE", "CORPUS")
    for step in planned.steps:
        state = "already complete" if step.complete else "to run"
        named = [step.name, *([step.label] if any(labels) else [])]
        table.add_row(*named, f"{step.shards:,}", state, corpus_text(step.corpus))
    return table


def checks_table(checks: Sequence[Check]) -> Table:
    table = table_of("CHECK", "STATE", "REASON", "NEXT")
    for check in checks:
        table.add_row(check.name, check.state, check.reason, check.remedy)
    return table


def estimate_table(estimate: Estimate, *, width: int = WHOLE_LINES) -> Table:
    """Where it is narrow, what an estimate goes by is left out."""
    basis = ["BY", "AT"] if width >= NARROW else []
    table = table_of("STEP", "PODS", "ON", "TIME", "COST", *basis)
    for step in estimate.steps:
        why = (step.basis, step.price) if basis else ()
        table.add_row(step.kind, f"{step.pods}", step.on, hours_text(step.hours), cost_text(step.dollars), *why)
    if len(estimate.steps) > 1:
        table.add_row("total", "", "", hours_text(estimate.hours), cost_text(estimate.dollars), *([""] * len(basis)))
    return table


def artifacts_table(manifests: Sequence[Manifest], labels: Mapping[str, str]) -> Table:
    """``labels`` are those of the steps that have one, by name."""
    column = _label_column(labels.values())
    table = table_of("ARTIFACT", *column, "FILES", "SIZE", "CONTENT")
    for manifest in manifests:
        total = sum(output.size for output in manifest.outputs)
        named = [manifest.name, *([labels.get(manifest.name, "")] if column else [])]
        table.add_row(*named, f"{len(manifest.outputs)}", size(total), summary(manifest))
    return table


def outputs_table(manifest: Manifest) -> Table:
    table = table_of("FILE", "SIZE", "CRC32C")
    for output in manifest.outputs:
        table.add_row(output.path, size(output.size), output.crc32c)
    return table


def recipes_table(recipes: Sequence[Recipe]) -> Table:
    table = table_of("RECIPE", "STEPS", "BATCH", "VOCABULARY", "DESCRIPTION")
    for recipe in recipes:
        vocabulary = recipe.vocabulary
        table.add_row(
            recipe.name,
            f"{recipe.schedule.train_steps:,}",
            f"{recipe.schedule.train_batch_size:,}",
            f"{vocabulary.entries:,}" if vocabulary.size else "learned",
            recipe.description,
        )
    return table


def manifest_json(manifest: Manifest, label: str) -> dict[str, Any]:
    """A complete step as programs get it: its manifest, and what people call it."""
    return {**asdict(manifest), "spec": manifest.spec.to_json(), "label": label}


def as_lines(table: Table) -> str:
    """A table as a pipe gets it: whole lines, which its reader cuts as it likes."""
    out = StringIO()
    console_of(out, width=WHOLE_LINES).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _label_column(labels: Iterable[str]) -> list[str]:
    """Where nobody gave a step a label there is none."""
    return ["LABEL"] if any(labels) else []


def width_of_output() -> int:
    """Columns of the terminal; in a pipe lines are whole."""
    return console_of(sys.stdout).width if sys.stdout.isatty() else WHOLE_LINES


_NUMBERS = ("SHARDS", "AGE", "TOOK", "FILES", "SIZE", "PODS", "STEPS", "BATCH", "VOCABULARY", "OBJECTS", "COST")
"""Columns whose numbers are compared down the column: to the right."""
_PROSE = ("LABEL", "REASON", "DESCRIPTION", "CONTENT", "BY", "NEXT", "CORPUS", "ON", "RESULT")
"""Columns that are broken into lines where the terminal is narrow; names and numbers are whole."""


def table_of(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in _NUMBERS else "left",
            no_wrap=column not in _PROSE,
            overflow="fold",
        )
    return table


def step_json(state: StepState, spent: Spending | None) -> dict[str, Any]:
    """A step as programs get it. Field names are a contract; ``heard_at`` is the time of the last heartbeat."""
    fields = asdict(state)
    fields["heard_at"] = fields.pop("last_heartbeat_at")
    return {**fields, "spending": asdict(spent) if spent else None}


def check_json(check: Check) -> dict[str, Any]:
    """A check as programs get it: ``fix`` is the remedy."""
    return {"name": check.name, "state": check.state, "reason": check.reason, "fix": check.remedy}


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """An explanation as programs get it: ``next`` holds the remedies."""
    fields = asdict(explanation)
    fields["next"] = fields.pop("remedies")
    return fields


GREEN, BLUE, ORANGE, RED, VIOLET = (f"color({number})" for number in (28, 31, 130, 160, 133))
"""Some of the 256 colours that can be read on white and on black; a terminal's own yellow and cyan often cannot."""
STYLES = {
    State.COMPLETE: GREEN,
    State.RUNNING: f"bold {BLUE}",
    State.PENDING: BLUE,
    State.SUBMITTED: BLUE,
    State.WAITING: ORANGE,
    State.ENDING: ORANGE,
    State.FAILED: f"bold {RED}",
    State.DAMAGED: f"bold {RED}",
    State.INTERRUPTED: VIOLET,
    State.UNKNOWN: VIOLET,
    State.CANCELLED: "dim",
    State.COLLECTED: "dim",
}


def status_table(
    states: Sequence[StepState],
    spent: Mapping[str, Spending],
    *,
    now: float,
    wide: bool = False,
    width: int = WHOLE_LINES,
) -> Table:
    """Ages are as of ``now``. ``wide`` adds costs, where a price is known, and when the step was submitted."""
    priced = wide and any(one.dollars is not None for one in spent.values())
    ages = ["AGE", "TOOK"] if width >= NARROW else []
    labels = _label_column(state.label for state in states)
    more = [*(["COST"] if priced else []), *(["SUBMITTED"] if wide else [])]
    table = table_of("NAME", *labels, "STATE", "SHARDS", *ages, *more, "RESULT")
    for state in states:
        submitted = datetime.fromtimestamp(state.submitted_at).astimezone().strftime("%Y-%m-%d %H:%M %Z")
        times = [
            short_span(now - state.submitted_at) if state.submitted_at else "",
            duration(state.took_seconds) if state.took_seconds is not None else "",
        ]
        table.add_row(
            state.name,
            *([state.label] if labels else []),
            Text(state.state, STYLES[state.state]),
            shards_text(state),
            *(times if ages else []),
            *([spent_text(spent.get(state.name))] if priced else []),
            *([submitted if state.submitted_at else ""] if wide else []),
            result_text(state),
        )
    return table


def gc_table(removals: Sequence[Removal]) -> Table:
    table = table_of("WHAT", "OF", "OBJECTS", "SIZE", "REASON")
    for removal in removals:
        table.add_row(removal.what, removal.name, f"{len(removal.paths):,}", size(removal.bytes), removal.why)
    return table

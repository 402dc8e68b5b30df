"""Explains in one paragraph why a step does not go on, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.status.derive import State
from controller.status.step_status import StepState
from controller.time_words import ago, times


@dataclass(frozen=True)
class Explanation:
    """Programs read it as JSON: fields may be added, and keep their names and meaning."""

    name: str
    state: State
    text: str
    remedies: tuple[str, ...]
    """What to do, the most promising first; empty when there is nothing to do but wait."""
    cause: str
    """The step that is the cause: the name itself, or an input that holds it up."""
    label: str = ""
    """What people call the step."""


def explain(step: StepState, inputs: Mapping[str, StepState], *, now: float, unreachable: str = "") -> Explanation:
    """``inputs`` are the steps that are not complete of all that it reads, directly or through others."""
    chain = _chain(step, inputs)
    cause = chain[-1]
    called = f"{step.name} ({step.label})" if step.label else step.name
    sentences = [f"{called} {_what(step)}.", *(f"{held.name} {_what(held)}." for held in chain[1:])]
    sentences.append(f"{'It' if cause is step else cause.name} {_history(cause, now)}.")
    if unreachable:
        sentences.append(f"The cluster could not be asked ({unreachable}): this is what the bucket knows.")
    return Explanation(step.name, step.state, " ".join(sentences), _remedies(cause), cause.name, step.label)


def _chain(step: StepState, inputs: Mapping[str, StepState]) -> list[StepState]:
    """From the step to the cause of its waiting; of several missing inputs, the least likely to come is followed."""
    chain = [step]
    while chain[-1].state in (State.WAITING, State.SUBMITTED, State.UNKNOWN):
        held_up_by = [inputs[name] for name in chain[-1].missing if name in inputs]
        if not held_up_by:
            break
        chain.append(min(held_up_by, key=lambda found: (found.state.goes_on, found.state is State.RUNNING)))
    return chain


def _what(step: StepState) -> str:
    reason = step.reason.rstrip(".")
    because = f": {reason}" if reason else ""
    match step.state:
        case State.COMPLETE:
            return "is complete: there is nothing to wait for"
        case State.RUNNING:
            return f"runs{f', but {reason}' if reason else ''}"
        case State.PENDING:
            return f"has its Job, and no pod of it runs{because}"
        case State.WAITING | State.ENDING:
            return reason or f"is {step.state}"
        case State.SUBMITTED:
            return f"was submitted{because}"
        case State.UNKNOWN:
            return f"is not complete; last known of it{because}"
        case State.DAMAGED:
            return f"cannot be read{because}"
        case _:
            return f"is {step.state}{because}" if step.state is State.INTERRUPTED else f"{_PAST[step.state]}{because}"


_PAST = {State.FAILED: "has failed", State.CANCELLED: "was cancelled", State.COLLECTED: "was removed by gc"}


def _history(step: StepState, now: float) -> str:
    """The step's history so far, in clauses."""
    progress = step.progress
    facts = [f"was submitted {ago(now - step.submitted_at)}" if step.submitted_at else "is in the ledger"]
    facts += [f"extends {step.extends}"] if step.extends else []
    if step.state is State.COMPLETE:
        return _joined(facts)
    if progress.shards > 1:
        facts.append(f"has {progress.shards_done} of {progress.shards} shards done")
    if step.active and step.state is State.RUNNING:
        facts.append(f"has {_shards(step.active)} under way")
    if step.failed:
        facts.append(f"has lost {_shards(step.failed)} for good")
    if step.retries:
        facts.append(f"was retried {times(step.retries)}")
    if step.preempted:
        facts.append(f"was preempted {times(step.preempted)} (which costs no retry)")
    if step.checkpoint is not None:
        facts.append(f"has its newest checkpoint at step {step.checkpoint:,}")
    if step.last_heartbeat_at is not None:
        facts.append(f"gave its last sign of life {ago(now - step.last_heartbeat_at)}")
    return _joined(facts)


def _remedies(cause: StepState) -> tuple[str, ...]:
    advice = [cause.remedy] if cause.remedy else []
    if cause.state in (State.FAILED, State.INTERRUPTED) and not any("covid-ctl logs" in one for one in advice):
        advice.insert(0, f"see what its workers said: covid-ctl logs {cause.name}")
    if cause.state is State.COMPLETE:
        advice = [f"see what it made: covid-ctl artifacts {cause.name}"]
    return tuple(advice)


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _shards(count: int) -> str:
    return "one shard" if count == 1 else f"{count:,} shards"

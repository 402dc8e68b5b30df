"""The finished run that is to be extended: it is complete, and what another goes on from is there."""

from __future__ import annotations

from controller.ledger.events import Event, EventType, Ledger
from jobs.artifact import Artifact, Manifest
from jobs.errors import ConfigurationError, PreflightError
from jobs.layout import checkpoint_record
from jobs.spec import EXTENDS, FIRST_STEP, Kind, Spec
from jobs.store import Store


def finished_run(store: Store, name: str, kind: Kind) -> Manifest:
    """Raises ``ConfigurationError`` or ``PreflightError`` for a step that nothing can go on from."""
    artifact = Artifact.open(store, name)
    if artifact.spec.kind != kind:
        raise ConfigurationError(name, f"its kind is {artifact.spec.kind}, not {kind}", "covid-ctl artifacts")
    finished = artifact.manifest()
    if finished is None:
        reason = "it is not complete: only a finished run can be extended"
        remedy = f"covid-ctl explain {name}\n        the command that submitted it continues it"
        raise PreflightError(name, reason, remedy)
    _check_last_checkpoint(artifact, int(finished.facts["steps"]))
    return finished


def hold(store: Store, spec: Spec, *, at: float) -> None:
    """Note at the run that ``spec`` extends, if it extends any, that its last checkpoint is needed.

    From then on ``gc`` keeps it. Raises ``PreflightError`` when ``gc`` was first.
    """
    name = spec.inputs.get(EXTENDS)
    if name is None:
        return
    ledger = Ledger(store)
    if not any(event.type is EventType.EXTENDED and event.detail == spec.name for event in _latest(ledger, name)):
        ledger.append(name, Event(EventType.EXTENDED, at, spec.name))
    for event in _latest(ledger, name):
        if event.type is EventType.EXTENDED and event.detail == spec.name:
            break
        if event.type is EventType.CHECKPOINTS_REMOVED:
            raise _gone(name, spec.settings[FIRST_STEP])
    _check_last_checkpoint(Artifact.open(store, name), spec.settings[FIRST_STEP])


def _latest(ledger: Ledger, name: str) -> list[Event]:
    """What happened since the run was last submitted, oldest first."""
    events = ledger.events(name)
    begins = max((n for n, event in enumerate(events) if event.type is EventType.SUBMITTED), default=0)
    return events[begins:]


def _check_last_checkpoint(artifact: Artifact, steps: int) -> None:
    if not artifact.store.exists(artifact.path(checkpoint_record(steps))):
        raise _gone(artifact.name, steps)


def _gone(name: str, steps: int) -> PreflightError:
    return PreflightError(
        name,
        f"its last checkpoint, of step {steps:,}, is gone: covid-ctl gc removes those of complete steps",
        "train all steps anew: the same command without --extend",
    )

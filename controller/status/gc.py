"""What of the bucket nobody needs any more: decided here, removed by ``controller.status.removal``. Pure.

A complete step that nothing supersedes is needed, an unfinished one is needed, and so is all that they
read. Of anything else, and of what a complete step keeps beside its outputs, what is old enough may go.
The ledger stays, and every spec: what was removed can be made again under its name, as another edition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.kinds.registry import KINDS
from controller.ledger.lineage import closure, files_read, steps_read
from controller.status.derive import State
from controller.time_words import span
from jobs.layout import (
    FILES,
    LOGS,
    MANIFEST,
    PROGRESS,
    SHARDS,
    SPEC,
    STAGED,
    VOCABULARIES,
    belongs_to,
    edition_folder,
    removed_edition,
)
from jobs.recipe.naming import decisive
from jobs.spec import EXTENDS, Spec
from jobs.store import ObjectInfo

TEMPORARY, STAGED_OBJECT = "temporary file", "staged object"
DAY = 86_400.0


@dataclass(frozen=True)
class Holding:
    """A step, and what it holds in the bucket."""

    name: str
    state: State
    spec: Spec | None
    """None if it cannot be read."""
    touched_at: float
    """When it last changed: its newest event or object."""
    finished_at: float
    objects: Sequence[ObjectInfo]
    outputs: frozenset[str] = frozenset()
    """Paths in the bucket, of a complete one."""
    events: int = 0
    """In the ledger when its state was judged."""
    edition: int = 1
    """The current one."""


@dataclass(frozen=True)
class Removal:
    """Programs read it as JSON: fields may be added, and keep their names and meaning."""

    name: str
    """A step, or the object or folder of what is no step's."""
    what: str
    """``artifact``, ``leftovers``, ``checkpoints``, ``logs``, ``heartbeats``, ``vocabulary``, ``file``,
    ``temporary file`` or ``staged object``.
    """
    why: str
    paths: tuple[str, ...]
    bytes: int
    whole: bool = False
    """Only the step's spec stays."""
    events: int = 0
    edition: int = 1
    """Which of the step's editions goes, if it goes whole."""


@dataclass(frozen=True)
class Plan:
    removals: tuple[Removal, ...]
    notes: tuple[str, ...] = ()
    """Why something else was left alone."""


def plan_gc(
    holdings: Sequence[Holding],
    given: Sequence[ObjectInfo],
    temporary: Sequence[ObjectInfo] = (),
    *,
    now: float,
    older_than: float,
) -> Plan:
    """Everything that may go of what has not changed for ``older_than`` seconds."""
    specs = {held.name: held.spec for held in holdings if held.spec}
    extended = _extended(holdings)
    old = [held for held in holdings if now - held.touched_at >= older_than]
    abandoned = _abandoned(temporary, now, older_than)
    if unread := sorted(held.name for held in holdings if held.spec is None and held.objects):
        # Nobody knows what these need.
        note = f"whole steps and given files are left alone while it is not known what {', '.join(unread)} needs"
        return Plan((*(removal for held in old for removal in _beside(held, extended)), *abandoned), (note,))
    superseded = _superseded(holdings, specs)
    needed = closure(
        (held.name for held in holdings if _is_needed(held) and held.name not in superseded), specs
    )  # fmt: skip
    removals = [
        removal
        for held in old
        for removal in (
            _beside(held, extended) if held.name in needed else _whole(held, superseded.get(held.name), now)
        )
    ]
    gone = {removal.name for removal in removals if removal.whole}
    staying = [
        held.spec
        for held in holdings
        if held.spec and held.name not in gone and held.state is not State.COLLECTED
    ]  # fmt: skip
    return Plan((*removals, *_unreferenced(given, staying, now, older_than), *abandoned))


def _is_needed(held: Holding) -> bool:
    return held.state is State.COMPLETE or held.state.goes_on or held.state is State.DAMAGED


def _extended(holdings: Sequence[Holding]) -> set[str]:
    """The finished runs whose last checkpoint another, which is not finished, may still begin from."""
    ended = (State.COMPLETE, State.COLLECTED)
    return {
        held.spec.inputs[EXTENDS]
        for held in holdings
        if held.spec and EXTENDS in held.spec.inputs and held.state not in ended
    }


def _superseded(holdings: Sequence[Holding], specs: Mapping[str, Spec]) -> dict[str, str]:
    """Complete steps superseded by a newer identical request, mapped to the step that replaces them."""
    alike: dict[object, list[Holding]] = defaultdict(list)
    for held in holdings:
        if held.state is State.COMPLETE and held.spec:
            alike[_request(held.spec, specs)].append(held)
    found = {}
    for group in alike.values():
        newest = max(group, key=lambda held: (held.finished_at, held.name))
        found.update({held.name: newest.name for held in group if held is not newest})
    return found


def _request(spec: Spec, specs: Mapping[str, Spec]) -> str:
    """What was asked for, whatever version made it and how often: its inputs' requests in place of their names."""
    inputs = {}
    for field, value in spec.inputs.items():
        head, slash, rest = value.partition("/")
        is_step = head in steps_read(spec) and head in specs
        inputs[field] = f"{_request(specs[head], specs)}{slash}{rest}" if is_step else value
    alike = Spec(spec.kind, decisive(spec.settings), inputs, spec.shards, spec.recipe, version=1)
    return alike.sha256


def _whole(held: Holding, successor: str | None, now: float) -> Iterable[Removal]:
    current = [o for o in held.objects if belongs_to(held.name, held.edition, o.path)]
    if not current:
        yield from _earlier(held)
        return
    folder = edition_folder(held.name, held.edition)
    # The manifest and the records first: nothing that is half removed looks whole, whoever reads it.
    order = (f"{folder}/{MANIFEST}", f"{folder}/{SHARDS}/")
    objects = sorted(
        _all_but_spec(held), key=lambda o: (not o.path.startswith(order[0]), not o.path.startswith(order[1]), o.path)
    )
    why = f"superseded by {successor}" if successor else f"{held.state}, untouched for {span(now - held.touched_at)}"
    saves = held.spec and KINDS[held.spec.kind].saves
    if not successor and saves and any(f"/{saves}/" in o.path for o in objects):
        why += f"; its {saves} go, too"
    yield _removal(held, "artifact" if successor else "leftovers", why, objects, whole=True)


def _beside(held: Holding, extended: Collection[str]) -> Iterable[Removal]:
    """What only the making of a complete step needed, without the checkpoints of those that are being extended."""
    if held.state is not State.COMPLETE or held.spec is None:
        return
    current = edition_folder(held.name, held.edition)
    folders = {f"{held.name}/{LOGS}/": "logs", f"{held.name}/{PROGRESS}/": "heartbeats"}
    declared = KINDS[held.spec.kind]
    if (saves := declared.saves) and held.name not in extended:
        folders[f"{current}/{saves}/"] = saves
    for below, what in folders.items():
        if objects := [o for o in held.objects if o.path.startswith(below) and o.path not in held.outputs]:
            without = ", which cannot be extended then" if declared.extension and what == saves else ""
            yield _removal(held, what, f"of a complete step{without}", objects)
    yield from _earlier(held)


def _earlier(held: Holding) -> Iterable[Removal]:
    """What a removal that was interrupted left of editions that count no more, and who worked on in them."""
    earlier = range(1, held.edition)
    if objects := [o for o in held.objects if any(belongs_to(held.name, edition, o.path) for edition in earlier)]:
        yield _removal(held, "leftovers", "of an edition that was removed", objects)


def _all_but_spec(held: Holding) -> list[ObjectInfo]:
    """What a step holds, without what tells of it for ever: its spec and the marks of removed editions."""
    lasting = len(held.name) + 1
    return [o for o in held.objects if o.path[lasting:] != SPEC and removed_edition(o.path[lasting:]) is None]


def _removal(held: Holding, what: str, why: str, objects: Sequence[ObjectInfo], *, whole: bool = False) -> Removal:
    paths = tuple(o.path for o in objects)
    return Removal(held.name, what, why, paths, sum(o.size for o in objects), whole, held.events, held.edition)


def _abandoned(temporary: Sequence[ObjectInfo], now: float, older_than: float) -> list[Removal]:
    """What was on its way when its writer was killed. A writer that lives is done within a day."""
    limit = max(older_than, DAY)
    kinds = {True: STAGED_OBJECT, False: TEMPORARY}
    return [
        Removal(
            found.path, kinds[found.path.startswith(f"{STAGED}/")], "its writer was killed", (found.path,), found.size
        )
        for found in temporary
        if now - found.modified >= limit
    ]


def _unreferenced(
    given: Sequence[ObjectInfo], specs: Sequence[Spec], now: float, older_than: float
) -> Iterable[Removal]:
    read = {path for spec in specs for path in files_read(spec)}
    kinds = {VOCABULARIES: "vocabulary", FILES: "file"}
    for found in given:
        what = kinds.get(found.path.partition("/")[0])
        if what and found.path not in read and now - found.modified >= older_than:
            yield Removal(found.path, what, "no step reads it", (found.path,), found.size)

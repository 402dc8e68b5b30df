"""What may be removed from a bucket, and what never. Tables and laws over steps that read each other."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.lineage import closure, steps_read
from controller.status.derive import State
from controller.status.gc import Holding, Plan, plan_gc
from controller.status.removal import holdings, remove
from controller.status.step_status import StepState, observe_all
from jobs.artifact import Artifact
from jobs.spec import Kind, Spec
from jobs.store import ObjectInfo, Store

NOW = 1_800_000_000.0
DAY = 86400.0


def spec(kind: Kind, *reads: Spec, version: int = 1, salt: str = "", vocabulary: str = "", **settings: object) -> Spec:
    inputs = {str(read.kind): read.name for read in reads} | ({"vocabulary": vocabulary} if vocabulary else {})
    return Spec(kind, settings, inputs or {"corpus": "abc"}, version=version, salt=salt)


def held(
    found: Spec,
    state: State = State.COMPLETE,
    *,
    days: float = 100.0,
    finished: float = 0.0,
    files: tuple[str, ...] = ("out",),
    known: bool = True,
) -> Holding:
    outputs = frozenset({f"{found.name}/out"} if state is State.COMPLETE else ())
    paths = ["spec.json", *files, *(["manifest.json"] if state is State.COMPLETE else [])]
    objects = [ObjectInfo(f"{found.name}/{path}", 10) for path in paths]
    return Holding(
        found.name, state, found if known else None, NOW - days * DAY, finished or NOW - days * DAY, objects, outputs
    )


def plan(*found: Holding, vocabularies: tuple[ObjectInfo, ...] = (), days: float = 30.0) -> Plan:
    return plan_gc(found, vocabularies, now=NOW, older_than=days * DAY)


def gc_plan(store: Store, states: list[StepState], *, now: float, older_than: float) -> Plan:
    found = holdings(store, states)
    return plan_gc(found.steps, found.given, found.temporary, now=now, older_than=older_than)


def names(decided: Plan) -> set[str]:
    return {removal.name for removal in decided.removals}


INGEST = spec(Kind.INGEST)
INGEST_2 = spec(Kind.INGEST, version=2)
SCREENED = spec(Kind.SIGNATURES, INGEST)
SCREENED_2 = spec(Kind.SIGNATURES, INGEST_2)
OTHER = spec(Kind.INGEST, documents=7)
AFRESH = spec(Kind.INGEST, salt="again")
STOPPED = [State.FAILED, State.CANCELLED, State.INTERRUPTED]
GOING = [state for state in State if state.goes_on]


@pytest.mark.parametrize("state", STOPPED)
def test_what_has_stopped_long_ago_may_go_but_for_its_spec(state: State) -> None:
    (removal,) = plan(held(INGEST, state)).removals
    assert (removal.what, removal.whole, removal.bytes) == ("leftovers", True, 10)
    assert removal.paths == (f"{INGEST.name}/out",)
    assert removal.why.startswith(str(state))


@pytest.mark.parametrize("state", [*GOING, State.COMPLETE, State.DAMAGED])
def test_what_goes_on_or_is_complete_stays(state: State) -> None:
    assert names(plan(held(INGEST, state))) == set()


def test_what_has_stopped_lately_stays() -> None:
    assert names(plan(held(INGEST, State.FAILED, days=29))) == set()
    assert names(plan(held(INGEST, State.FAILED, days=29), days=20)) == {INGEST.name}


@pytest.mark.parametrize("state", [*GOING, State.COMPLETE])
def test_what_another_step_reads_stays(state: State) -> None:
    assert names(plan(held(INGEST, State.FAILED), held(SCREENED, state))) == set()


def test_what_only_the_stopped_read_may_go() -> None:
    assert names(plan(held(INGEST, State.FAILED), held(SCREENED, State.CANCELLED))) == {INGEST.name, SCREENED.name}


def test_of_what_was_made_again_the_newest_stays() -> None:
    decided = plan(held(INGEST, finished=1.0), held(INGEST_2, finished=3.0), held(AFRESH, finished=2.0), held(OTHER))
    assert {removal.name: removal.why for removal in decided.removals} == {
        INGEST.name: f"superseded by {INGEST_2.name}",
        AFRESH.name: f"superseded by {INGEST_2.name}",
    }


def test_removal_begins_with_the_manifest() -> None:
    decided = plan(held(INGEST, finished=1.0, files=("a", "out")), held(INGEST_2, finished=2.0))
    assert [Path(path).name for path in decided.removals[0].paths] == ["manifest.json", "a", "out"]


def test_a_superseded_input_stays_while_its_reader_is_not_superseded() -> None:
    assert names(plan(held(INGEST, finished=1.0), held(INGEST_2, finished=2.0), held(SCREENED))) == set()


def test_a_chain_that_was_made_again_may_go_whole() -> None:
    in_order = (INGEST, SCREENED, INGEST_2, SCREENED_2)
    decided = plan(*(held(found, finished=float(number)) for number, found in enumerate(in_order, 1)))
    assert names(decided) == {INGEST.name, SCREENED.name}


def test_what_a_complete_step_keeps_beside_its_outputs() -> None:
    trained = spec(Kind.PRETRAIN, INGEST)
    files = (
        "out",
        "logs/00000-0.log",
        "progress/00000.json",
        "checkpoints/00000001.json",
        "tensorboard/events",
        "shards/00000.json",
    )
    decided = plan(held(INGEST, files=(*files, "checkpoints/x")), held(trained, files=files))
    assert {(r.name, r.what): [Path(path).parts[1] for path in r.paths] for r in decided.removals} == {
        (INGEST.name, "logs"): ["logs"],
        (INGEST.name, "heartbeats"): ["progress"],
        (trained.name, "logs"): ["logs"],
        (trained.name, "heartbeats"): ["progress"],
        (trained.name, "checkpoints"): ["checkpoints"],
    }


@pytest.mark.parametrize("state", [*GOING, *STOPPED])
def test_checkpoints_stay_until_training_is_complete(state: State) -> None:
    files = ("checkpoints/00000001.json", "logs/00000-0.log")
    assert names(plan(held(spec(Kind.PRETRAIN, INGEST), state, days=10, files=files))) == set()


def test_lost_checkpoints_are_announced() -> None:
    (removal,) = plan(held(spec(Kind.PRETRAIN, INGEST), State.FAILED, files=("checkpoints/00000001.json",))).removals
    assert removal.why.endswith("its checkpoints go, too")


def test_vocabularies_that_nothing_reads() -> None:
    old, new, read, once_read = (
        ObjectInfo(f"vocabularies/{name}.txt", 5, modified)
        for name, modified in [("old", 0.0), ("new", NOW - DAY), ("read", 0.0), ("once-read", 0.0)]
    )
    reader = spec(Kind.PREPROCESS, INGEST, vocabulary=read.path)
    failed = spec(Kind.PREPROCESS, INGEST, vocabulary=once_read.path)
    found = [held(INGEST), held(reader), held(failed, State.FAILED)]
    decided = plan(*found, vocabularies=(old, new, read, once_read))
    assert names(decided) == {old.path, failed.name, once_read.path}


def test_while_a_spec_cannot_be_read_only_what_lies_beside_outputs_goes() -> None:
    unread = held(OTHER, State.DAMAGED, known=False)
    stopped, complete = held(INGEST, State.FAILED), held(AFRESH, files=("out", "logs/00000-0.log"))
    decided = plan(unread, stopped, complete, vocabularies=(ObjectInfo("vocabularies/x.txt", 5),))
    assert [(removal.name, removal.what) for removal in decided.removals] == [(AFRESH.name, "logs")]
    assert OTHER.name in decided.notes[0]
    emptied = Holding(OTHER.name, State.DAMAGED, None, 0.0, 0.0, [])
    assert names(plan(emptied, stopped)) == {INGEST.name}


@st.composite
def buckets(draw: st.DrawFn) -> list[Holding]:
    """Steps of five kinds, some asked for twice, each reading some of those before it, in any state."""
    specs: list[Spec] = []
    for kind in (Kind.INGEST, Kind.SIGNATURES, Kind.PREPROCESS, Kind.PRETRAIN, Kind.EXPORT):
        for version in range(draw(st.integers(1, 3))):
            reads = {str(read.kind): read for read in draw(st.lists(st.sampled_from(specs)) if specs else st.just([]))}
            specs.append(spec(kind, *reads.values(), version=version + 1))
    return [
        held(
            found, draw(st.sampled_from(list(State))), days=draw(st.sampled_from([1.0, 100.0])), finished=float(number)
        )
        for number, found in enumerate({found.name: found for found in specs}.values(), 1)
    ]


@settings(max_examples=50)
@given(buckets())
def test_nothing_is_removed_that_anything_left_reads(found: list[Holding]) -> None:
    decided = plan(*found)
    gone = {removal.name for removal in decided.removals if removal.whole}
    specs = {one.name: one.spec for one in found if one.spec}
    staying = [one.name for one in found if one.name not in gone and (one.state is State.COMPLETE or one.state.goes_on)]
    assert not closure(staying, specs) & gone
    for one in found:
        if one.name in gone:
            assert not one.state.goes_on
            assert one.touched_at <= NOW - 30 * DAY
        if one.name in gone and one.state is State.COMPLETE and one.spec:
            (why,) = {r.why for r in decided.removals if r.name == one.name}
            assert why.removeprefix("superseded by ") in specs.keys() - gone


def test_reads_are_told_from_what_only_looks_like_it() -> None:
    odd = Spec(
        Kind.PREPROCESS,
        {},
        {
            "documents": INGEST.name,
            "corpus": "0123456789abcdef",
            "vocabulary": f"{SCREENED.name}/vocab.txt",
            "file": "vocabularies/x.txt",
        },
    )
    assert steps_read(odd) == (INGEST.name, SCREENED.name)


def test_removing_keeps_the_record_and_is_told_by_status(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    artifact = Artifact(store, INGEST)
    artifact.submit()
    store.put(artifact.path("documents/00000.jsonl"), b"half")
    ledger = Ledger(store)
    ledger.append(INGEST.name, Event(EventType.SUBMITTED, NOW - 90 * DAY, "covid-ctl submit preprocess"))
    ledger.append(INGEST.name, Event(EventType.FAILED, NOW - 90 * DAY, "no room"))
    later = 4e9
    states = observe_all(store, now=later)
    decided = gc_plan(store, states, now=later, older_than=DAY)
    (removal,) = decided.removals
    assert removal.bytes == 4
    assert remove(store, removal, clock=lambda: later)
    assert not remove(store, removal)  # decided by a ledger that has grown since
    (state,) = observe_all(store, now=later + 10 * DAY)
    assert state.state is State.COLLECTED
    assert state.reason == f"{removal.why}; removed 10 days ago"
    assert "covid-ctl submit preprocess" in state.remedy
    assert store.files(INGEST.name) == ["removed-1.json", "spec.json"]
    assert len(store.objects(INGEST.name)) == 2
    assert gc_plan(store, [state], now=later * 2, older_than=DAY).removals == ()


def test_a_step_that_was_submitted_again_meanwhile_is_left_alone(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    artifact = Artifact(store, INGEST)
    artifact.submit()
    store.put(artifact.path("out"), b"half")
    ledger = Ledger(store)
    ledger.append(INGEST.name, Event(EventType.SUBMITTED, 1.0))
    ledger.append(INGEST.name, Event(EventType.FAILED, 1.0))
    (removal,) = gc_plan(store, observe_all(store, now=NOW), now=4e9, older_than=DAY).removals
    ledger.append(INGEST.name, Event(EventType.STARTED, NOW))
    assert not remove(store, removal)
    assert store.get(artifact.path("out")) == b"half"


def test_what_killed_writers_left_goes_after_a_day(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.put("staged/abc", b"on its way")
    (tmp_path / "x#1").write_bytes(b"half")
    assert gc_plan(store, [], now=time.time() + DAY / 2, older_than=0.0).removals == ()
    later = gc_plan(store, [], now=time.time() + 2 * DAY, older_than=0.0)
    assert {(removal.name, removal.what) for removal in later.removals} == {
        ("staged/abc", "staged object"),
        ("x#1", "temporary file"),
    }
    assert all(remove(store, removal) for removal in later.removals)
    assert store.objects() == store.temporary_files() == []


def test_a_step_that_was_removed_is_made_again_beside_what_is_still_going(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    artifact = Artifact(store, INGEST)
    artifact.submit()
    artifact.commit(0, [artifact.write("out", b"old")])
    ledger = Ledger(store)
    ledger.append(INGEST.name, Event(EventType.SUBMITTED, 1.0))
    ledger.append(INGEST.name, Event(EventType.FAILED, 1.0))
    (removal,) = gc_plan(store, observe_all(store, now=NOW), now=4e9, older_than=DAY).removals
    assert remove(store, replace(removal, paths=removal.paths[:1]))  # interrupted
    again = Artifact.open(store, INGEST.name)
    again.commit(0, [again.write("out", b"new")])
    assert again.finish()
    for path in removal.paths:  # and here it goes on, late
        store.delete(path)
    manifest = Artifact.open(store, INGEST.name).require()
    assert again.read(manifest.output("out")) == b"new"
    assert again.location.endswith(f"{INGEST.name}/edition-2")
    assert store.objects(f"{INGEST.name}/edition-2")


TRAINED = spec(Kind.PRETRAIN, SCREENED)
LONGER = replace(spec(Kind.PRETRAIN, SCREENED, first_step=5), inputs={"extends": TRAINED.name})
CHECKPOINT = "checkpoints/00000005.json"


@pytest.mark.parametrize("state", [*GOING, *STOPPED, State.DAMAGED])
def test_checkpoints_that_an_unfinished_extension_may_begin_from_stay(state: State) -> None:
    before = held(TRAINED, files=("out", CHECKPOINT))
    assert not [r for r in plan(before, held(LONGER, state)).removals if r.name == TRAINED.name]


@pytest.mark.parametrize("state", [State.COMPLETE, State.COLLECTED])
def test_those_that_no_extension_needs_may_go(state: State) -> None:
    before = held(TRAINED, files=("out", CHECKPOINT))
    (removal,) = [r for r in plan(before, held(LONGER, state)).removals if r.name == TRAINED.name]
    assert removal.what == "checkpoints"
    assert removal.why == "of a complete step, which cannot be extended then"

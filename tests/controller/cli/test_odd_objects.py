"""One odd object in the bucket never ends a command with a traceback, whatever kind of record it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from controller.cli.main import cli
from controller.ledger.events import Event, EventType, Ledger, Observed, PodFailure, note_observed, note_pod_failures
from controller.ledger.history import History
from jobs.artifact import Artifact
from jobs.errors import CovidCtlError
from jobs.progress import Heartbeat
from jobs.seal import SEAL
from jobs.spec import Kind, Spec
from jobs.store import Store

COMMANDS = [
    ["status"],
    ["status", "NAME"],
    ["artifacts"],
    ["artifacts", "NAME"],
    ["explain", "NAME"],
    ["gc"],
    ["verify", "NAME"],
]
ODD = ["null", "NaN", "-Infinity", "1e400", "-1", "0", "1e18", '""', '"x"', '"\\ud800"', "[]", "{}", "[[]]", "true"]
ODD += ['"../../etc"', "[" * 3000 + "]" * 3000]
"""What stands in place of each value, as JSON text."""


EVALUATION = {"step": 3, "mlm_loss": 2.5, "mlm_accuracy": 0.4, "perplexity": 12.0, "nsp_loss": 0.6, "nsp_accuracy": 0.9}
OTHERS: dict[Kind, dict[str, Any]] = {
    Kind.VOCABULARY: {"counts": {"documents": {"read": 3}, "entries": 9}},
    Kind.PREPROCESS: {
        "counts": {
            "documents": {"read": 3, "kept": 3, "held_out": 1, "dropped": {"x": 0}},
            "examples": {"train": 4, "validation": 1},
            "sentences": 9,
            "pieces": 30,
            "unknown_pieces": 1,
        },
        "facts": {"vocabulary_size": 9},
    },
    Kind.CHECKPOINT: {"counts": {"variables": {"matched": 3, "missing": 0, "unused": 0}}, "facts": {"checkpoint": "x"}},
    Kind.PRETRAIN: {
        "recipe": "tiny",
        "facts": {
            "steps": 3,
            "examples_seen": 96,
            "train_seconds": 5.0,
            "device": "1 CPU",
            "evaluations": [EVALUATION],
        },
    },
    Kind.EXPORT: {
        "recipe": "tiny",
        "facts": {"gate": {"tokenizer": {"ids": 9}, "logits": {"mlm_max_difference": 0.1}}},
    },
}


def bucket_in(root: Path) -> str:
    """A complete step, and one under way with every kind of record; returns its name."""
    store = Store(str(root))
    ledger = Ledger(store)
    ingest = Artifact(store, Spec(Kind.INGEST, {}, {"corpus": "abc"}))
    ingest.submit()
    ledger.append(ingest.name, Event(EventType.SUBMITTED, 1.0, "covid-ctl submit preprocess"))
    counts = {"documents": {"read": 3, "kept": 3, "quarantined": 0, "dropped": {}}}
    ingest.commit(0, [ingest.write("documents/00000.jsonl.gz", b"x")], counts=counts, seconds=2.0)
    ingest.finish()
    for kind, made in OTHERS.items():
        other = Artifact(store, Spec(kind, {}, {"documents": ingest.name}, recipe=made.get("recipe", "")))
        other.submit()
        ledger.append(other.name, Event(EventType.SUBMITTED, 1.0, f"covid-ctl submit {kind}"))
        other.commit(0, [other.write("out", b"x")], counts=made.get("counts", {}), facts=made.get("facts", {}))
        other.finish()
    step = Artifact(store, Spec(Kind.SIGNATURES, {}, {"documents": ingest.name}, shards=2))
    step.submit()
    step.commit(0, [step.write("signatures/00000.bin", b"x")], seconds=2.0)
    Heartbeat(store, step.name, 1, unit="documents", clock=lambda: 5.0).beat(1, 10, loss=1.5)
    ledger.append(step.name, Event(EventType.SUBMITTED, 1.0, "covid-ctl submit preprocess"))
    ledger.append(step.name, Event(EventType.STARTED, 2.0))
    ledger.append(step.name, note_observed(3.0, Observed("running", "reason", active=1)))
    ledger.append(step.name, note_pod_failures(4.0, [PodFailure("pod", 1, 0, "exited with 1", exit_code=1)]))
    for path in records(root):  # an earlier version's records have no checksum that would tell
        record = json.loads((root / path).read_bytes())
        record.pop(SEAL, None)
        (root / path).write_text(json.dumps(record))
    return step.name


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to each value inside a JSON value, the whole first."""
    yield here
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*here, key))


def mutated(data: bytes) -> Iterator[bytes]:
    """The record with each of its values replaced by each odd one, cut short, and as no JSON at all."""
    record = json.loads(data)
    for place in places(record):
        changed = json.loads(data)
        mark = "\x00odd\x00"
        if place:
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = mark
        else:
            changed = mark
        text = json.dumps(changed)
        for odd in ODD:
            yield text.replace(json.dumps(mark), odd).encode()
    yield from (data[: len(data) // 2], b"", b"\xff\xfe", b"{" * 100_000)


def records(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.json"))


def test_every_kind_of_record_is_there(tmp_path: Path) -> None:
    bucket_in(tmp_path)
    kinds = {path.partition("-")[0] + "/" + path.partition("/")[2] for path in records(tmp_path)}
    ours = {"signatures/spec.json", "signatures/shards/00000.json", "signatures/progress/00001.json"}
    assert ours | {f"{kind}/manifest.json" for kind in OTHERS} <= kinds
    assert (tmp_path / "ledger").is_dir()


def crash(root: Path, command: list[str], name: str) -> BaseException | None:
    """What a command would end with a traceback by."""
    words = [name if word == "NAME" else word for word in command]
    done = CliRunner().invoke(cli, [*words, "--bucket", str(root), "--profile", "local"])
    return None if isinstance(done.exception, SystemExit | CovidCtlError | None) else done.exception


def mutations(root: Path, every: int) -> Iterator[tuple[str, bytes]]:
    number = 0
    for path in records(root):
        original = (root / path).read_bytes()
        for data in mutated(original):
            number += 1
            if number % every == 0:
                (root / path).write_bytes(data)
                yield path, data
        (root / path).write_bytes(original)


def check(root: Path, every: int) -> int:
    name = bucket_in(root)
    count = 0
    for path, data in mutations(root, every):
        count += 1
        for command in COMMANDS:
            if error := crash(root, command, name):
                raise AssertionError(f"{' '.join(command)}: {path}: {data[:200]!r}") from error
        try:
            History(Ledger(Store(str(root))).events(name))  # what a tracker folds
        except CovidCtlError:
            continue
    return count


def test_an_odd_object_ends_no_command_with_a_traceback(tmp_path: Path) -> None:
    assert check(tmp_path, every=151) > 10


@pytest.mark.slow
def test_no_odd_object_ends_any_command_with_a_traceback(tmp_path: Path) -> None:
    assert check(tmp_path, every=1) > 1000

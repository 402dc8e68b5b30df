"""``covid-ctl verify``: what is damaged is named, set aside and made again."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from controller.cli.main import cli
from controller.ledger.events import Event, EventType, Ledger
from controller.status.derive import State
from controller.status.step_status import observe
from controller.status.verify import set_aside, verify
from jobs.artifact import Artifact, is_complete
from jobs.errors import PreflightError
from jobs.named_vocabulary import give_vocabulary
from jobs.spec import Kind, Spec
from jobs.store import Store

VOCABULARY = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n"


class Chain:
    """Ingest and preprocess, both complete, and a vocabulary that was given."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = Store(str(root))
        self.vocabulary = give_vocabulary(self.store, VOCABULARY)
        self.ingest = self._made(Spec(Kind.INGEST, {}, {"corpus": "abc"}, shards=2))
        inputs = {"documents": self.ingest.name, "vocabulary": self.vocabulary}
        self.preprocess = self._made(Spec(Kind.PREPROCESS, {}, inputs, shards=2))

    def _made(self, spec: Spec) -> Artifact:
        artifact = Artifact(self.store, spec)
        artifact.submit()
        Ledger(self.store).append(artifact.name, Event(EventType.SUBMITTED, 1.0, "covid-ctl submit preprocess"))
        self.make(artifact)
        Ledger(self.store).append(artifact.name, Event(EventType.SUCCEEDED, 2.0))
        return artifact

    def make(self, artifact: Artifact) -> None:
        for shard in range(artifact.spec.shards):
            artifact.commit(shard, [artifact.write(f"part/{shard}", b"bytes of %d" % shard)])
        assert artifact.finish()

    def flip(self, path: str) -> None:
        file = self.root / path
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path / "bucket")


def test_what_is_whole_is_said_to_be(chain: Chain) -> None:
    found = list(verify(chain.store, chain.preprocess.name))
    assert [one.name for one in found] == [chain.ingest.name, chain.vocabulary, chain.preprocess.name]
    assert all(one.complete and not one.problems for one in found)
    assert found[0].files == 2
    assert found[0].bytes == 20


def test_a_flipped_bit_in_any_file_is_found(chain: Chain) -> None:
    paths = [info.path for info in chain.store.objects() if "part/" in info.path or info.path == chain.vocabulary]
    assert len(paths) == 5
    for path in paths:
        chain.flip(path)
        found = [problem for one in verify(chain.store, chain.preprocess.name) for problem in one.problems]
        assert [problem.path for problem in found] == [path]
        chain.flip(path)


def test_what_is_gone_is_found(chain: Chain) -> None:
    (chain.root / chain.ingest.path("part/1")).unlink()
    (chain.root / chain.vocabulary).unlink()
    found = [
        (problem.path, problem.reason) for one in verify(chain.store, chain.preprocess.name) for problem in one.problems
    ]
    assert found == [
        (chain.ingest.path("part/1"), "it was committed, and it is gone"),
        (chain.vocabulary, "it is gone"),
    ]


def test_what_is_damaged_is_set_aside_and_made_again_under_its_name(chain: Chain) -> None:
    chain.flip(chain.ingest.path("part/1"))
    chain.flip(chain.vocabulary)
    for found in verify(chain.store, chain.preprocess.name):
        if found.problems:
            set_aside(chain.store, found)
    assert not is_complete(chain.store, chain.ingest.name)
    assert observe(chain.store, chain.ingest.name, now=3.0).state is State.COLLECTED
    assert is_complete(chain.store, chain.preprocess.name)
    chain.make(Artifact.open(chain.store, chain.ingest.name))
    give_vocabulary(chain.store, VOCABULARY)
    assert not [one for one in verify(chain.store, chain.preprocess.name) if one.problems]


def test_shards_of_an_unfinished_step_are_made_again_alone(chain: Chain) -> None:
    unfinished = Artifact(chain.store, Spec(Kind.INGEST, {}, {"corpus": "other"}, shards=2))
    unfinished.submit()
    Ledger(chain.store).append(unfinished.name, Event(EventType.SUBMITTED, 1.0))
    for shard in range(2):
        unfinished.commit(shard, [unfinished.write(f"part/{shard}", b"bytes")])
    chain.flip(unfinished.path("part/1"))
    (found,) = verify(chain.store, unfinished.name)
    assert set_aside(chain.store, found) == "1 shard will be made again"
    assert unfinished.shards_done() == [0]


def test_a_step_that_was_submitted_meanwhile_is_left_alone(chain: Chain) -> None:
    chain.flip(chain.ingest.path("part/1"))
    (found,) = verify(chain.store, chain.ingest.name)
    Ledger(chain.store).append(chain.ingest.name, Event(EventType.SUBMITTED, 3.0))
    with pytest.raises(PreflightError, match="something happened"):
        set_aside(chain.store, found)
    assert is_complete(chain.store, chain.ingest.name)


def test_the_command_says_what_to_do_and_does_it(chain: Chain) -> None:
    command = ["verify", chain.preprocess.name, "--bucket", str(chain.root)]
    whole = CliRunner().invoke(cli, command)
    assert whole.exit_code == 0
    assert f"{chain.ingest.name}  2 files, 20 B: whole" in whole.output
    chain.flip(chain.ingest.path("part/0"))
    damaged = CliRunner().invoke(cli, command)
    assert damaged.exit_code == 1
    assert f"{chain.ingest.path('part/0')}: its crc32c is " in damaged.output
    assert f"next: covid-ctl verify {chain.preprocess.name} --discard" in damaged.output
    discarded = CliRunner().invoke(cli, [*command, "--discard"])
    assert f"{chain.ingest.name}  set aside: it will be made again" in discarded.output
    assert not is_complete(chain.store, chain.ingest.name)

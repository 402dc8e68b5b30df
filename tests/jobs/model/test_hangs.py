"""Training that something holds up: the watchdog tells what, and SIGTERM is heard meanwhile."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from jobs.artifact import Artifact
from jobs.errors import Interrupted
from jobs.model.bert import BertConfig
from jobs.model.dataset import ExampleDataset, Shard, staged_shards
from jobs.model.devices import find_devices
from jobs.model.pretraining import Pretraining
from jobs.model.training import train
from jobs.model.training_task import TrainingContext, TrainingTask
from jobs.model.watchdog import Watchdog
from jobs.progress import Heartbeat
from jobs.recipe import Schedule
from jobs.store import Store

from .conftest import LENGTH, PREDICTIONS, VOCABULARY

Submit = Callable[..., Artifact]
PATIENCE = 60.0
"""Seconds after which what hangs goes on, and the test fails."""


class Hanging:
    """Holds up whoever comes by, until it is released."""

    def __init__(self) -> None:
        self.began, self.released = threading.Event(), threading.Event()
        self.noticed = False

    def hold(self) -> None:
        self.began.set()
        self.released.wait(PATIENCE)

    def fetching(self, shard: Shard) -> Shard:
        def fetch() -> Path:
            self.hold()
            return shard.fetch()

        return Shard(shard.name, shard.count, fetch)


class SlowStore(Store):
    """Holds up the checkpoints that are written to it."""

    def __init__(self, location: str, hanging: Hanging | None) -> None:
        super().__init__(location)
        self.hanging = hanging

    def stream(self, path: str, parts: Callable[[], Iterable[bytes]]) -> None:
        if self.hanging:
            self.hanging.hold()
        super().stream(path, parts)


def train_held_up(
    artifact: Artifact,
    scratch: Path,
    held: dict[str, Hanging],
    watchdog: Watchdog | None = None,
    check_stop: Callable[[], None] = lambda: None,
) -> None:
    """A run that hangs where it is ``held``: in "input", "evaluation" or "saving"."""
    settings = artifact.spec.settings
    config = BertConfig(**settings["architecture"], vocab_size=VOCABULARY)
    store = SlowStore(artifact.store.location, held.get("saving"))
    source = Artifact.open(store, artifact.spec.inputs["examples"])

    def opened(folder: str, hanging: Hanging | None) -> ExampleDataset:
        shards = [hanging.fetching(s) if hanging else s for s in staged_shards(source, folder, scratch)]
        sizes = {"max_seq_length": LENGTH, "max_predictions_per_seq": PREDICTIONS}
        return ExampleDataset(shards, config, check_stop=check_stop, **sizes)

    with (
        closing(opened("train", held.get("input"))) as examples,
        closing(opened("validation", held.get("evaluation"))) as validation,
    ):
        task = TrainingTask(
            config,
            Schedule(**settings["schedule"]),
            Pretraining(),
            examples,
            validation,
            find_devices("cpu"),
            step_flops=1,
        )
        heartbeat = Heartbeat(store, artifact.name, 0, unit="steps")
        context = TrainingContext(
            Artifact(store, artifact.spec), scratch, heartbeat, check_stop, watchdog=watchdog or Watchdog()
        )
        train(task, context)


def test_the_watchdog_sees_each(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket", train_steps=2)
    held = {where: Hanging() for where in ("input", "evaluation", "saving")}

    def on_stall(doing: str, *_: float) -> None:
        if doing in held and held[doing].began.is_set():
            held[doing].noticed = True
            held[doing].released.set()

    train_held_up(artifact, tmp_path, held, Watchdog(on_stall, first=0.5))
    assert {where: hanging.noticed for where, hanging in held.items()} == dict.fromkeys(held, True)


@pytest.mark.parametrize("where", ["input", "evaluation"])
def test_sigterm_is_heard(submit_pretrain: Submit, tmp_path: Path, where: str) -> None:
    artifact, hanging = submit_pretrain(tmp_path / "bucket", validation=9 if where == "evaluation" else 0), Hanging()

    def check_stop() -> None:
        if hanging.began.is_set():
            raise Interrupted("test", "SIGTERM arrived")

    with pytest.raises(Interrupted):
        train_held_up(artifact, tmp_path, {where: hanging}, check_stop=check_stop)
    assert not hanging.released.is_set()
    hanging.released.set()


def test_a_save_under_way_counts_as_the_last_one(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket", train_steps=200, evaluate_every=200)
    hanging, asked = Hanging(), 0

    def check_stop() -> None:
        nonlocal asked
        asked += hanging.began.is_set()
        if asked == 2:
            # Steps have been made since. The save ends while it is waited for.
            threading.Thread(target=lambda: (time.sleep(0.3), hanging.released.set())).start()
            raise Interrupted("test", "SIGTERM arrived")

    with pytest.raises(Interrupted):
        train_held_up(artifact, tmp_path, {"saving": hanging}, check_stop=check_stop)
    names = [Path(info.path).name for info in artifact.store.objects(artifact.path("checkpoints"))]
    assert sorted(re.sub("-[0-9a-f]{8}", "", name) for name in names) == ["00000004.json", "00000004.safetensors"]

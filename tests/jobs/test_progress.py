"""Heartbeats: seldom enough, and right about the rate of a run that was continued."""

from pathlib import Path

from jobs.progress import Heartbeat, read_heartbeats
from jobs.store import Store


def test_beats_are_spaced_but_the_last_is_written(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    now = [100.0]
    heartbeat = Heartbeat(store, "step", 3, unit="documents", every=1.0, clock=lambda: now[0])
    heartbeat.beat(0, 10)
    now[0] = 100.5
    heartbeat.beat(5, 10)
    assert read_heartbeats(store, "step")[3].done == 0
    heartbeat.beat(10, 10)
    assert read_heartbeats(store, "step")[3].done == 10


def test_a_slow_bucket_gets_fewer_beats(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    now = [100.0]

    def each_look_takes_a_tenth_of_a_second() -> float:
        now[0] += 0.1
        return now[0]

    heartbeat = Heartbeat(store, "step", 0, unit="steps", clock=each_look_takes_a_tenth_of_a_second)
    heartbeat.beat(1, 100)
    now[0] = 105.0
    heartbeat.beat(2, 100)
    assert read_heartbeats(store, "step")[0].done == 1
    now[0] = 111.0
    heartbeat.beat(3, 100)
    assert read_heartbeats(store, "step")[0].done == 3
    heartbeat.beat(100, 100, loss=1.0)
    heartbeat.beat(100, 100, loss=2.0)  # many a batch is evaluated after the last step
    assert read_heartbeats(store, "step")[0].loss == 1.0


def test_a_continued_run_counts_only_its_own_work(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    now = [0.0]
    heartbeat = Heartbeat(store, "step", 0, unit="steps", clock=lambda: now[0])
    heartbeat.beat(1000, 2000)
    now[0] = 10.0
    heartbeat.beat(1100, 2000, loss=1.5)
    beat = read_heartbeats(store, "step")[0]
    assert beat.rate == 10.0
    assert beat.loss == 1.5
    assert beat.unit == "steps"


def test_what_a_worker_is_busy_with_is_told(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    heartbeat = Heartbeat(store, "step", 0, unit="steps", every=0.0)
    heartbeat.beat(0, 10, doing="tracing")
    assert read_heartbeats(store, "step")[0].doing == "tracing"
    heartbeat.beat(10, 10, loss=1.0)
    assert read_heartbeats(store, "step")[0].doing == ""


def test_the_rate_leaves_out_what_came_before_the_first_counted_work(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    now = [0.0]
    heartbeat = Heartbeat(store, "step", 0, unit="steps", clock=lambda: now[0])
    for at, done, doing in ((0, 0, "tracing"), (60, 1, ""), (70, 6, "")):
        now[0] = at
        heartbeat.beat(done, 100, doing=doing)
    assert read_heartbeats(store, "step")[0].rate == 0.5


def test_a_bucket_that_cannot_be_written_does_not_stop_the_work(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    (tmp_path / "step").write_text("a file where a folder should be")
    Heartbeat(store, "step", 0, unit="steps").beat(1, 2)
    assert (tmp_path / "step").read_text().startswith("a file")

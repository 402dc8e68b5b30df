"""A run's state over several processes: times add up, and other hardware is noticed."""

from __future__ import annotations

import pytest
import tensorflow as tf

from jobs.model.devices import Devices
from jobs.model.hardware import Hardware, device_hours, distinct, this_hardware
from jobs.model.run_state import RunState
from jobs.model.training_checkpoint import RunRecord
from jobs.recipe import load_recipe

SCHEDULE = load_recipe("tiny").schedule
TPU = Hardware(device="8 TPU v3-8", replicas=8, threads=96, processor="a", tensorflow="2.19.1")
CPU = Hardware(device="1 CPU", replicas=1, threads=2, processor="b", tensorflow="2.21.0")


def process(resumed: RunRecord, hardware: Hardware, seconds: float, steps: int) -> RunRecord:
    """What a process that took so long leaves behind."""
    now = 100.0
    state = RunState(resumed, SCHEDULE, lambda: now, hardware)
    now += seconds
    state.step += steps
    return state.record()


def test_hours_are_those_of_each_process_on_what_it_had() -> None:
    run = process(RunRecord.at_start(), TPU, 3600.0, 10)
    run = process(run, TPU, 1800.0, 5)
    run = process(run, CPU, 7200.0, 1)
    assert run.train_seconds == 3600 + 1800 + 7200
    assert [(p.first_step, p.seconds) for p in run.processes] == [(0, 3600), (10, 1800), (15, 7200)]
    assert device_hours(run.processes) == 8 * 1.5 + 2
    assert distinct(run.processes) == [TPU, CPU]


def test_other_hardware_is_noticed() -> None:
    run = process(RunRecord.at_start(), TPU, 1.0, 1)
    assert RunState(run, SCHEDULE, lambda: 0.0, TPU).other_hardware is None
    assert RunState(run, SCHEDULE, lambda: 0.0, CPU).other_hardware == TPU
    fewer = TPU.model_copy(update={"threads": 4})
    assert RunState(run, SCHEDULE, lambda: 0.0, fewer).other_hardware == TPU


def test_a_record_of_an_earlier_version_goes_on() -> None:
    old = RunRecord.model_validate_json('{"step": 7, "train_seconds": 60.0, "evaluations": []}')
    state = RunState(old, SCHEDULE, lambda: 0.0, CPU)
    assert state.other_hardware is None
    assert (state.seconds, len(state.processes)) == (60.0, 1)


def test_this_machine_is_described() -> None:
    found = this_hardware(Devices(tf.distribute.get_strategy(), "CPU", ""))
    assert (found.device, found.replicas, found.tensorflow) == ("1 CPU", 1, tf.__version__)
    assert found.threads >= 1
    assert str(found) == f"1 CPU, {found.threads} threads of {found.processor}, TensorFlow {tf.__version__}"
    with pytest.raises(ValueError, match="replicas"):
        Hardware.model_validate({**found.model_dump(), "replicas": "one"})

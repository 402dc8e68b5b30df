"""What steps need of this machine, counted before they find out."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from controller.doctor import machine
from controller.doctor.check import CheckState
from controller.doctor.examination import all_checks, cheap_checks
from controller.profiles.profile import load_profile
from jobs import training_memory
from jobs.recipe import load_recipe
from jobs.spec import Kind

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(("recipe", "millions"), [("clinical", 108.9), ("bio", 364.3)])
def test_weights_are_counted_well_enough(recipe: str, millions: float) -> None:
    """Against the parameters of the published models, heads included."""
    assert machine.footprint(load_recipe(recipe)).weights / 1e6 == pytest.approx(millions, rel=0.02)


@pytest.mark.parametrize(("free", "state"), [(10e9, CheckState.FAILED), (30e9, CheckState.OK)])
def test_the_disk_must_hold_three_saves(
    free: float, state: CheckState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1e12, 1e12 - free, free))
    check = machine.disk(str(tmp_path / "not" / "there"), load_recipe("bio"))
    assert check.state is state
    assert str(tmp_path) in check.reason


def test_a_batch_that_no_memory_holds_fails() -> None:
    recipe = load_recipe("bio", {"schedule.train_batch_size": "65536"})
    assert machine.memory(recipe).state is CheckState.FAILED
    assert "schedule.accumulation" in machine.memory(recipe).remedy
    assert machine.memory(load_recipe("tiny")).state is CheckState.OK


def test_a_container_s_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("1000000000\n")
    monkeypatch.setattr(training_memory, "MEMORY_LIMIT", tmp_path / "memory.max")
    assert "1 GB in this machine" in machine.memory(load_recipe("tiny")).reason
    assert machine.memory(load_recipe("clinical")).state is CheckState.FAILED


@pytest.mark.parametrize(("recipe", "used"), [("clinical", 5.2e9), ("bio", 13.6e9)])
def test_the_copy_that_a_save_makes_is_counted(recipe: str, used: float) -> None:
    """Against what runs with one example at a time used."""
    one = load_recipe(recipe, {"schedule.accumulation": "512"})
    told = machine.footprint(one).bytes(1, 512)
    assert 0.75 * used < told < 1.25 * used


@pytest.mark.parametrize(("gigabytes", "parts"), [(200, 1), (32, 4), (16, 8), (8, 32), (1, 512)])
def test_auto_takes_the_fewest_parts_that_fit(gigabytes: int, parts: int) -> None:
    recipe = load_recipe("clinical", {"schedule.accumulation": "auto"})
    check = machine.memory_for_training(
        "memory", recipe, machine.footprint(recipe), gigabytes * 1e9, "here", "buy more"
    )
    assert f"computed in {parts} parts" in check.reason


def test_the_parts_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("8000000000\n")
    monkeypatch.setattr(training_memory, "MEMORY_LIMIT", tmp_path / "memory.max")
    check = machine.memory(load_recipe("clinical", {"schedule.accumulation": "auto"}))
    assert check.state is CheckState.OK
    assert "computed in 32 parts (schedule.accumulation auto)" in check.reason
    alone = machine.memory(load_recipe("clinical"))
    assert alone.state is CheckState.FAILED
    assert alone.remedy.startswith("--set schedule.accumulation=32 (or auto), or")
    none = machine.memory(load_recipe("bio"))
    assert (none.state, none.remedy.startswith("no number of parts fits")) == (CheckState.FAILED, True)


def test_submit_here_refuses_what_does_not_fit(tmp_path: Path) -> None:
    profile = load_profile("local", environment={}, bucket=str(tmp_path / "bucket"))
    huge = load_recipe("bio", {"schedule.train_batch_size": "65536"})

    def states(*kinds: Kind) -> dict[str, CheckState]:
        return {check.name: check.state for check in cheap_checks(profile, huge, kinds, None)}

    assert states(Kind.PREPROCESS, Kind.PRETRAIN)["memory"] is CheckState.FAILED
    assert "memory" not in states(Kind.PREPROCESS, Kind.EXPORT)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PACKAGES", ("json", "no_such_package"))
    monkeypatch.setattr(machine, "COMPILED", ("jobs.examples._absent",))
    assert machine.packages().reason == "no_such_package cannot be imported"
    assert machine.compiled_modules().state is CheckState.FAILED


def test_a_local_profile_is_examined_on_this_machine_alone(tmp_path: Path) -> None:
    profile = load_profile("local", environment={}, bucket=str(tmp_path / "bucket"))
    found = {check.name: check for check in all_checks(profile, load_recipe("tiny"), None)}
    assert list(found) == ["vocabulary", "checkpoint", "bucket", "packages", "compiled parts", "disk", "memory"]
    assert {check.state for check in found.values()} == {CheckState.OK}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("entries", "state"), [(28_996, CheckState.OK), (28_995, CheckState.FAILED)])
def test_a_vocabulary_is_compared_with_the_recipe(entries: int, state: CheckState, tmp_path: Path) -> None:
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [f"W{number}" for number in range(entries - len(specials))]
    (tmp_path / "vocab.txt").write_text("\n".join([*specials, *words, ""]))
    profile = load_profile("local", environment={}, bucket=str(tmp_path / "bucket"))
    checks = all_checks(profile, load_recipe("clinical"), None, vocabulary=str(tmp_path / "vocab.txt"))
    assert next(check for check in checks if check.name == "vocabulary").state is state

"""What can be asked before anything runs: is all there, how long, how much."""

from pathlib import Path

from tests.e2e.command import answer, covid_ctl


def test_doctor_finds_this_machine_fit_for_the_tiny_recipe(tmp_path: Path) -> None:
    done = covid_ctl("doctor", "--output", "json", bucket=tmp_path / "bucket")
    assert done.code == 0, done.out
    assert {check["state"] for check in done.json()} == {"ok"}
    assert not (tmp_path / "bucket").exists()


def test_doctor_exits_with_3_and_still_shows_every_check(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("no vocabulary\n")
    done = answer("doctor", "clinical", "--vocab", str(tmp_path / "vocab.txt"), bucket=tmp_path)
    assert done.code == 3
    lines = {line.split("  ")[0]: line for line in done.out.splitlines()}
    assert "failed" in lines["vocabulary"]
    assert "ok" in lines["compiled parts"]
    assert "lacks [PAD]" in lines["vocabulary"]


def test_estimate_answers_for_people_and_programs(tmp_path: Path) -> None:
    command = ("estimate", "all", "clinical", "--corpus", "sample", "--output", "json")
    found = answer(*command, bucket=tmp_path / "bucket").json()
    kinds = [
        "ingest",
        "signatures",
        "preprocess",
        "checkpoint",
        "pretrain",
        "export",
        "tune",
        "control",
        "evaluate",
        "embed",
        "index",
    ]
    assert [step["kind"] for step in found["steps"]] == kinds
    assert found["total"]["hours"]["low"] > 100  # on CPUs
    assert any("8.4 to 11 h" in note for note in found["notes"])
    assert not (tmp_path / "bucket").exists()


def test_estimate_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    done = answer("estimate", "preprocess", "--corpus", str(tmp_path / "absent"), bucket=tmp_path)
    assert done.code == 2
    assert "no such directory or file" in done.err

"""A command line that is wrong is answered in our words, with the nearest right one and the next command; options of a
group work before a command and after it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from controller.cli import main
from controller.cli.grammar import InheritedOption

WRONG = {
    "submitt": ("submitt: no such command; did you mean submit?", "covid-ctl --help"),
    "submit preproces": ("preproces: no such command; did you mean preprocess?", "covid-ctl submit --help"),
    "vocab reprot": ("reprot: no such command; did you mean report?", "covid-ctl vocab --help"),
    "status --buket x": ("--buket: status has no such option; did you mean --bucket?", "covid-ctl status --help"),
    "--buket x status": ("--buket: the command line has no such option; did you mean --bucket?", "covid-ctl --help"),
    "explain": ("NAME: explain needs it", "covid-ctl explain --help"),
    "vocab report tiny": ("--vocab: vocab report needs it", "covid-ctl vocab report --help"),
    "status --bucket": ("--bucket: it needs a value", "covid-ctl status --help"),
    "status -o jsn": ("--output: 'jsn' is not one of text, wide, json; did you mean json?", "covid-ctl status --help"),
    "completion bsh": (
        "SHELL: 'bsh' is not one of bash, zsh, fish; did you mean bash?", "covid-ctl completion --help",
    ),
    "preprocess -h": ("preprocess: it is a step", "covid-ctl submit preprocess -h"),
    "evaluate --help": ("evaluate: it is a step", "covid-ctl submit evaluate --help"),
    "estimate tiny": ("tiny: it is a recipe, not one of its steps", "covid-ctl estimate all tiny"),
    "render tiny": ("tiny: it is a recipe, not one of its steps", "covid-ctl render all tiny"),
    "estimate pretran": ("did you mean pretrain?", "covid-ctl estimate --help"),
    "watch --every soon": ("--every: soon is no number", "covid-ctl watch --help"),
    "submit all tiny --shards 2.5": ("--shards: 2.5 is no whole number", "covid-ctl submit all --help"),
    "submit all tiny --shards 0": ("--shards: 0 is not between 1 and 100,000", "covid-ctl submit all --help"),
    "logs x --index -1": ("--index: -1 is less than 0", "covid-ctl logs --help"),
    "verify a b": ("verify: it takes fewer arguments: b is too much", "covid-ctl verify --help"),
    "judge --qrels none --topics none": ("--qrels: none does not exist", "covid-ctl judge --help"),
    "search": ("search: give either a QUERY or --serve", "covid-ctl search --help"),
    "--bucket x recipes": ("--bucket: recipes does not take it from the words before", "covid-ctl --help"),
    "--bucket x init": ("give it after init", "covid-ctl --help"),
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_it_names_the_word_the_reason_and_the_next_command(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason, remedy = WRONG[line]
    assert covid_ctl(monkeypatch, *line.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("covid-ctl: ")
    assert reason in err
    assert err.endswith(f"\n  next: {remedy}\n")
    # what it leads to is there
    assert covid_ctl(monkeypatch, *remedy.split()[1:]) == 0


@pytest.mark.parametrize("line", ["bio", "submit bio"])
def test_a_recipe_is_sent_to_all_its_steps(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert covid_ctl(monkeypatch, *line.split()) == 2
    expected = "covid-ctl: bio: it is a recipe, not one of its steps\n  next: covid-ctl submit all bio\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("before", [True, False])
def test_the_bucket_is_taken_before_a_command_and_after_it(
    before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The variable would send it elsewhere: a flag comes first, wherever it stands.
    monkeypatch.setenv("COVID_CTL_BUCKET", str(tmp_path / "another"))
    place = ["--bucket", str(tmp_path), "--profile", "local"]
    assert covid_ctl(monkeypatch, *(place if before else []), "status", *([] if before else place)) == 0
    assert capsys.readouterr().out == "no steps yet\n"


def test_of_two_the_later_holds_and_a_group_within_hands_it_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--bucket", "s3://refused", "submit", "--bucket", str(tmp_path), "preprocess", "tiny", "--corpus", "sample"]
    assert covid_ctl(monkeypatch, "--profile", "local", *line, "--dry-run") == 0, capsys.readouterr().err
    capsys.readouterr()
    assert covid_ctl(monkeypatch, "recipes", "--output", "json", "show", "tiny") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"


def test_every_choice_names_the_nearest_and_every_group_takes_the_place() -> None:
    for path, command in commands(main.cli):
        for option in command.params:
            assert not isinstance(option.type, click.Choice), f"{path} {option.name}: OneOf names the nearest"
        if isinstance(command, click.Group) and any(inherits(inner) for _, inner in commands(command)):
            assert inherits(command), path


def inherits(command: click.Command) -> bool:
    return any(option.name == "bucket" and isinstance(option, InheritedOption) for option in command.params)


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield f"{path} {name}".strip(), command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def covid_ctl(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["covid-ctl", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)

"""Every setting says what it means, in the reference and in `recipes show --explain`, whose YAML is the recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from pydantic import BaseModel

from controller.cli.main import cli
from controller.profiles.profile import Profile
from jobs.recipe import Recipe, load_recipe, recipe_names
from jobs.setting_docs import documented


@pytest.mark.parametrize("schema", [Recipe, Profile])
def test_no_meaning_is_empty(schema: type[BaseModel]) -> None:
    sections = list(documented(schema).walk())
    assert [section.dotted for section in sections if not section.meaning] == []
    settings = [setting for section in sections for setting in section.settings]
    assert [setting.dotted for setting in settings if not setting.meaning.endswith(".")] == []


@pytest.mark.parametrize("name", recipe_names())
def test_it_is_the_recipe_and_explains_each_setting(name: str, tmp_path: Path) -> None:
    shown = CliRunner().invoke(cli, ["recipes", "show", name, "--explain"]).output
    own = tmp_path / "own.yaml"
    own.write_text(shown)
    assert load_recipe(str(own)) == load_recipe(name)
    lines = [line.strip() for line in shown.splitlines()]
    for section in documented(Recipe).walk():
        for setting in section.settings:
            (at, *_) = [n for n, line in enumerate(lines) if line.lstrip("# ").startswith(f"{setting.name}:")]
            assert lines[at - 1].startswith("#"), setting.dotted


def test_programs_get_value_and_default() -> None:
    shown = CliRunner().invoke(cli, ["recipes", "tiny", "--explain", "--output", "json", "--set", "schedule.seed=7"])
    found = {one["setting"]: one for one in json.loads(shown.output)}
    assert (found["schedule.seed"]["value"], found["schedule.seed"]["default"]) == (7, 42)
    assert found["schedule.seed"]["names"] == ["pretrain"]
    assert found["schedule.train_steps"]["required"]
    assert found["initial_checkpoint.name"]["value"] is None
    plain = yaml.safe_load(CliRunner().invoke(cli, ["recipes", "tiny", "--set", "schedule.seed=7"]).output)
    assert plain["schedule"]["seed"] == 7

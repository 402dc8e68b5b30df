"""``init --explain``: every setting of a profile, as TOML that lines can be taken from."""

import tomllib
from pathlib import Path

from controller.cli.profile_text import explained_toml
from controller.profiles.profile import Profile
from jobs.setting_docs import documented
from tests.e2e.command import covid_ctl


def test_every_setting_of_a_profile_is_explained() -> None:
    text = explained_toml()
    settings = [one for section in documented(Profile).walk() for one in section.settings]
    assert [one.dotted for one in settings if not one.meaning and one.dotted != "name"] == []
    for one in settings:
        if one.dotted != "name":
            dotted = one.dotted.replace("trainer.", "workers.").replace("exporter.", "workers.")
            assert any(line in text for line in (f"{one.name} = ", f"[profiles.NAME.{dotted}]")), one.dotted


def test_what_must_be_given_is_what_stands_outside_comments() -> None:
    found = tomllib.loads(explained_toml())["profiles"]["NAME"]
    assert found == {
        "bucket": "...",
        "images": {"worker": "...", "trainer": "...", "exporter": "..."},
        "workers": {"cpu": "...", "memory": "..."},
    }


def test_it_fits_a_narrow_terminal() -> None:
    comments = [line for line in explained_toml(60).splitlines() if line.startswith("# ") and " = " not in line]
    assert max(map(len, comments)) <= 60


def test_init_explains_without_a_terminal_and_adds_nothing(tmp_path: Path) -> None:
    done = covid_ctl("init", "--explain", cwd=tmp_path)
    assert done.out.startswith("[profiles.NAME]")
    assert list(tmp_path.iterdir()) == []

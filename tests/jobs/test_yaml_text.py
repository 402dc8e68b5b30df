"""YAML that people write: what plain YAML would read in silence, or not end reading, is refused by name."""

import pytest

from jobs.errors import ConfigurationError
from jobs.recipe import load_recipe
from jobs.yaml_text import MAX_CHARACTERS, parse_yaml

LAUGHS = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    {
        "a key twice": ("a: 1\nb: 2\na: 3", "line 3, column 1: 'a' is given twice"),
        "a key twice further in": ("a:\n  b: 1\n  b: 1", "'b' is given twice"),
        "a key twice in a list": ("- {b: 1, b: 2}", "'b' is given twice"),
        "a number twice": ("1: a\n0x1: b", "1 is given twice"),
        "aliases": (LAUGHS, "aliases are not read"),
        "deep lists": ("[" * 1000, "nested too deeply|not YAML"),
        "deep mappings": ("{a: " * 1000, "nested too deeply|not YAML"),
        "deep and whole": ("[" * 1000 + "]" * 1000, "nested too deeply"),
        "deep blocks": ("\n".join(" " * n + "a:" for n in range(180)), "nested too deeply"),
        "an object": ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
        "no date": ("2020-99-99", "month must be in 1..12"),
        "two documents": ("a: 1\n---\nb: 2", "a second document begins"),
        "too large": (" " * (MAX_CHARACTERS + 1), "32,769 characters, more than the 32,768"),
        "broken": ("a: [", "not YAML"),
        "a list as a key": ("? [a]\n: 1", "unhashable key"),
    }.values(),
)
def test_it_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as raised:
        parse_yaml(text, "recipe.yaml", "look")
    assert raised.value.thing == "recipe.yaml"
    assert raised.value.container_exit_code == 43


@pytest.mark.parametrize("text", ["a: {b: [1, two, null, true, 2020-03-01]}", "", "- a\n- a", "{'1': a, 1: b}"])
def test_what_is_sound_is_read_as_ever(text: str) -> None:
    import yaml

    assert parse_yaml(text, "recipe.yaml", "look") == yaml.safe_load(text)


def test_a_recipe_that_gives_a_field_twice_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nschedule: {train_steps: 1, train_steps: 2}\n")
    with pytest.raises(ConfigurationError, match=r"mine\.yaml.*'train_steps' is given twice"):
        load_recipe(str(path))


def test_a_setting_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"--set corpus\.languages: not YAML: line 1, column 51: nested too deeply"
    ):
        load_recipe("tiny", {"corpus.languages": "[" * 1000 + "]" * 1000})

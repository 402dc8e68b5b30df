"""Recipes by name or from YAML files, with single fields replaced. Errors name file, field and reason."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from jobs.errors import ConfigurationError
from jobs.library_errors import in_our_words
from jobs.nearest import nearest
from jobs.recipe.schema import Recipe
from jobs.validation import validated
from jobs.yaml_text import parse_yaml


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    return sorted(
        file.name.removesuffix(".yaml")
        for file in resources.files("jobs.recipes").iterdir()
        if file.name.endswith(".yaml")
    )


def load_recipe(name: str, overrides: dict[str, str] | None = None) -> Recipe:
    """A recipe by its name, or from a YAML file by its path.

    ``overrides`` replace fields by their dotted name, values as YAML: ``{"schedule.train_steps": "500"}``.
    Raises ``ConfigurationError`` that names file, field and reason.
    """
    text, source = _read(name)
    data = parse_yaml(text, source, "covid-ctl recipes show tiny prints a valid one")
    if not isinstance(data, dict):
        raise ConfigurationError(source, "not a recipe: its top level is no mapping", "covid-ctl recipes show tiny")
    for field, value in (overrides or {}).items():
        _override(data, field, value, source)
    return parse_recipe(data, source)


def parse_recipe(data: dict[str, Any], source: str) -> Recipe:
    """Checks a recipe's fields; ``source`` is what errors call it."""
    return validated(Recipe, data, source, "covid-ctl recipes show tiny prints a valid one")


def _read(name: str) -> tuple[str, str]:
    if name in recipe_names():
        return (resources.files("jobs.recipes") / f"{name}.yaml").read_text("utf-8"), f"recipe {name}"
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        try:
            return path.read_text("utf-8"), str(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(str(path), f"cannot be read ({in_our_words(error)})", "check the path") from error
    known = f"known: {', '.join(recipe_names())}, or the path of a .yaml file"
    reason = f"unknown{nearest(name, recipe_names())} ({known})"
    raise ConfigurationError(f"recipe {name}", reason, "covid-ctl recipes")


def _override(data: dict[str, Any], field: str, value: str, source: str) -> None:
    *sections, last = field.split(".")
    target: Any = data
    for section in sections:
        known = [name for name, value in target.items() if isinstance(value, dict)]
        target = target.get(section)
        if not isinstance(target, dict):
            reason = f"{source} has no such section{nearest(section, known)}"
            raise ConfigurationError(f"--set {field}", reason, "covid-ctl recipes show tiny")
    target[last] = parse_yaml(value, f"--set {field}", "put the value in quotes")

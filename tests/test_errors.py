"""Every error says what to do next, wherever it is made."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import controller
import jobs
from controller.kube import api_errors
from jobs import errors

PACKAGES = [Path(package.__file__ or "").parent for package in (jobs, controller)]
TREE = {
    name
    for name, kind in (vars(errors) | vars(api_errors)).items()
    if isinstance(kind, type) and issubclass(kind, errors.CovidCtlError)
}


def made_in(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in TREE:
            yield node


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_error_names_the_thing_the_reason_and_the_next_step(package: Path) -> None:
    calls = [(file, call) for file in sorted(package.rglob("*.py")) for call in made_in(file)]
    assert len(calls) > 20
    short = [
        f"{file.relative_to(package.parent)}:{call.lineno}"
        for file, call in calls
        if len(call.args) + len(call.keywords) < 3 or any(ast.unparse(given) == "''" for given in call.args)
    ]
    assert short == []

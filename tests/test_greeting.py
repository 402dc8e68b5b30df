"""A container's standard error is JSON lines: no step lets tensorflow greet there."""

import ast
from pathlib import Path

import pytest

STEPS = sorted((Path(__file__).parents[1] / "jobs" / "steps").glob("*.py"))


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.stem)
def test_no_step_imports_tensorflow_itself(path: Path) -> None:
    """``jobs.model`` does, and holds back what it says; sorted imports would put the library first."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.split(".")[0] == "tensorflow" for name in names)

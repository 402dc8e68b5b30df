"""torch and tensorflow never meet in a process: triton, which comes with torch, crashes beside tensorflow."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOM = ROOT / "tests" / "in_transformers"
OF_THE_JOBS = {ROOM / "hidden_states.py", ROOM / "make_files.py", ROOM / "read_saved.py", ROOM / "published_vectors.py"}
BENCH = ROOT / "tests" / "bench" / "training_torch.py"
"""A side of the training benchmark, a process of its own."""


def imported(path: Path) -> Iterator[str]:
    """Top-level names, wherever in the file they are imported."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_torch_is_imported_in_one_room() -> None:
    files = [path for folder in ("jobs", "controller", "tests") for path in (ROOT / folder).rglob("*.py")]
    importing = {path for path in files if {"torch", "transformers"} & set(imported(path))}
    assert importing
    assert {path.parent for path in importing - {BENCH}} == {ROOM}
    assert not OF_THE_JOBS & importing


def test_that_room_does_not_import_tensorflow() -> None:
    for path in (*ROOM.glob("*.py"), BENCH):
        if path not in OF_THE_JOBS:
            assert not {"tensorflow", "jobs", "controller"} & set(imported(path)), path

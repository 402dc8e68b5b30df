"""Paths in the bucket are said once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import controller
import jobs
from jobs import layout
from jobs.layout import LogName, shard_of, shard_record

FOLDERS = {
    f"{getattr(layout, name)}/"
    for name in (
        "SHARDS",
        "PROGRESS",
        "LOGS",
        "LEDGER",
        "VOCABULARIES",
        "CHECKPOINTS",
        "DIVERGED",
        "CURVES",
        "VARIANTS",
    )
}
FILES = {layout.SPEC, layout.MANIFEST, layout.HELD_OUT, layout.REPORT, layout.PROBE, layout.TRAINED_WEIGHTS}


def literals(file: Path) -> Iterator[tuple[int, str]]:
    """Strings that are values: docstrings and what people read have spaces."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            yield node.lineno, node.value


@pytest.mark.parametrize("package", [jobs, controller], ids=["jobs", "controller"])
def test_no_other_module_spells_a_path(package: object) -> None:
    root = Path(str(package.__file__)).parent  # type: ignore[attr-defined]
    found = [
        f"{file.relative_to(root)}:{line}: {text}"
        for file in root.rglob("*.py")
        if file.name != "layout.py"
        for line, text in literals(file)
        if text.lstrip("/") in FILES or any(text.lstrip("/").startswith(folder) for folder in FOLDERS)
    ]
    assert found == []


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1))
def test_names_of_logs_and_records_are_read_as_they_are_written(index: int, attempt: int) -> None:
    assert LogName.parse(LogName(index, attempt).path("ingest-12345678")) == LogName(index, attempt)
    assert shard_of(shard_record(index)) == index


@pytest.mark.parametrize(
    "path", ["00012.log", "00012-x.log", "00012-1.txt", "00012-1.log.tmp", "٠٠٠٠٠-1.log", "-1.log"]
)
def test_other_objects_beside_logs_are_passed_over(path: str) -> None:
    assert LogName.parse(f"ingest-12345678/logs/{path}") is None


@pytest.mark.parametrize("path", ["12.json", "00012.json.tmp", "00012", "0001²2.json", "9999999999.json"])
def test_other_objects_beside_records_are_passed_over(path: str) -> None:
    assert shard_of(f"shards/{path}") is None

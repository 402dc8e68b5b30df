"""The processors that a process may keep busy: its container's limit counts."""

import os
from pathlib import Path

import pytest

from jobs.processors import usable_processors

ALL = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "usable"),
    [
        ("max 100000\n", ALL),
        ("50000 100000\n", 1),
        ("100000 100000\n", 1),
        ("110000 100000\n", min(ALL, 2)),
        ("6400000 100000\n", ALL),
        ("0 0\n", ALL),
        ("", ALL),
    ],
)
def test_a_container_s_limit_counts(tmp_path: Path, quota: str, usable: int) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(quota)
    assert usable_processors(file) == usable


def test_without_control_groups_all_are_usable(tmp_path: Path) -> None:
    assert usable_processors(tmp_path / "absent") == ALL

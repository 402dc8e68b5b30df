"""Rows in any order: those of a large file are the same, and none is left behind."""

import tempfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.examples import shuffling
from jobs.examples.shuffling import in_order


@given(st.integers(0, 300), st.integers(1, 9), st.integers(1, 400), st.integers(1, 40), st.integers())
def test_all_rows_come_in_the_order_asked_for(count: int, size: int, memory: int, at_once: int, seed: int) -> None:
    rows = np.random.default_rng(abs(seed)).integers(0, 256, (count, size), np.uint8)
    numbers = np.array(Random(seed).sample(range(count), count), dtype=np.uint32)
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(shuffling, "IN_MEMORY", memory)
        patch.setattr(shuffling, "_ROWS_AT_ONCE", at_once)
        path = Path(directory) / "rows"
        rows.tofile(path)
        found = []
        for data, places in in_order(path, size, numbers):
            assert len(places) <= max(1, memory // size) or count == 0
            found += data.reshape(-1, size)[places].tolist()
        assert found == rows[numbers].tolist()
        assert list(Path(directory).iterdir()) == []

"""Memory that a process lets go of: what it reads stays the same."""

from pathlib import Path

import numpy as np
import pytest

from jobs.examples import mapped
from jobs.recipe import Examples
from tests.jobs.examples.synthetic import VOCABULARY
from tests.jobs.examples.written import write_and_read


def resident(array: np.ndarray) -> int:
    """Kilobytes of a mapped array that are in sight, as Linux counts them."""
    found = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            begin, _, end = line.split(" ", 1)[0].partition("-")
            found = int(begin, 16) <= array.ctypes.data < int(end, 16)
        elif found and line.startswith("Rss:"):
            return int(line.split()[1])
    raise AssertionError("the array is not mapped")


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells, others do not")
def test_pages_are_let_go_of_once_too_many_may_be_in_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "IN_SIGHT", 200 << 10)
    path = tmp_path / "numbers"
    np.arange(1 << 17, dtype=np.int64).tofile(path)
    numbers = mapped.mapped(path, np.int64)
    sight = mapped.Sight(numbers)
    total = int(numbers.sum())
    sight.seen(1)
    assert resident(numbers) == 1024
    sight.seen(3)
    assert resident(numbers) == 0
    assert int(numbers.sum()) == total


def test_examples_do_not_depend_on_what_is_in_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Examples(max_seq_length=24, max_predictions_per_seq=4, whole_word_mask=True)
    documents = [[[7, 8, 9] * 5] * 4] * 6
    written = []
    for limit in (mapped.IN_SIGHT, 1):
        monkeypatch.setattr(mapped, "IN_SIGHT", limit)
        write_and_read(documents, VOCABULARY, settings, tmp_path, dupe_factor=3)
        written.append((tmp_path / "examples.tfrecord").read_bytes())
    assert written[0] == written[1]

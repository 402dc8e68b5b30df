"""Large files are read in bounded memory, and what is read stays the same."""

import os
from pathlib import Path

import numpy as np
import pytest

from jobs.examples import mapped, shuffling
from jobs.recipe import Examples
from jobs.vocabulary import Vocabulary
from tests.jobs.examples.synthetic import VOCABULARY
from tests.jobs.examples.written import write_and_read


def resident(array: np.ndarray) -> int:
    """Kilobytes of a mapped array that are resident, as Linux counts them."""
    found = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            begin, _, end = line.split(" ", 1)[0].partition("-")
            found = int(begin, 16) <= array.ctypes.data < int(end, 16)
        elif found and line.startswith("Rss:"):
            return int(line.split()[1])
    raise AssertionError("the array is not mapped")


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells, others do not")
def test_pages_are_unmapped_once_too_many_may_be_resident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "RESIDENT", 200 << 10)
    path = tmp_path / "numbers"
    np.arange(1 << 17, dtype=np.int64).tofile(path)
    numbers = mapped.mapped(path, np.int64)
    pages = mapped.ResidentPages(numbers)
    total = int(numbers.sum())
    pages.read(0)
    assert resident(numbers) == 1024
    pages.read(3 << 16)
    assert resident(numbers) == 0
    assert int(numbers.sum()) == total


LARGE = Vocabulary((*VOCABULARY.tokens, *(f"w{number}" for number in range(70_000))))
"""Its ids need more than 16 bits."""


@pytest.mark.parametrize("vocabulary", [VOCABULARY, LARGE], ids=["small vocabulary", "large vocabulary"])
def test_examples_do_not_depend_on_how_they_are_read(
    vocabulary: Vocabulary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Examples(max_seq_length=24, max_predictions_per_seq=5, whole_word_mask=True)
    last = len(vocabulary) - 1
    documents = [[[7 + number, last - number, 9] * 5] * 4 for number in range(6)]
    written = []
    for limit in (mapped.RESIDENT, 1):
        monkeypatch.setattr(mapped, "RESIDENT", limit)
        monkeypatch.setattr(shuffling, "IN_MEMORY", limit)
        examples = write_and_read(documents, vocabulary, settings, tmp_path, dupe_factor=3)
        assert {piece for example in examples for piece in example.original} > {last, last - 5}
        written.append((tmp_path / "examples.tfrecord").read_bytes())
    assert written[0] == written[1]


def test_a_file_that_fits_is_read_where_it_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.arange(100, dtype=np.int32).tofile(tmp_path / "numbers")
    numbers = mapped.mapped(tmp_path / "numbers", np.int32)
    with mapped.far_file(numbers) as descriptor:
        assert descriptor == -1
    monkeypatch.setattr(mapped, "RESIDENT", 10)
    with mapped.far_file(numbers) as descriptor:
        assert os.pread(descriptor, 4, 40) == b"\x0a\0\0\0"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.pread(descriptor, 4, 40)

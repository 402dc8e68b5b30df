"""torch's files read without torch: every kind of tensor, and nothing that a pickle names is run."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.errors import ConfigurationError
from jobs.weights.torch_file import TorchFile
from jobs.weights.torch_pickle import UnsafePickleError
from tests.jobs.weights.torch_files import View, legacy_file, tensor, zip_file, zip_of

FORMATS = pytest.mark.parametrize("write", [zip_file, legacy_file], ids=["zip", "legacy"])
Write = Callable[..., bytes]
ONES = np.ones(2, np.float32)


def opened(tmp_path: Path, data: bytes) -> TorchFile:
    (tmp_path / "m.bin").write_bytes(data)
    return TorchFile(tmp_path / "m.bin", "m.bin")


@FORMATS
def test_every_kind_of_tensor(tmp_path: Path, write: Write) -> None:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((7, 4)).astype(np.float32)
    brain = rng.standard_normal(5).astype(np.float32).view(np.uint32) >> 16
    state = {
        "whole": table,
        "part": View(table.reshape(-1), 2 * 4 + 1, (3, 2), (4, 1)),
        "transposed": View(table.reshape(-1), 0, (4, 7), (1, 4)),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 3), np.float32),
        "half": rng.standard_normal(4).astype(np.float16),
        "double": rng.standard_normal(4),
        "brain": brain.astype(np.uint16),
    }
    expected = {
        **state,
        "part": table[2:5, 1:3],
        "transposed": table.T,
        "brain": (brain << 16).view(np.float32),
    }
    file = opened(tmp_path, write(state))
    assert list(file.tensors) == list(state)
    for name, value in expected.items():
        found = file.read(name)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, np.asarray(value).astype(np.float32), err_msg=name)


@FORMATS
def test_whole_numbers_are_seen_but_not_weights(tmp_path: Path, write: Write) -> None:
    file = opened(tmp_path, write({"ids": np.arange(3), "w": ONES}))
    assert file.tensors["ids"].dtype == "I64"
    np.testing.assert_array_equal(file.read("w"), ONES)
    with pytest.raises(ConfigurationError, match="ids is I64, not one of F64, F32, F16, BF16"):
        file.read("ids")


class Runs:
    """Unpickled by Python, it would make a file."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.reduced


def in_zip(pickled: bytes) -> bytes:
    return zip_of(pickled, {"data/0": b"\0" * 8})


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("wrap", [in_zip, bytes], ids=["zip", "bare"])
@pytest.mark.parametrize(
    ("call", "arguments", "named"),
    [
        (os.system, ("touch {mark}",), r"(posix|nt)\.system"),
        (eval, ("open('{mark}', 'w')",), r"builtins\.eval|__builtin__\.eval"),
        (getattr, ({}, "get"), r"builtins\.getattr|__builtin__\.getattr"),
        (Path, ("x",), r"pathlib(\._local)?\.Path"),
    ],
    ids=["system", "eval", "getattr", "class"],
)
def test_a_hostile_pickle_is_refused_by_name(
    tmp_path: Path,
    protocol: int,
    wrap: Callable[[bytes], bytes],
    call: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: str,
) -> None:
    mark = tmp_path / "it ran"
    filled = [a.format(mark=mark) if isinstance(a, str) else a for a in arguments]
    data = wrap(pickle.dumps({"w": Runs(call, *filled)}, protocol=protocol))
    with pytest.raises(
        UnsafePickleError, match=rf"m.bin: its pickle refers to ({named}|the instruction \w+)"
    ) as caught:
        opened(tmp_path, data)
    assert protocol in (0,) or "instruction" not in caught.value.reason
    assert not mark.exists()


def state_of(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """A state of one tensor, in a storage of two numbers."""
    return b"\x80\x02}X\x01\x00\x00\x00w" + tensor(0, View(ONES, offset, shape, strides)) + b"s."


@pytest.mark.parametrize(
    ("pickled", "said"),
    [
        (state_of(1, (2,), (1,)), "w reaches beyond its 2 numbers"),
        (state_of(0, (2,), (2,)), "w reaches beyond its 2 numbers"),
        (state_of(0, (255,), (0,)), "w reaches beyond its 2 numbers"),
        (state_of(0, (-1,), (1,)), "-1 is not a size"),
        (state_of(0, (2,), (1, 1)), "1 dimensions and 2 strides"),
        (state_of(0, (2,), (1,))[:-9], "its pickle is damaged"),
        (b"\x80\x02}.", "not named tensors"),
        (b"\x80\x02]K\x01a.", "a list, not named tensors"),
        (b"\x80\x02}X\x05\x00\x00\x00epochK\x01s.", "its entry 'epoch' is a int, not a tensor"),
        (b"\x80\x02K\x01K\x02s.", "its pickle is damaged"),
        (b"\x80\x02(.", "its pickle is damaged|not named tensors"),
        (b"\x80\x02h\x05.", "its pickle is damaged"),
        (b"\x80\x02}c__builtin__\ndict\n.", "refers to __builtin__.dict"),
        (b"\x80\x02\x82\x01.", "the instruction EXT1"),
        (b"(S'x'\nios\nsystem\n.", "the instruction INST"),
    ],
)
def test_what_is_not_a_state_is_refused(tmp_path: Path, pickled: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        opened(tmp_path, in_zip(pickled))


@FORMATS
def test_cut_anywhere_it_is_damaged_and_never_anything_else(tmp_path: Path, write: Write) -> None:
    data = write({"w": np.arange(40, dtype=np.float32), "b": ONES})
    for length in range(0, len(data), 7):
        with pytest.raises(ConfigurationError):
            opened(tmp_path, data[:length]).read("b")


@FORMATS
def test_a_flipped_byte_never_crashes(tmp_path: Path, write: Write) -> None:
    data = write({"w": np.arange(4, dtype=np.float32)})
    for at in range(0, len(data), 3):
        flipped = bytearray(data)
        flipped[at] ^= 0xFF
        try:
            file = opened(tmp_path, bytes(flipped))
            for name in file.tensors:
                file.read(name)
        except ConfigurationError:
            pass

"""Reads the pickle in torch's files without torch and without running anything that it names.

A pickle is a program. This interpreter knows the instructions that build plain data, and the few names with which
torch describes a tensor; they become records here. Any other name and any other instruction is refused.
"""

from __future__ import annotations

import mmap
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, cast

from jobs.errors import ConfigurationError
from jobs.weights.variable_names import Shape

_TYPES = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
_STORAGES = {f"{module}.{name}": dtype for module in ("torch", "torch.cuda") for name, dtype in _TYPES.items()}
_REMEDY = "do not load it with torch unless you trust its origin; give google's files or a model.safetensors"
_MARK = object()


@dataclass(frozen=True)
class Storage:
    """A flat array of numbers elsewhere in the file."""

    key: str
    dtype: str
    """By safetensors' name."""
    count: int


@dataclass(frozen=True)
class StoredTensor:
    """A view of a storage. Offset and strides count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: Shape
    strides: tuple[int, ...]


class UnsafePickleError(ConfigurationError):
    """The pickle wants more than to describe tensors."""


@dataclass(frozen=True)
class _Global:
    """A name that a pickle refers to."""

    name: str


def read_pickle(file: IO[bytes] | mmap.mmap, source: str) -> Any:
    """The data that the next pickle in ``file`` describes: mappings, lists, texts, numbers and ``StoredTensor``.

    Leaves ``file`` behind that pickle. Raises ``UnsafePickleError`` with the name of what is not plain data, and
    ``ConfigurationError``, naming ``source``, for a damaged pickle.
    """
    machine = _Machine(source)
    try:
        for operation, argument, _ in pickletools.genops(cast(IO[bytes], file)):
            if operation.name == "STOP":
                return machine.stack.pop()
            machine.run(operation.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise ConfigurationError(source, f"its pickle is damaged: {error}", "get it again") from error
    raise AssertionError("genops ends with STOP or raises")


class _Machine:
    """The stack and the memo of a running pickle."""

    def __init__(self, source: str) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._source = source

    def run(self, operation: str, argument: Any) -> None:
        if operation in _NOTHING:
            return
        if operation in _PUSHES:
            self.stack.append(argument)
        elif operation in _CONSTANTS:
            self.stack.append(_CONSTANTS[operation]())
        elif operation in _TUPLES:
            count = _TUPLES[operation]
            self.stack[len(self.stack) - count :] = [tuple(self.stack[len(self.stack) - count :])]
        elif operation in ("BINPUT", "LONG_BINPUT", "PUT"):
            self._memo[argument] = self.stack[-1]
        elif operation in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self._memo[argument])
        elif handler := _HANDLERS.get(operation):
            handler(self, argument)
        else:
            raise self._refusal(f"the instruction {operation}")

    def memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self.stack[-1]

    def name(self, argument: str) -> None:
        # pickletools separates module and name with a space.
        self._push_name(".".join(argument.split(" ", 1)))

    def name_on_stack(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._push_name(f"{module}.{name}")

    def since_mark(self) -> list[Any]:
        values = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def make_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self.since_mark()))

    def set_items(self, _: Any) -> None:
        values = self.since_mark()
        self._mapping().update(zip(values[::2], values[1::2], strict=True))

    def set_item(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._mapping()[key] = value

    def append(self, _: Any) -> None:
        value = self.stack.pop()
        self._list().append(value)

    def append_all(self, _: Any) -> None:
        values = self.since_mark()
        self._list().extend(values)

    def persistent(self, _: Any) -> None:
        """A storage: ("storage", its type, its key, the device it was on, how many numbers)."""
        kind, storage, key, _device, count, *view = self.stack.pop()
        if kind != "storage" or not isinstance(storage, _Global) or any(view):
            raise ValueError("a persistent id is not a storage")
        self.stack.append(Storage(str(key), _STORAGES[storage.name], _whole(count)))

    def reduce(self, _: Any) -> None:
        """A call: only those that describe a tensor or an ordered mapping, and they are not made."""
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, _Global) or function.name not in _CALLS:
            raise self._refusal(f"a call of {function.name if isinstance(function, _Global) else function!r}")
        self.stack.append(_CALLS[function.name](*arguments))

    def build(self, _: Any) -> None:
        """Attributes of an object: a state's ``_metadata``, which tells nothing of its tensors."""
        self.stack.pop()
        self._mapping()

    def _push_name(self, name: str) -> None:
        if name not in _CALLS and name not in _STORAGES:
            raise self._refusal(name)
        self.stack.append(_Global(name))

    def _mapping(self) -> dict[Any, Any]:
        if not isinstance(self.stack[-1], dict):
            raise ValueError("items are set on what is not a mapping")
        return self.stack[-1]

    def _list(self) -> list[Any]:
        if not isinstance(self.stack[-1], list):
            raise ValueError("items are appended to what is not a list")
        return self.stack[-1]

    def _refusal(self, what: str) -> UnsafePickleError:
        return UnsafePickleError(self._source, f"its pickle refers to {what}, which weights do not need", _REMEDY)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a size")
    return value


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> StoredTensor:
    if not isinstance(storage, Storage):
        raise ValueError("a tensor has no storage")
    sizes, steps = tuple(map(_whole, shape)), tuple(map(_whole, strides))
    if len(sizes) != len(steps):
        raise ValueError(f"a tensor has {len(sizes)} dimensions and {len(steps)} strides")
    return StoredTensor(storage, _whole(offset), sizes, steps)


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


def _ordered(items: Any = ()) -> dict[Any, Any]:
    return dict(items)


_CALLS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "collections.OrderedDict": _ordered,
}
_NOTHING = frozenset({"PROTO", "FRAME"})
_PUSHES = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    }
)
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_HANDLERS: dict[str, Callable[[_Machine, Any], None]] = {
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_on_stack,
    "TUPLE": _Machine.make_tuple,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.append_all,
    "BINPERSID": _Machine.persistent,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}

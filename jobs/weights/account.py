"""Every variable of a checkpoint and of the model it is to start, accounted for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from jobs.errors import ConfigurationError
from jobs.weights.variable_names import PER_ENTRY, Shape

_NAMED = 3
"""Names that a message holds; ``variables.json`` has them all."""


@dataclass(frozen=True)
class Contents:
    """What a checkpoint holds, by google's names and in google's layout, before any of it is read."""

    shapes: Mapping[str, Shape]
    stored: Mapping[str, str]
    """Google's name -> the name in the file."""
    aside: tuple[str, ...] = ()
    """In the file, but no weights of a model: optimizer state, counters, copies."""
    padding: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Rows in the file and rows that a vocabulary uses, where it uses fewer."""

    def without_padding(self, entries: int) -> Contents:
        """Only the first ``entries`` rows of the variables that have one row per entry of the vocabulary."""
        padded = {n: (s[0], entries) for n, s in self.shapes.items() if n in PER_ENTRY and s[0] > entries}
        used = {name: (entries, *self.shapes[name][1:]) for name in padded}
        return replace(self, shapes={**self.shapes, **used}, padding=padded)

    @classmethod
    def of(cls, found: Mapping[str, tuple[str, Shape]], aside: Iterable[str], source: str) -> Contents:
        """From name in the file -> google's name and shape. Raises ``ConfigurationError`` when two are one."""
        shapes: dict[str, Shape] = {}
        stored: dict[str, str] = {}
        for name, (google, shape) in sorted(found.items()):
            if google in stored:
                reason = f"{stored[google]} and {name} are both {google}"
                raise ConfigurationError(source, reason, "give a checkpoint of one model")
            shapes[google], stored[google] = shape, name
        return cls(shapes, stored, tuple(sorted(aside)))


@dataclass(frozen=True)
class Allowed:
    """Names, or patterns as a shell's, of the variables that need not match."""

    missing: Sequence[str] = ()
    unused: Sequence[str] = ()
    mismatched: Sequence[str] = ()


@dataclass(frozen=True)
class Account:
    """All by google's names, sorted; what is neither google's nor transformers' keeps its own."""

    matched: tuple[str, ...]
    """Taken from the checkpoint, ``extended`` included."""
    extended: Mapping[str, tuple[int, int]]
    """Rows in the checkpoint and in the model, where the model's vocabulary is larger."""
    missing: tuple[str, ...]
    """Variables of the model that the checkpoint lacks. If that is allowed, they begin with random values."""
    unused: tuple[str, ...]
    """In the checkpoint, not of the model."""
    mismatched: Mapping[str, tuple[Shape, Shape]]
    """In both, in shapes that do not fit: the checkpoint's and the model's."""
    aside: tuple[str, ...]
    """As in ``Contents``."""
    padding: Mapping[str, tuple[int, int]]
    """As in ``Contents``."""

    @property
    def random(self) -> list[str]:
        """The variables that begin with random values."""
        return sorted({*self.missing, *self.mismatched})

    def to_json(self) -> dict[str, Any]:
        padding = {"padding": {name: list(rows) for name, rows in self.padding.items()}}
        return {
            **(padding if self.padding else {}),
            "matched": list(self.matched),
            "extended": {name: list(rows) for name, rows in self.extended.items()},
            "missing": list(self.missing),
            "unused": list(self.unused),
            "mismatched": {name: [list(shape) for shape in pair] for name, pair in self.mismatched.items()},
            "aside": list(self.aside),
        }

    def counts(self) -> dict[str, int]:
        return {name: len(value) for name, value in self.to_json().items()}


def account(contents: Contents, expected: Mapping[str, Shape]) -> Account:
    """Compares names and shapes. A vocabulary may be larger than the checkpoint's, never smaller."""
    found = contents.shapes
    both = sorted(found.keys() & expected.keys())
    extended = {n: (found[n][0], expected[n][0]) for n in both if _extends(n, found[n], expected[n])}
    mismatched = {n: (found[n], expected[n]) for n in both if found[n] != expected[n] and n not in extended}
    return Account(
        matched=tuple(name for name in both if name not in mismatched),
        extended=extended,
        missing=tuple(sorted(expected.keys() - found.keys())),
        unused=tuple(sorted(found.keys() - expected.keys())),
        mismatched=mismatched,
        aside=contents.aside,
        padding=contents.padding,
    )


def check_account(found: Account, allowed: Allowed, source: str) -> None:
    """Raises ``ConfigurationError`` that names every kind of mismatch that is not allowed, and how to allow it."""
    missing = _not_in(found.missing, allowed.missing)
    unused = _not_in(found.unused, allowed.unused)
    mismatched = _not_in(found.mismatched, allowed.mismatched)
    if not (missing or unused or mismatched) and found.matched:
        return
    shapes = [f"{n} {list(found.mismatched[n][0])}, the model's is {list(found.mismatched[n][1])}" for n in mismatched]
    problems = [
        *([f"it lacks {listed(missing)}"] if missing else []),
        *([f"of another shape are {listed(shapes, '; ')}"] if shapes else []),
        *([f"it holds {listed(unused)}, which the model does not have"] if unused else []),
    ]
    # The encoder is what a checkpoint is for: lacking a part of it, or having more, is another architecture.
    can_be_allowed = found.matched and not mismatched and not any(map(_is_of_encoder, (*missing, *unused)))
    remedy = "give a checkpoint of the recipe's architecture, or change the recipe's"
    if can_be_allowed:
        allow = {"allow_missing": _patterns(missing), "allow_unused": _patterns(unused)}
        settings = [f"--set 'initial_checkpoint.{k}=[{', '.join(names)}]'" for k, names in allow.items() if names]
        remedy = f"give another checkpoint, or allow it: {' '.join(settings)}"
    raise ConfigurationError(source, "; ".join(problems) or "none of the model's variables is in it", remedy)


_PARTS = (
    ("cls/predictions/", "the masked-word head"),
    ("cls/seq_relationship/", "the next-sentence head"),
    ("bert/pooler/", "the pooler"),
)


def parts_of(names: Iterable[str]) -> list[str]:
    """What people call these variables of the model: each head and the pooler by one name, others by their own."""
    named = [next((part for prefix, part in _PARTS if name.startswith(prefix)), name) for name in names]
    return sorted(set(named), key=named.index)


def listed(names: Sequence[str], separator: str = ", ") -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return separator.join(names[:_NAMED]) + more


def _extends(name: str, found: Shape, expected: Shape) -> bool:
    return name in PER_ENTRY and len(found) == len(expected) and found[1:] == expected[1:] and found[0] < expected[0]


def _not_in(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    allowed = list(patterns)
    return [name for name in names if not any(fnmatchcase(name, pattern) for pattern in allowed)]


_FOLDER = re.compile(r"(bert[/.]pooler|[^/.]+)[/.]")


def _is_of_encoder(name: str) -> bool:
    return name.startswith(("bert/", "bert.")) and not name.startswith(("bert/pooler/", "bert.pooler."))


def _patterns(names: Sequence[str]) -> list[str]:
    """One pattern for each folder of ``names``; a name alone in its folder stands for itself."""
    folders = [match[0] if (match := _FOLDER.match(name)) else name for name in names]
    return [
        f"{folder}*" if folders.count(folder) > 1 else names[folders.index(folder)]
        for folder in sorted(set(folders), key=folders.index)
    ]

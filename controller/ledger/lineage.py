"""Finds what a step reads, other steps and vocabularies, from its spec. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from jobs.layout import FILES, VOCABULARIES
from jobs.spec import Kind, Spec

_STEP = re.compile(rf"(?:{'|'.join(Kind)})(?:-[a-z0-9]+)*-[0-9a-f]{{8}}")


def is_step_name(text: str) -> bool:
    """Whether ``text`` has the form of a step's name, which is also a folder's: no slash, no dot."""
    return bool(_STEP.fullmatch(text))


def steps_read(spec: Spec) -> tuple[str, ...]:
    """The names of the steps whose artifacts it reads. What identifies a corpus is no step's name."""
    heads = (value.split("/", 1)[0] for value in spec.inputs.values())
    return tuple(dict.fromkeys(head for head in heads if _STEP.fullmatch(head)))


def files_read(spec: Spec) -> tuple[str, ...]:
    """The objects of the files that were given for it, a vocabulary among them."""
    return tuple(value for value in spec.inputs.values() if value.startswith((f"{VOCABULARIES}/", f"{FILES}/")))


def closure(roots: Iterable[str], specs: Mapping[str, Spec]) -> set[str]:
    """The roots and everything that they read, directly or indirectly."""
    found: set[str] = set()
    ahead = list(roots)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += steps_read(specs[name]) if name in specs else ()
    return found

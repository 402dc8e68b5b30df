"""What the code says of itself, as text of a page."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from typing import Any

NOTE = "<!-- Written by docs/reference_pages.py from the code. -->"


def prose(text: str) -> str:
    """A docstring as one paragraph of Markdown."""
    return re.sub(r"``([^`]*)``", r"`\1`", " ".join(text.split()))


def docs_below(described: Any) -> dict[str, str]:
    """The docstrings below the names that a module, or a class, assigns."""
    body = ast.parse(inspect.getsource(described)).body
    if inspect.isclass(described):
        (body,) = (node.body for node in body if isinstance(node, ast.ClassDef))
    found: dict[str, str] = {}
    for assigned, text in itertools.pairwise(body):
        target = assigned.targets[0] if isinstance(assigned, ast.Assign) else getattr(assigned, "target", None)
        if isinstance(target, ast.Name) and isinstance(text, ast.Expr):
            value = getattr(text.value, "value", None)
            if isinstance(value, str):
                found[target.id] = value
    return found

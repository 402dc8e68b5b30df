"""Every regular expression of the product, found by walking its source: none is listed by hand."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("jobs", "controller")
FUNCTIONS = ("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")


class Found(NamedTuple):
    where: str
    """The module and the name of the pattern, or the line of the call that makes it."""
    pattern: re.Pattern[Any]
    searched: bool
    """Whether it is looked for from every place of a text: not where it must match the whole, or from the beginning."""


class Dynamic(NamedTuple):
    """A call that makes a pattern of what is known only when it runs."""

    module: str
    function: str


@cache
def every_pattern() -> Sequence[Found]:
    """Those given as literals, without importing their modules; and those that importing a module makes."""
    found: dict[tuple[Any, int], Found] = {}

    def add(where: str, pattern: re.Pattern[Any], searched: bool) -> None:
        key = (pattern.pattern, pattern.flags)
        before = found.get(key, Found(where, pattern, False))
        found[key] = before._replace(searched=before.searched or searched)

    for module, tree in _modules():
        anchored = _anchored(tree)
        assigned = {
            id(node.value): target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        inside = {id(node) for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) for node in ast.walk(each)}
        computed = False
        for call in _calls(tree):
            name = assigned.get(id(call), f"line {call.lineno}")
            function = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            try:
                pattern = re.compile(ast.literal_eval(call.args[0]), sum(map(_flags, call.args[1:])))
            except ValueError:
                computed |= id(call) not in inside
            else:
                add(f"{module}.{name}", pattern, name not in anchored and function not in ("match", "fullmatch"))
        if computed:
            for name, value in vars(importlib.import_module(module)).items():
                for pattern in _patterns(value):
                    add(f"{module}.{name}", pattern, name not in anchored)
    return tuple(found.values())


def _anchored(tree: ast.Module) -> set[str]:
    """Names of which only ``fullmatch``, or ``match`` from the text's beginning, is asked."""
    uses: dict[str, set[bool]] = defaultdict(set)
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            call = called.get(id(node))
            arguments = len(call.args) if call else 0
            uses[node.value.id].add(node.attr == "fullmatch" or (node.attr == "match" and arguments == 1))
    return {name for name, anchored in uses.items() if anchored == {True}}


def dynamic_patterns() -> list[Dynamic]:
    """Calls inside functions whose pattern is no literal: no walk can see what they will be."""
    return [
        Dynamic(module, function.name)
        for module, tree in _modules()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in _calls(function)
        if not isinstance(call.args[0], ast.Constant)
    ]


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "import re\n" in source:
                parts = path.relative_to(ROOT).with_suffix("").parts
                yield ".".join(parts[: -1 if parts[-1] == "__init__" else None]), ast.parse(source)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS:
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "re" and node.args:
                yield node


def _flags(node: ast.expr) -> int:
    """``re.ASCII | re.DOTALL`` as a number; an argument that is no flag is none."""
    if isinstance(node, ast.BinOp):
        return _flags(node.left) | _flags(node.right)
    return int(getattr(re, node.attr)) if isinstance(node, ast.Attribute) and node.attr.isupper() else 0


def _patterns(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _patterns(each)
    elif isinstance(value, dict):
        yield from _patterns(list(value.values()))

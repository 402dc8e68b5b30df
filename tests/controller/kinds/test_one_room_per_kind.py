"""Only a kind's own files know it: found by reading the syntax of every module of the product."""

import ast
from pathlib import Path

import pytest

from jobs.spec import Kind

ROOT = Path(__file__).parents[3]
ROOMS = ("controller/kinds/", "jobs/steps/", "jobs/spec.py", "jobs/recipe/naming.py")
"""Where a particular kind may be named: its declaration, its work, the enumeration, the table of fields."""
MODULES = sorted(
    path
    for package in ("controller", "jobs")
    for path in (ROOT / package).rglob("*.py")
    if not str(path.relative_to(ROOT)).startswith(ROOMS)
)
MEMBERS, VALUES = {kind.name for kind in Kind}, {str(kind) for kind in Kind}


def kinds_named(source: str) -> list[str]:
    """``Kind.X``, ``Kind("x")`` and ``Kind["X"]``; what is called a kind, compared or matched with one's value."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="Kind") | ast.Attribute(attr="Kind"), attr=name) if name in MEMBERS:
                found.append(f"line {node.lineno}: Kind.{name}")
            case ast.Call(func=ast.Name(id="Kind"), args=[ast.Constant(value=value)]):
                found.append(f"line {node.lineno}: Kind({value!r})")
            case ast.Subscript(value=ast.Name(id="Kind"), slice=ast.Constant(value=value)):
                found.append(f"line {node.lineno}: Kind[{value!r}]")
            case ast.Compare() if any(_is_kind(side) for side in (node.left, *node.comparators)):
                values = {
                    c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)
                } & VALUES
                found += [f"line {node.lineno}: compared with {value!r}" for value in sorted(values)]
            case ast.Match() if _is_kind(node.subject):
                values = {
                    c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)
                } & VALUES
                found += [f"line {node.lineno}: matched with {value!r}" for value in sorted(values)]
            case ast.ImportFrom(module=str(module)) if module.rpartition(".")[2] in VALUES and "kinds" in module:
                found.append(f"line {node.lineno}: imports {module}")
            case _:
                pass
    return found


def _strings(node: ast.AST) -> set[str]:
    return {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}


def _is_kind(node: ast.expr) -> bool:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    attributes = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    return bool(names & {"kind", "what"}) or "kind" in attributes


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_names_a_particular_kind(path: Path) -> None:
    assert kinds_named(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "if step.kind == Kind.INGEST: pass",
        "x = spec.Kind.EXPORT",
        "x = Kind('export')",
        "x = Kind['EXPORT']",
        "if spec.kind == 'pretrain': pass",
        "if kind in ('ingest', 'other'): pass",
        "match spec.kind:\n    case 'ingest': pass",
        "match spec.kind:\n    case Kind.INGEST: pass",
        "from controller.kinds.pretrain import training_flops",
    ],
)
def test_it_finds_what_it_is_for(source: str) -> None:
    assert kinds_named(source)


@pytest.mark.parametrize("source", ["x = list(Kind)", "Kind(text)", "if kind in KINDS: pass", "x = found['ingest']"])
def test_it_lets_pass_what_holds_for_every_kind(source: str) -> None:
    assert not kinds_named(source)

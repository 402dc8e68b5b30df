"""Whatever kubectl command is advised says which namespace it is about, if what it is about is in one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.kube.kubectl import CLUSTER_INFO, cluster_wide, within

ROOT = Path(__file__).parents[3]
SOURCES = sorted(path for part in ("controller", "jobs") for path in (ROOT / part).rglob("*.py"))
MODULE = ROOT / "controller" / "kube" / "kubectl.py"

COMMAND = re.compile(r"\bkubectl (-|[a-z])")
IN_NO_NAMESPACE = re.compile(
    r"(auth whoami|cluster-info|version|config (use-context|get-contexts|view)|apply -k k8s/"
    r"|(get|describe|edit|delete|create|patch|\{\}) (node|pv|namespace|clusterqueue) )"
)
"""What ``cluster_wide`` may be given, ``{}`` for what a literal leaves open."""


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings of a module but its docstrings, with ``{}`` for what is put in."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            yield node.lineno, text_of(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


def test_the_namespace_stands_before_the_verb() -> None:
    assert within("papers", "get jobs,pods") == "kubectl --namespace papers get jobs,pods"
    assert within("", "get jobs,pods") == "kubectl get jobs,pods"
    assert cluster_wide("get node n1") == "kubectl get node n1"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('look = f"kubectl describe job {name}"', True),
        ('look = "see: kubectl --namespace x get pods"', True),
        ('"""Runs ``kubectl get pods``."""', False),
        ('path = "kubectl.kubernetes.io/restart"', False),
    ],
)
def test_a_command_that_is_written_by_hand_is_found(source: str, found: bool) -> None:
    assert any(COMMAND.search(text) for _, text in literals(ast.parse(source))) is found


def test_no_other_module_writes_a_command_by_hand() -> None:
    """One that does may forget the namespace, and then shows another Job of the name, or none."""
    by_hand = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in SOURCES
        if path != MODULE
        for line, text in literals(ast.parse(path.read_text()))
        if COMMAND.search(text)
    ]
    assert by_hand == []


def test_only_what_is_in_no_namespace_is_said_to_be_cluster_wide() -> None:
    said = {
        text_of(node.args[0])
        for path in SOURCES
        if path != MODULE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cluster_wide"
    }
    assert said
    assert [text for text in sorted(said) if not IN_NO_NAMESPACE.match(text + " ")] == []
    assert IN_NO_NAMESPACE.match(CLUSTER_INFO.removeprefix("kubectl "))

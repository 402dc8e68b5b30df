"""JSON of others is read in one place, and none of it ends a command in a traceback."""

import ast
from pathlib import Path

import pytest

from jobs.errors import ConfigurationError
from jobs.inference.forward import ExportedBert
from jobs.json_text import from_json, mapping_in

ROOT = Path(__file__).parents[2]
DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000


def calls_the_parser(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("load", "loads")
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_python_s_parser_is_called_in_one_place() -> None:
    files = [path for top in ("jobs", "controller") for path in (ROOT / top).rglob("*.py")]
    assert [path.name for path in files if calls_the_parser(path)] == ["json_text.py"]


@pytest.mark.parametrize("text", [DEEP, "[" * 100_000, "{", "\udcff", ""])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(text)


@pytest.mark.parametrize("text", [DEEP, "[]", "{", "null"])
def test_a_configuration_that_cannot_be_read_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    for read in (lambda: mapping_in(tmp_path / "config.json", "export again"), lambda: ExportedBert(tmp_path)):
        with pytest.raises(ConfigurationError) as raised:
            read()
        assert "config.json" in raised.value.thing

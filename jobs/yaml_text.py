"""YAML that people write, read strictly: nothing in it is overwritten, and it takes bounded time and memory."""

from __future__ import annotations

from typing import Any

import yaml

from jobs.errors import ConfigurationError
from jobs.library_errors import in_our_words

MAX_CHARACTERS = 1 << 15
"""A recipe has two thousand. PyYAML takes time by the square of open brackets: a second for so many."""

MAX_DEPTH = 50


def parse_yaml(text: str, source: str, remedy: str) -> Any:
    """The value of a YAML document.

    Raises ``ConfigurationError``, naming ``source``, for what is not YAML, is too large or nested too deeply, gives a
    key twice (plain YAML would take the last), or uses aliases, which can stand for far more than is written.
    """
    if len(text) > MAX_CHARACTERS:
        reason = f"{len(text):,} characters, more than the {MAX_CHARACTERS:,} that are read"
        raise ConfigurationError(source, reason, remedy)
    try:
        return yaml.load(text, Loader=_StrictLoader)  # a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigurationError(source, f"not YAML: {in_our_words(error)}", remedy) from error
    except ValueError as error:  # of a scalar: a date like 2020-99-99
        raise ConfigurationError(source, f"not YAML: {error}", remedy) from error


class _StrictLoader(yaml.SafeLoader):
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        is_alias = isinstance(event, yaml.AliasEvent)
        if is_alias:
            raise yaml.composer.ComposerError(None, None, "aliases are not read", event.start_mark)
        if self._depth == MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nested too deeply", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str | int | float | bool | None):
                if key in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
                seen.add(key)
        return super().construct_mapping(node, deep)

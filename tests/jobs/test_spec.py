"""Names are content: what changes a name, and what does not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.spec import Kind, Spec, canonical
from jobs.validation import parsed

SPEC = Spec(Kind.PREPROCESS, settings={"a": 1, "b": [1, 2]}, inputs={"documents": "ingest-12345678"}, shards=4)


def test_the_name_is_kind_and_digest() -> None:
    assert SPEC.name == f"preprocess-{SPEC.sha256[:8]}"
    assert replace(SPEC, recipe="tiny").name.startswith("preprocess-tiny-")


def test_the_order_of_settings_does_not_matter() -> None:
    assert replace(SPEC, settings={"b": [1, 2], "a": 1}).name == SPEC.name


@pytest.mark.parametrize(
    "change",
    [
        {"kind": Kind.INGEST},
        {"settings": {"a": 2, "b": [1, 2]}},
        {"settings": {"a": 1, "b": [2, 1]}},
        {"inputs": {"documents": "ingest-87654321"}},
        {"shards": 5},
        {"recipe": "bio"},
        {"salt": "again"},
        {"version": 99},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_matters_makes_another_name(change: dict[str, Any]) -> None:
    assert replace(SPEC, **change).name != SPEC.name


@given(
    kind=st.sampled_from(list(Kind)),
    settings=st.dictionaries(
        st.text(), st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.none()
    ),
    shards=st.integers(1, 99999),
    recipe=st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True),
)
def test_specs_survive_json_and_names_are_dns_labels(
    kind: Kind, settings: dict[str, object], shards: int, recipe: str
) -> None:
    import re

    spec = Spec(kind, settings=settings, shards=shards, recipe=recipe)
    assert parsed(Spec, canonical(spec.to_json())) == spec
    # Kubernetes names a pod <job>-<index>, a DNS label of at most 63 characters.
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", spec.name)
    assert len(f"{spec.name}-{shards - 1}") <= 63

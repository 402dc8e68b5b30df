"""Texts as the compiled parts are given them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.native import END_OF_TEXT, joined

TEXT = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    ["", "a" * 300, "é", "中", "😀", "\ud800", "\0"]
)


@given(st.lists(TEXT, max_size=8), st.integers(0, 30))
@example([], 0)
def test_texts_are_joined_in_utf8(texts: list[str], behind: int) -> None:
    plain = b"".join(text.encode("utf-8", "surrogatepass") + END_OF_TEXT for text in texts) + bytes(behind)
    assert joined(texts, behind) == plain
    assert joined(tuple(texts), behind) == plain
    assert joined(texts, behind) == plain  # again, of texts whose bytes are known


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError):
        joined(["a", b"b"])  # type: ignore[list-item]

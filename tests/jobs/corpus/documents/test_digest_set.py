"""What was seen is known, and nothing else, however many there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.documents.digest_set import DigestSet


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=3)))
def test_it_is_a_set(texts: list[str]) -> None:
    seen, known = DigestSet(), set[str]()
    for text in texts:
        assert (text in seen) == (text in known)
        assert seen.add(text) == (text not in known)
        known.add(text)
    assert len(seen) == len(known)


def test_it_grows_without_forgetting() -> None:
    seen = DigestSet()
    assert all(seen.add(f"paper {number}") for number in range(20_000))
    assert not any(seen.add(f"paper {number}".encode()) for number in range(20_000))
    assert not any(f"other {number}" in seen for number in range(1000))
    assert len(seen) == 20_000

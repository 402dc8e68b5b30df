"""Documents with the same letters and digits are one; the first in order is the original."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.screening.exact_duplicates import ExactDuplicates, identity


def document(
    title: str = "Title", abstract: tuple[str, ...] = ("An abstract.",), body: tuple[str, ...] = ()
) -> Document:
    return Document("u", title, plain(abstract), plain(body), "", "", "")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (document(), True),
        (document("TITLE"), True),
        (document(" ti_tle–", ("(An) abstract\x7f…",)), True),
        (document("Title!", ("An", "abstract")), True),
        (document("Title", (), ("An abstract.",)), True),
        (document("Title", ("An abstract 2.",)), False),
        (document("Title", ("An abstract of β.",)), False),
        (document("", ("An abstract.",)), False),
    ],
)
def test_only_letters_and_digits_decide(other: Document, same: bool) -> None:
    duplicates = ExactDuplicates()
    assert not duplicates.seen_before(document())
    assert duplicates.seen_before(other) is same
    assert duplicates.seen_before(other)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@example("Straße İ ﬁ Ⱥ Σας 𐐀")
def test_an_identity_is_of_the_letters_and_digits_as_python_folds_them(text: str) -> None:
    letters = re.sub(r"[\W_]+", "", f"Title\n{text}".casefold())
    assert identity(document("Title", (text,))) == hashlib.blake2b(letters.encode(), digest_size=16).digest()

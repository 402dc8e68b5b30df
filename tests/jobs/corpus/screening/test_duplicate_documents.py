"""Documents with the same letters and digits are one; the first in order is the original."""

from __future__ import annotations

import pytest

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.screening.exact_duplicates import ExactDuplicates


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

"""Plain text as a corpus: a blank line between documents, every line a paragraph.

That is what google-research/bert's ``create_pretraining_data.py`` reads, with a sentence in each line. As there,
a line is blank that holds nothing but white space, whichever: tabs, no-break and ideographic spaces, but not
zero-width ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.outcome import NO_TEXT, Outcome
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.documents.quarantine import MalformedError, Quarantined
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.reading.lines import Line, base_name


def outcomes(path: str, lines: Iterator[Line]) -> Iterator[Outcome]:
    """The documents of one file; a document's id is the file's name and its place in it."""
    blocks = groupby(lines, key=lambda line: line.is_blank)
    documents = (block for is_blank, block in blocks if not is_blank)
    for number, block in enumerate(documents, 1):
        yield _outcome(path, f"{base_name(path)}-{number:08d}", block)


def _outcome(path: str, uid: str, lines: Iterator[Line]) -> Outcome:
    first = 0
    size = 0
    paragraphs: list[str] = []
    problem: MalformedError | None = None
    for line in lines:
        first = first or line.number
        size += line.size
        if size > MAX_DOCUMENT_BYTES:
            paragraphs.clear()
            reason = f"a document of {size:,} bytes, more than the {MAX_DOCUMENT_BYTES:,} that one may have"
            problem = MalformedError(reason, f"line {first}")
        elif problem is None:
            try:
                paragraphs.append(line.data.decode().strip())
            except UnicodeDecodeError as error:
                problem = MalformedError("not UTF-8", f"line {line.number}, byte {error.start}")
    if problem:
        return Outcome(uid, quarantine=(Quarantined(path, problem.reason, problem.position, uid),))
    body = plain(filter(None, paragraphs))
    return Outcome(uid, Document(uid, "", (), body, "", "", "")) if body else Outcome(uid, dropped=NO_TEXT)

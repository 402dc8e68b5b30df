"""Documents as lines of JSON: an object of a document's fields, in which a paragraph is a list of its fields."""

from __future__ import annotations

import msgspec

from jobs.corpus.documents.document import Document

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Document)


def encoded(document: Document) -> bytes:
    """One line, with its line end; field order is the class's, so equal documents give equal bytes."""
    return _ENCODER.encode(document) + b"\n"


def decoded(line: bytes) -> Document:
    """The inverse of ``encoded``."""
    return _DECODER.decode(line)

"""JSON Lines as a corpus: one document an object, fields ``id``, ``title``, ``abstract`` and ``text`` (or ``body``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jobs.corpus.documents.digest_set import DigestSet
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.lenient_json import read_json
from jobs.corpus.documents.outcome import NO_TEXT, Outcome
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.documents.quarantine import MalformedError, Quarantined
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.reading.lines import Line, base_name

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_TAKEN = ("license", "publish_time", "journal", "doi", "url")
"""Fields that are taken as they are, where a line has them."""


_READ = frozenset({"id", "title", "abstract", "text", "body", *_TAKEN})
_TEXT_NAME = re.compile(
    "text|full|body|content|article|paragraph|passage|sentence|section|abstract|summary", re.IGNORECASE
)
_LONG, _TIMES = 500, 4
"""Characters from which on a field is taken for text, whatever its name; and how many times as long as a text that is
read it must be then."""
_WORDS, _DEEPEST, _MOST_STRINGS = 8, 3, 200
"""Words of a field that is prose, where a document has no text else; and how far such a field is looked into."""
_SENTENCE_END = re.compile(r"[a-z0-9)] ?[.?!](?:\s|$)")


class Jsonl:
    """Reads the documents of one file after another.

    A text's lines are its paragraphs, or it is a list of them. An ``id`` is text or a whole number and
    occurs once in the corpus; without one, the document's is the file's name and its line. ``license``,
    ``publish_time``, ``journal``, ``doi`` and ``url`` are taken where they are there; other fields are not read.
    """

    def __init__(self) -> None:
        self._ids = DigestSet()

    def outcomes(self, path: str, lines: Iterator[Line]) -> Iterator[Outcome]:
        return (self._outcome(path, line) for line in lines if not line.is_blank)

    def _outcome(self, path: str, line: Line) -> Outcome:
        uid = f"{base_name(path)}-{line.number:08d}"
        try:
            document = _document(line, uid)
            if not self._ids.add(document.cord_uid):
                raise MalformedError(f"its id {document.cord_uid!r} is an earlier document's")
        except MalformedError as error:
            position = f"line {line.number}" + (f", {error.position}" if error.position else "")
            return Outcome(uid, quarantine=(Quarantined(path, error.reason, position, uid),))
        if document.abstract or document.body:
            return Outcome(document.cord_uid, document)
        return Outcome(document.cord_uid, dropped=NO_TEXT)


def _document(line: Line, made_uid: str) -> Document:
    if line.size > len(line.data):
        reason = f"a document of {line.size:,} bytes, more than the {MAX_DOCUMENT_BYTES:,} that one may have"
        raise MalformedError(reason)
    return read_json(line.data, lambda fields: _built(fields, made_uid), _kept)


def _kept(document: Document) -> Iterator[str]:
    """Every string of it."""
    yield from (value for value in vars(document).values() if isinstance(value, str))
    yield from document.texts


def _built(fields: object, made_uid: str) -> Document:
    if not isinstance(fields, dict):
        raise MalformedError("not a JSON object")
    if "text" in fields and "body" in fields:
        raise MalformedError("it has both text and body")
    if unread := _unread_text(fields):
        raise MalformedError(f"its text is in {unread}, which is not read: call it text (or body)")
    title = _paragraphs(fields, "title")
    return Document(
        cord_uid=_uid(fields, made_uid),
        title=" ".join(title),
        abstract=plain(_paragraphs(fields, "abstract")),
        body=plain(_paragraphs(fields, "body" if "body" in fields else "text")),
        parse="",
        **{name: " ".join(_paragraphs(fields, name)) for name in _TAKEN},
    )


def _unread_text(fields: Mapping[str, Any]) -> str:
    """The field that holds a document's text under another name; empty where none seems to.

    Beside a text that is read it is only one of such a name that is many times as long.
    """
    read = fields.get("text") or fields.get("body")
    alone = not (read or fields.get("abstract"))
    least = max(_LONG, _TIMES * len(str(read))) if read else 0
    others = ((name, value) for name, value in fields.items() if name not in _READ)
    return next((name for name, value in others if _seems_text(name, value, least, alone)), "")


def _seems_text(name: str, value: object, least: int, alone: bool) -> bool:
    is_named = _TEXT_NAME.search(name) is not None
    if least:
        return is_named and sum(map(len, _strings(value))) >= least
    if alone and _is_prose(" ".join(islice(_strings(value), _MOST_STRINGS))):
        return True
    if isinstance(value, str):
        return len(value) >= _LONG or (is_named and " " in value.strip())
    return bool(value) and isinstance(value, list | dict) and is_named


def _is_prose(text: str) -> bool:
    return text.count(" ") >= _WORDS and _SENTENCE_END.search(text) is not None


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    """Those in it, also in lists and objects of a few levels."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict) and depth < _DEEPEST:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each, depth + 1)


def _uid(fields: Mapping[str, Any], made_uid: str) -> str:
    uid = fields.get("id")
    if uid is None:
        return made_uid
    if isinstance(uid, int) and not isinstance(uid, bool):
        return str(uid)
    if not isinstance(uid, str) or not uid.strip() or _CONTROL.search(uid):
        raise MalformedError(f"its id {uid!r} is neither a line of text nor a whole number")
    return uid.strip()


def _paragraphs(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if value is None:
        return ()
    if name in _TAKEN and isinstance(value, int | float):
        value = str(value)  # a year, say
    parts = [part for part in value if part is not None] if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise MalformedError(f"{name} is neither text nor a list of texts")
    return tuple(text for part in parts for paragraph in part.splitlines() if (text := paragraph.strip()))

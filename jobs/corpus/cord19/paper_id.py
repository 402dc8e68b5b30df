"""Whether a parse is of the paper that its file's name says."""

from __future__ import annotations

import re

import orjson

from jobs.corpus.cord19.layouts import stem
from jobs.corpus.documents.quarantine import MalformedError

_FIRST_KEY = re.compile(rb'\s*\{\s*"paper_id"\s*:\s*"([^"\\]*)"')


def check_paper_id(path: str, data: bytes) -> None:
    """Raises ``MalformedError`` where a well-formed parse at ``path`` has another paper_id; none at all is none.

    It is the first key of every parse that CORD-19 ever released, so nothing is parsed for it.
    """
    found = _FIRST_KEY.match(data)
    paper_id: object = found[1].decode() if found else orjson.loads(data).get("paper_id")
    if paper_id is not None and paper_id != stem(path):
        raise MalformedError(f"its paper_id {paper_id!r} contradicts its name {stem(path)!r}")

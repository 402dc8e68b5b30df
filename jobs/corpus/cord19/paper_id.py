"""Whether a parse is of the paper that its file's name says."""

from __future__ import annotations

from jobs.corpus.cord19.layouts import spelling, stem
from jobs.corpus.documents.quarantine import MalformedError


def check_paper_id(path: str, paper_id: object) -> None:
    """Raises ``MalformedError`` where the parse at ``path`` has another paper_id; none at all contradicts nothing."""
    name = stem(path)
    if paper_id is not None and paper_id != name and spelling(str(paper_id)) != spelling(name):
        raise MalformedError(f"its paper_id {paper_id!r} contradicts its name {name!r}")

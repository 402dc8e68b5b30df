"""Whether a parse is of the paper that its file's name says."""

from __future__ import annotations

from jobs.corpus.cord19.layouts import stem
from jobs.corpus.documents.quarantine import MalformedError


def check_paper_id(path: str, paper_id: object) -> None:
    """Raises ``MalformedError`` where the parse at ``path`` has another paper_id; none at all contradicts nothing."""
    if paper_id is not None and paper_id != stem(path):
        raise MalformedError(f"its paper_id {paper_id!r} contradicts its name {stem(path)!r}")

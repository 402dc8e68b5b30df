"""The interface of an opened corpus: each of its documents ends in exactly one ``Outcome``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.quarantine import Quarantined


@dataclass(frozen=True)
class Outcome:
    """The fate of one document: kept (``document``), ``dropped`` for a reason, or else quarantined."""

    cord_uid: str
    document: Document | None = None
    dropped: str = ""
    quarantine: tuple[Quarantined, ...] = ()
    """Its files that could not be read, also where the document was kept from another."""
    chosen: str = ""
    """The parse file that its body is taken from."""
    set_aside: tuple[str, ...] = ()
    """Its readable parse files besides the chosen one."""
    promised: bool = False
    """Whether the corpus says that there is a full text of it."""


NO_TEXT = "no_text"
"""Neither abstract nor body: a title alone makes no sentence pair."""

WITHOUT_TEXT = "without_text"
"""The chosen sections have no sentence; looked at last, after ``jobs.corpus.screening.screening``."""


class OpenedCorpus(Protocol):
    """An opened corpus, to be read once."""

    @property
    def source(self) -> str:
        """The name that errors use."""

    @property
    def broken(self) -> Sequence[Quarantined]:
        """Documents that are known from the start to be unreadable."""

    @property
    def refused(self) -> Sequence[Quarantined]:
        """Archive members that were not read."""

    @property
    def total(self) -> int | None:
        """Number of outcomes; None where only reading tells."""

    @property
    def unused_files(self) -> int:
        """After the last outcome: files with a full text, as their names say, that no document is made of."""

    def outcomes(self) -> Iterator[Outcome]:
        """In the corpus's own order, one document in memory at a time."""

    def estimate(self, done: int) -> int:
        """Estimates the total number of outcomes after ``done`` of them; for progress only."""

    def counts(self) -> Mapping[str, Any]:
        """After the last outcome: what only this kind of corpus counts."""

    def tables(self) -> dict[str, Any]:
        """``metadata`` that was read and ``metadata_not_read``, where there are several tables; else nothing."""

    def listings(self) -> Mapping[str, Sequence[str]]:
        """After the last outcome: file name -> lines that only this kind of corpus leaves."""

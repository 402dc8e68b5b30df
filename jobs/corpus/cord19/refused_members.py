"""Members of an archive that may not be read, and an archive of which nothing else is left. Light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from jobs.corpus.cord19.layouts import is_metadata
from jobs.corpus.documents.format import ACCEPTED
from jobs.corpus.documents.quarantine import Quarantined
from jobs.errors import ConfigurationError
from jobs.files.zips import DECRYPT


def refuse_without_metadata(refused: Sequence[Quarantined], source: str) -> None:
    """Raises ``ConfigurationError`` where one of an archive's members that may not be read is its metadata."""
    for member in refused:
        if is_metadata(member.file):
            raise ConfigurationError(source, f"its metadata, {member.file}: {member.reason}", _remedy(member))


def refuse_without_papers(refused: Sequence[Quarantined], source: str) -> NoReturn:
    """Raises ``ConfigurationError`` for an archive without any file of use: why, and what to do."""
    reason = "there is neither metadata.csv nor a JSON file in it"
    if not refused:
        raise ConfigurationError(source, reason, ACCEPTED)
    first = refused[0]
    reason += f" that may be read; {len(refused):,} members were refused, first {first.file}: {first.reason}"
    raise ConfigurationError(source, reason, _remedy(first))


def refused_member(path: str, problem: str) -> Quarantined:
    return Quarantined(path, f"a member of the archive is refused: {problem}")


def _remedy(member: Quarantined) -> str:
    return DECRYPT if "encrypted" in member.reason else _PACK_AGAIN


_PACK_AGAIN = "pack it again, from inside its directory (tar without -P): tar -C DIRECTORY -czf RELEASE.tar.gz ."

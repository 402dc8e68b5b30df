"""What opening a corpus needs: scratch space, a progress callback, and an end at which files are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from jobs.files.digest import FileDigest, Hashed
from jobs.files.metered import OnBytes, Tell, unwatched


@dataclass(frozen=True)
class Workspace:
    """Enter it before a corpus is opened and leave it when that has been read."""

    scratch: Path
    """A directory for temporary files; whoever made it removes it."""
    on_bytes: OnBytes = unwatched
    """Called with the progress in bytes while an archive is fetched or unpacked."""
    closing: ExitStack = field(default_factory=ExitStack)

    check_stop: Callable[[], None] = lambda: None
    """Raises when the step is to end; asked also where no bytes are told."""
    digests: list[FileDigest] = field(default_factory=list)
    """Digests of the corpus's files that were read whole, as people have them."""

    @contextmanager
    def digesting(self, name: str, file: IO[bytes]) -> Iterator[IO[bytes]]:
        """``file``, to be read from front to end; what is left of it is read at the end, and its digest noted."""
        hashed = Hashed(file)
        yield cast("IO[bytes]", hashed)
        self.digests.append(hashed.finish(name))

    def telling(self, total: int, before: int = 0) -> Tell:
        return lambda count: self.on_bytes(before + count, total)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.close()

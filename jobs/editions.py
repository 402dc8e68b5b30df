"""Where a step's objects are, and which of its editions counts.

What is made again after ``covid-ctl gc`` removed it is another edition, in a folder of its own. The mark that an
edition is removed is created before the first of its objects goes, and from then on its manifest counts no more. So
nobody who removes, however late, meets the objects of somebody who writes, however early.
"""

from __future__ import annotations

import json

from jobs.errors import InputNotCompleteError
from jobs.json_text import from_json
from jobs.layout import current_edition, edition_folder, removal_mark
from jobs.spec import canonical
from jobs.store import Store


class EditionFolder:
    """A step's folder in the bucket; all that is read and written through it is of one edition."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name
        # No cached_property: until Python 3.12 all artifacts share its lock, and a request that hangs would hold it.
        self._edition: int | None = None

    @property
    def edition(self) -> int:
        """The one that was current when this was first asked for."""
        if self._edition is None:
            self._edition = current_edition(self.store.files(self.name))
        return self._edition

    def _files(self) -> list[str]:
        """The names of the objects that tell of all editions. Settles, with the same request, which one this is of."""
        files = self.store.files(self.name)
        if self._edition is None:
            self._edition = current_edition(files)
        return files

    def path(self, relative: str) -> str:
        return f"{edition_folder(self.name, self.edition)}/{relative}"

    @property
    def location(self) -> str:
        """Where its outputs are, for people."""
        return self.store.where(edition_folder(self.name, self.edition))

    def remove_edition(self, edition: int, why: str) -> None:
        """Mark an edition as removed: it counts no more, and what is made from now on is the next."""
        path = f"{self.name}/{removal_mark(edition)}"
        self.store.create(path, pretty({"why": why}))
        self.store.settle([path])
        self._edition = None

    def is_removed(self) -> bool:
        """Whether the edition that this reads and writes was removed."""
        files = self._files()
        return removal_mark(self.edition) in files

    def _removed(self) -> InputNotCompleteError:
        return InputNotCompleteError(self.name, "covid-ctl gc has removed it", f"covid-ctl explain {self.name}")


def pretty(value: object) -> bytes:
    """As JSON for people."""
    return json.dumps(from_json(canonical(value)), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"

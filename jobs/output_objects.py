"""A step's outputs as objects in the bucket: created once, never written over, verified whenever they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.checksums import RunningChecksum, crc32c, crc32c_of, file_crc32c
from jobs.editions import EditionFolder
from jobs.errors import DamagedError, MissingObjectError
from jobs.layout import variant
from jobs.records import Output


class OutputFolder(EditionFolder):
    """An edition's folder, with the outputs in it."""

    def write(self, relative: str, data: bytes) -> Output:
        """Write an output object."""
        output = Output(relative, len(data), crc32c(data))
        return self._settled(output, lambda path: self.store.create(path, data))

    def upload(self, relative: str, source: Path) -> Output:
        """Write an output object from a local file of any size."""
        return self._from_file(relative, source, self.store.create_from)

    def adopt(self, relative: str, source: Path) -> Output:
        """As ``upload``, of a file that is not written to any more; it may become the object itself."""
        return self._from_file(relative, source, self.store.adopt)

    def _from_file(self, relative: str, source: Path, create: Callable[[str, Path], bool]) -> Output:
        output = Output(relative, source.stat().st_size, file_crc32c(source))
        return self._settled(output, lambda path: create(path, source))

    def _settled(self, output: Output, create: Callable[[str], bool]) -> Output:
        """The output where it is now. What another attempt left in its place may be committed, and stays.

        A processor of another type can round differently: then the bytes differ, and get a place of their own.
        """
        other = replace(output, place=variant(output.path, output.crc32c))
        for place in (output, other):
            if create(self.object_path(place)) or self._holds(place):
                return place
        raise self._damaged(other, "it holds other bytes than its name says")

    def _holds(self, output: Output) -> bool:
        return self.store.size(self.object_path(output)) == output.size and self.checksum(output) == output.crc32c

    def stream(self, relative: str, parts: Callable[[], Iterable[bytes]]) -> Output:
        """Write an object from memory, part by part, replacing what is there."""
        running = RunningChecksum()

        def summed() -> Iterator[bytes]:
            nonlocal running
            running = RunningChecksum()
            for part in parts():
                running.update(part)
                yield part

        self.store.stream(self.path(relative), summed)
        return Output(relative, running.size, running.hexdigest())

    def read(self, output: Output) -> bytes:
        """One output, whole. Raises ``DamagedError`` when it is not what was committed, or gone."""
        data: bytes = self._reading(output, self.store.get)
        if (len(data), crc32c(data)) != (output.size, output.crc32c):
            # Once more: what arrived wrong is not yet wrong in the bucket.
            data = self._reading(output, self.store.get)
            self._verify(output, len(data), crc32c(data))
        return data

    def download(self, output: Output, target: Path) -> None:
        """One output to a local file. Raises ``DamagedError`` when it is not what was committed, or gone."""
        self._reading(output, lambda path: self.store.download(path, target))
        if (target.stat().st_size, file_crc32c(target)) != (output.size, output.crc32c):
            self._reading(output, lambda path: self.store.download(path, target))
            self._verify(output, target.stat().st_size, file_crc32c(target))

    def checksum(self, output: Output) -> str:
        """The crc32c of an output as it is in the bucket, read piece by piece."""
        return crc32c_of(self._reading(output, self.store.pieces))

    def what_is_wrong_with(self, output: Output) -> str:
        """Why an output is not what was committed; empty when it is. Reads all of it."""
        try:
            found = self.checksum(output)
            found = found if found == output.crc32c else self.checksum(output)
        except DamagedError as error:
            return error.reason
        return "" if found == output.crc32c else f"its crc32c is {found}, committed was {output.crc32c}"

    def _reading(self, output: Output, read: Callable[[str], Any]) -> Any:
        try:
            return read(self.object_path(output))
        except MissingObjectError as error:
            if self.is_removed():
                raise self._removed() from error
            raise self._damaged(output, "it was committed, and it is gone") from error

    def object_path(self, output: Output) -> str:
        """The object in the bucket that holds an output's bytes."""
        return self.path(output.place or output.path)

    def _verify(self, output: Output, size: int, checksum: str) -> None:
        if (size, checksum) != (output.size, output.crc32c):
            raise self._damaged(
                output,
                f"{size} bytes with crc32c {checksum}, its record says {output.size} with {output.crc32c}: "
                "the object was changed after it was committed",
            )

    def _damaged(self, output: Output, reason: str) -> DamagedError:
        remedy = f"see what is whole: covid-ctl verify {self.name}"
        return DamagedError(self.store.where(self.object_path(output)), reason, remedy)

    def lacks(self, outputs: Sequence[Output]) -> list[Output]:
        """Those of the outputs that are not there in the size that was committed."""
        return [output for output in outputs if self._size(output) != output.size]

    def _size(self, output: Output) -> int | None:
        try:
            return self.store.size(self.object_path(output))
        except MissingObjectError:
            return None

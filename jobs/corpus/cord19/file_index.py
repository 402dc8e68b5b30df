"""Finds the file that metadata.csv means, also where the files do not lie as it says."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import unquote

from jobs.corpus.cord19.layouts import other_kind, spelling, stem
from jobs.corpus.documents.document import Parse

_NORMAL = re.compile(r"[\w-]+(?:/\w[\w.-]*)*", re.ASCII)


_FEW = 16


class FileIndex:
    """Over the paths of a release's parse files. Takes memory for their names once a path is not as metadata has it."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = paths
        self._folders: dict[str, dict[str, list[str]]] = {}
        """Maps a name that many files have to its files, by folder."""

    def find(self, named: str, kind: Parse) -> str | None:
        """The file at the path ``named``; else, whatever the folder, the file of that name: rather one that is not in
        the folder of another ``kind``, and then the one whose path ends most alike. None where there is none.

        A name of which there is no file may be that of a URL, with ``%20`` for a blank.
        """
        normal = normal_path(named)
        if normal in self._paths:
            return normal

        name = stem(normal)
        found = self.called(name)
        if not found and "%" in name:
            normal = normal_path(unquote(named))
            name = stem(normal)
            found = self.called(name)

        def rank(path: str) -> tuple[bool, int, str]:
            return other_kind(path, kind), -_common_end(path, normal), path

        if len(found) > _FEW:  # one name in a folder for each paper, say: then the folder tells
            best = min(self._in_folder(name, found).get(_folder(normal), ()), key=rank, default=None)
            if best is not None and not other_kind(best, kind):
                return best
        return min(found, key=rank, default=None)

    def _in_folder(self, name: str, found: Sequence[str]) -> dict[str, list[str]]:
        folders = self._folders.get(name)
        if folders is None:
            folders = self._folders[name] = {}
            for path in found:
                folders.setdefault(_folder(path), []).append(path)
        return folders

    def called(self, name: str) -> Sequence[str]:
        """The files of one ``stem``, sorted; where there are none, those of another spelling of it."""
        spelled = spelling(name)
        return self._by_stem.get(name, ()) or self._by_stem.get(spelled, ()) or self._by_spelling.get(spelled, ())

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._paths:
            found.setdefault(stem(path), []).append(path)
        return found

    @cached_property
    def _by_spelling(self) -> dict[str, list[str]]:
        """Those whose stem is not spelled so itself."""
        found: dict[str, list[str]] = {}
        for name, paths in self._by_stem.items():
            if (spelled := spelling(name)) != name:
                found.setdefault(spelled, []).extend(paths)
        return {spelled: sorted(paths) for spelled, paths in found.items()}


def normal_path(path: str) -> str:
    """The path as archives and directories list it. Most are normal already, which costs a tenth to see."""
    return path if _NORMAL.fullmatch(path) else str(PurePosixPath(path))


def _folder(path: str) -> str:
    """The name of the folder that it lies in."""
    return path.rpartition("/")[0].rpartition("/")[2]


def _common_end(one: str, other: str) -> int:
    """The number of equal folders, counted from the end."""
    pairs = zip(reversed(one.split("/")[:-1]), reversed(other.split("/")[:-1]), strict=False)
    count = 0
    for left, right in pairs:
        if left != right:
            break
        count += 1
    return count

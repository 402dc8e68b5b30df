"""A CORD-19 directory to order."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from jobs.corpus.cord19.corpus import Cord19, open_cord19
from jobs.corpus.cord19.layouts import COLUMNS, stem
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.outcome import Outcome
from jobs.corpus.documents.workspace import Workspace
from jobs.files.place import locate

HEADER = COLUMNS.split(",")


class Corpus:
    """Builds a corpus directory and reads it."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self._scratch = scratch
        self._rows: list[Sequence[str]] = []
        (root / "document_parses").mkdir(parents=True)

    def row(self, cord_uid: str, **fields: str) -> Corpus:
        self._rows.append([{"cord_uid": cord_uid, **fields}.get(column, "") for column in HEADER])
        return self

    def raw_row(self, *fields: str) -> Corpus:
        self._rows.append(fields)
        return self

    def parse(self, path: str, *body: str, title: str = "", abstract: Sequence[str] | None = None) -> str:
        parse: dict[str, Any] = {"paper_id": stem(path), "metadata": {"title": title, "authors": []}}
        if abstract is not None:
            parse["abstract"] = [{"text": text} for text in abstract]
        parse["body_text"] = [{"text": text, "cite_spans": [], "section": "S"} for text in body]
        return self.file(path, json.dumps(parse).encode())

    def file(self, path: str, data: bytes) -> str:
        """A file below document_parses/; returns its path as metadata.csv has it."""
        relative = f"document_parses/{path}"
        target = self.root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return relative

    def write(self) -> None:
        """Its metadata.csv."""
        if self._rows:
            with (self.root / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows([HEADER, *self._rows])

    def open(self) -> Cord19:
        self.write()
        return open_cord19(locate(str(self.root)), Form.RELEASE, Workspace(self._scratch))

    def outcome(self) -> Outcome:
        """What became of the only paper."""
        [outcome] = self.open().outcomes()
        return outcome


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    (tmp_path / "scratch").mkdir()
    return Corpus(tmp_path / "corpus", tmp_path / "scratch")


@pytest.fixture
def raw_metadata(corpus: Corpus) -> Callable[[bytes], Cord19]:
    """Opens a corpus whose metadata.csv has exactly these bytes."""

    def open_it(data: bytes) -> Cord19:
        (corpus.root / "metadata.csv").write_bytes(data)
        return corpus.open()

    return open_it

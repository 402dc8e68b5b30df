"""Clean documents as plain text: a sentence a line, a blank line after each document.

So create_pretraining_data.py reads them, and ``jobs.corpus.reading.plain_text``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO


def write_document(file: IO[str], sentences: Sequence[str]) -> None:
    file.writelines(f"{sentence}\n" for sentence in sentences)
    file.write("\n")

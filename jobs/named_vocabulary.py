"""The vocabulary that a spec names: one that a step learned, or one that was given. Verified as it is read."""

from __future__ import annotations

import hashlib

from jobs.artifact import Artifact
from jobs.given_file import read_given
from jobs.layout import VOCABULARIES, given_vocabulary
from jobs.store import Store
from jobs.vocabulary import Vocabulary, parse_vocabulary


def give_vocabulary(store: Store, data: bytes) -> str:
    """Put a vocabulary where specs name it by its content; returns its path. Again is harmless."""
    path = given_vocabulary(hashlib.sha256(data).hexdigest())
    store.create(path, data)
    return path


def read_vocabulary(store: Store, source: str) -> Vocabulary:
    """``source`` is ``vocabularies/<sha256>.txt`` or ``<step>/<output>``.

    Raises ``DamagedError`` when the object is not the one that the hash or the step's manifest describes,
    ``InputNotCompleteError`` when the step is not complete.
    """
    folder, _, name = source.partition("/")
    if folder == VOCABULARIES:
        return parse_vocabulary(read_given(store, source, "vocab"), source)
    artifact = Artifact.open(store, folder)
    return parse_vocabulary(artifact.read(artifact.require().output(name)), source)

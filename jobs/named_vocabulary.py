"""The vocabulary that a spec names: one that a step learned, or one that was given. Verified as it is read."""

from __future__ import annotations

import hashlib

from jobs.artifact import Artifact
from jobs.errors import DamagedError
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
        data = store.get(source)
        if not is_intact(source, data):
            data = store.get(source)  # once more: what arrived wrong is not yet wrong in the bucket
        if not is_intact(source, data):
            remedy = "remove that object, then submit again with --vocab, which writes it anew"
            raise DamagedError(store.where(source), "its bytes have another SHA-256 than its name says", remedy)
        return parse_vocabulary(data, source)
    artifact = Artifact.open(store, folder)
    return parse_vocabulary(artifact.read(artifact.require().output(name)), source)


def is_intact(source: str, data: bytes) -> bool:
    """Whether a vocabulary that was given has the bytes that its name promises."""
    return source == given_vocabulary(hashlib.sha256(data).hexdigest())

"""What a plan reads from outside the bucket: found, read and identified by content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from controller.kinds.declaration import OptionalFile
from controller.planning.plan import Source
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.corpus.reading.first_look import first_look
from jobs.errors import ConfigurationError, PreflightError
from jobs.files.place import locate
from jobs.given_file import path_of
from jobs.layout import given_vocabulary
from jobs.recipe import Recipe
from jobs.sample.sample import SAMPLE, sample_fingerprint
from jobs.weights.source import find_source
from jobs.weights.vocabulary_file import is_json, vocabulary_of

LARGEST_FILE = 64 << 20
"""Bytes of a file that is given: TREC-COVID's judgements have 1.1 MB."""
DEMONSTRATION = "tiny"
"""The recipe whose model nobody uses."""


@dataclass(frozen=True)
class GivenVocabulary:
    """A vocabulary file, and the object in the bucket under which workers find it."""

    data: bytes
    size: int
    """Entries."""

    @property
    def path(self) -> str:
        return given_vocabulary(hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class GivenFile:
    """A file that was given, and the object in the bucket under which workers find it."""

    data: bytes
    suffix: str

    @property
    def path(self) -> str:
        return path_of(self.data, self.suffix)


def read_file(path: str, need: OptionalFile) -> GivenFile:
    """A file for an input of a step. Raises ``ConfigurationError`` when it cannot be read or is of no use there."""
    data = whole_file(path, f"give a file with --{need.name}")
    need.check(data, path)
    return GivenFile(data, need.name)


def whole_file(path: str, remedy: str) -> bytes:
    """What is in a small file. Raises ``ConfigurationError`` for one that cannot be read, or is large or endless."""
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError(path, f"cannot be read ({error.strerror})", remedy) from error
    if len(data) > LARGEST_FILE:
        raise ConfigurationError(path, f"it has more than the {LARGEST_FILE:,} bytes that are read", remedy)
    return data


def identify_model(location: str) -> Source:
    """A published model to compare with and its fingerprint. Raises ``ConfigurationError`` when there is none."""
    if "://" not in location:
        location = str(Path(location).expanduser().absolute())
    return Source(location, find_source(location, "").identity(whole=True))


def default_corpus(recipe: Recipe) -> str | None:
    """The corpus that is read where none is named: made-up papers, for the recipe that only shows how it goes."""
    return SAMPLE if recipe.name == DEMONSTRATION else None


def identify_corpus(location: str) -> Source:
    """A corpus and its fingerprint. Raises ``ConfigurationError`` when it cannot be read."""
    if location == SAMPLE:
        return Source(SAMPLE, sample_fingerprint())
    if "://" not in location:
        location = os.path.realpath(Path(location).expanduser())  # resolve() fails at links that go round
    place = locate(location)
    if "://" not in location:
        first_look(place)
    return Source(location, fingerprint(place))


def read_vocabulary(path: str, recipe: Recipe) -> GivenVocabulary:
    """A vocabulary file.

    Raises ``ConfigurationError`` when it is none, or not of the size or case that the recipe needs.
    """
    data = whole_file(path, "give a vocab.txt with --vocab")
    vocabulary = vocabulary_of(data, path)
    recipe.check_vocabulary_size(len(vocabulary), path)
    if recipe.vocabulary.max_unknown_share < 1:
        vocabulary.check_case(recipe.vocabulary.cased, path)
    return GivenVocabulary(vocabulary.to_bytes() if is_json(path) else data, len(vocabulary))


def identify_checkpoint(recipe: Recipe) -> Source | None:
    """The checkpoint that the recipe starts from and its fingerprint; None for one that starts from scratch.

    Raises ``PreflightError`` when the recipe does not say where it lies, ``ConfigurationError`` when it cannot be read.
    """
    initial = recipe.initial_checkpoint
    if initial is None:
        return None
    if not initial.path:
        raise PreflightError(
            f"recipe {recipe.name}",
            f"it starts from {initial.name}, but no path to your copy was given (published: {initial.source})",
            "--set initial_checkpoint.path=PATH\n        or --set initial_checkpoint=null to train from scratch",
        )
    location = initial.path if "://" in initial.path else str(Path(initial.path).expanduser().absolute())
    return Source(location, find_source(location, initial.checkpoint).identity())

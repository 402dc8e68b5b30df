"""What of the bucket a new step can read: the artifacts that fit a recipe, newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from controller.ledger import EventType, Ledger
from controller.plan import Corpus, GivenVocabulary, preprocess_settings
from jobs.artifact import Artifact, Manifest
from jobs.corpus.fingerprint import fingerprint
from jobs.corpus.place import locate
from jobs.corpus.sample import SAMPLE, sample_fingerprint
from jobs.errors import ConfigurationError
from jobs.recipe import Recipe
from jobs.spec import Kind
from jobs.store import Store
from jobs.vocabulary import parse_vocabulary


def identify_corpus(location: str) -> Corpus:
    """A corpus and its fingerprint. Raises ``ConfigurationError`` when it cannot be read."""
    if location == SAMPLE:
        return Corpus(SAMPLE, sample_fingerprint())
    if "://" not in location:
        location = str(Path(location).expanduser().resolve())
    return Corpus(location, fingerprint(locate(location)))


def read_vocabulary(path: str) -> tuple[GivenVocabulary, bytes]:
    """A vocabulary file, checked, and its bytes. Raises ``ConfigurationError``."""
    try:
        data = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ConfigurationError(path, f"cannot be read ({error.strerror})", "give a vocab.txt with --vocab") from error
    vocabulary = parse_vocabulary(data, path)
    return GivenVocabulary(path, hashlib.sha256(data).hexdigest(), len(vocabulary)), data


def newest_examples(store: Store, recipe: Recipe) -> str | None:
    """The name of the newest complete preprocess step whose examples fit the recipe."""
    wanted = preprocess_settings(recipe)

    def fits(manifest: Manifest) -> bool:
        size = manifest.facts["vocabulary_size"]
        return dict(manifest.spec.settings) == wanted and recipe.vocabulary.size in (None, size)

    return _newest(store, Kind.PREPROCESS, fits)


def newest_pretraining(store: Store, recipe: Recipe) -> str | None:
    """The name of the newest complete pretrain step of the recipe's name."""
    return _newest(store, Kind.PRETRAIN, lambda manifest: manifest.spec.recipe == recipe.name)


def _newest(store: Store, kind: Kind, fits: Callable[[Manifest], bool]) -> str | None:
    ledger = Ledger(store)
    finished = []
    for name in ledger.steps():
        if not name.startswith(f"{kind}-"):
            continue
        manifest = Artifact.open(store, name).manifest()
        if manifest and fits(manifest):
            at = max((e.at for e in ledger.events(name) if e.type is EventType.SUCCEEDED), default=0.0)
            finished.append((at, name))
    return max(finished)[1] if finished else None

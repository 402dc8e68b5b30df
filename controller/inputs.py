"""What of the bucket a new step can read: the artifacts that fit a recipe, newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from controller.ledger import EventType, Ledger
from controller.plan import (
    Corpus,
    GivenVocabulary,
    ingest_settings,
    preprocess_settings,
    pretrain_settings,
    vocabulary_settings,
)
from jobs.artifact import Artifact, Manifest
from jobs.corpus.fingerprint import fingerprint
from jobs.corpus.sample import SAMPLE, sample_fingerprint
from jobs.errors import ConfigurationError, CovidCtlError
from jobs.files.place import locate
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
    """The name of the newest complete preprocess step that the recipe's settings would make, of any corpus.

    A vocabulary that was given, not learned, fits wherever the recipe names no size or its size.
    """

    def fits(manifest: Manifest) -> bool:
        return dict(manifest.spec.settings) == preprocess_settings(recipe) and _inputs_fit(store, manifest, recipe)

    return _newest(store, Kind.PREPROCESS, fits)


def _inputs_fit(store: Store, manifest: Manifest, recipe: Recipe) -> bool:
    ingest = Artifact.open(store, manifest.spec.inputs["documents"]).spec.settings
    if not ingest_settings(recipe).items() <= ingest.items():
        return False
    folder = manifest.spec.inputs["vocabulary"].split("/", 1)[0]
    if folder.startswith(f"{Kind.VOCABULARY}-"):
        return dict(Artifact.open(store, folder).spec.settings) == vocabulary_settings(recipe)
    return recipe.vocabulary.size in (None, manifest.facts["vocabulary_size"])


def newest_pretraining(store: Store, recipe: Recipe) -> str | None:
    """The name of the newest complete pretrain step of the recipe, with the very settings that it has now."""

    def fits(manifest: Manifest) -> bool:
        return manifest.spec.recipe == recipe.name and dict(manifest.spec.settings) == pretrain_settings(recipe)

    return _newest(store, Kind.PRETRAIN, fits)


def complete_artifacts(store: Store, kind: Kind | None = None) -> list[Manifest]:
    """The complete artifacts, of one kind or all, by name. A damaged one is passed over: ``status`` shows it."""
    found = []
    for name in Ledger(store).steps():
        if kind and not name.startswith(f"{kind}-"):
            continue
        try:
            manifest = Artifact.open(store, name).manifest()
        except CovidCtlError:
            continue
        if manifest:
            found.append(manifest)
    return found


def _newest(store: Store, kind: Kind, fits: Callable[[Manifest], bool]) -> str | None:
    ledger = Ledger(store)

    def finished_at(manifest: Manifest) -> tuple[float, str]:
        events = ledger.events(manifest.name)
        return max((e.at for e in events if e.type is EventType.SUCCEEDED), default=0.0), manifest.name

    fitting = [manifest for manifest in complete_artifacts(store, kind) if fits(manifest)]
    return max(fitting, key=finished_at).name if fitting else None

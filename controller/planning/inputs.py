"""What of the bucket a new step can read: the artifacts that fit a recipe, newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from controller.ledger.events import EventType, Ledger
from controller.ledger.history import History
from controller.planning.plan import (
    Corpus,
    GivenCheckpoint,
    GivenVocabulary,
    checkpoint_settings,
    example_settings,
    ingest_settings,
    pretrain_settings,
    vocabulary_settings,
)
from jobs.artifact import Artifact, Manifest, is_complete
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.errors import ConfigurationError, CovidCtlError, PreflightError
from jobs.files.place import locate
from jobs.recipe import Recipe
from jobs.sample.sample import SAMPLE, sample_fingerprint
from jobs.spec import Kind, Spec
from jobs.store import Store
from jobs.vocabulary import parse_vocabulary
from jobs.weights.source import find_source


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


def identify_checkpoint(recipe: Recipe) -> GivenCheckpoint | None:
    """The checkpoint that the recipe starts from and its fingerprint; None for one that starts from scratch.

    Raises ``PreflightError`` when it is not said where it lies, ``ConfigurationError`` when it cannot be read.
    """
    initial = recipe.initial_checkpoint
    if initial is None:
        return None
    if not initial.path:
        raise PreflightError(
            f"recipe {recipe.name}",
            f"it starts from {initial.name}, and is not told where your copy lies (published: {initial.source})",
            "--set initial_checkpoint.path=PATH\n        or --set initial_checkpoint=null to train from scratch",
        )
    location = initial.path if "://" in initial.path else str(Path(initial.path).expanduser().absolute())
    return GivenCheckpoint(location, find_source(location, initial.checkpoint).identity())


def newest_examples(store: Store, recipe: Recipe) -> str | None:
    """The name of the newest complete preprocess step that the recipe's settings would make, of any corpus.

    A vocabulary that was given, not learned, fits wherever the recipe names no size or its size.
    """

    return _newest(store, Kind.PREPROCESS, lambda manifest: _examples_fit(store, manifest.spec, recipe))


def _examples_fit(store: Store, spec: Spec, recipe: Recipe) -> bool:
    # Whether the text was kept besides makes no other examples.
    if {name: value for name, value in spec.settings.items() if name != "clean_text"} != example_settings(recipe):
        return False
    ingest = Artifact.open(store, spec.inputs["documents"]).spec.settings
    if not ingest_settings(recipe).items() <= ingest.items():
        return False
    vocabulary = spec.inputs["vocabulary"]
    folder = vocabulary.split("/", 1)[0]
    if folder.startswith(f"{Kind.VOCABULARY}-"):
        return dict(Artifact.open(store, folder).spec.settings) == vocabulary_settings(recipe)
    size = recipe.vocabulary.size
    return size is None or size == len(parse_vocabulary(store.get(vocabulary), vocabulary))


def newest_preprocessing(store: Store) -> str | None:
    """The name of the newest complete preprocess step."""
    return _newest(store, Kind.PREPROCESS, lambda _: True)


def newest_pretraining(store: Store, recipe: Recipe) -> str | None:
    """The name of the newest complete pretrain step of the recipe, with the very settings that it has now."""

    return _newest(store, Kind.PRETRAIN, lambda manifest: _weights_fit(store, manifest.spec, recipe))


def _weights_fit(store: Store, spec: Spec, recipe: Recipe) -> bool:
    same = spec.recipe == recipe.name and dict(spec.settings) == pretrain_settings(recipe)
    return same and _start_fits(store, spec, recipe)


def is_under_way(store: Store, name: str) -> bool:
    """Whether the step was submitted and, as far as is known, has not ended."""
    return History(Ledger(store).events(name)).is_under_way


def newest_under_way(store: Store, kind: Kind, recipe: Recipe) -> str | None:
    """The name of the preprocess or pretrain step, submitted last and not ended yet, that fits the recipe."""
    ledger = Ledger(store)
    fits = _weights_fit if kind == Kind.PRETRAIN else _examples_fit
    found = []
    for name in ledger.steps():
        with suppress(CovidCtlError):  # a damaged one: ``status`` shows it
            if not name.startswith(f"{kind}-") or not History(events := ledger.events(name)).is_under_way:
                continue
            if fits(store, Artifact.open(store, name).spec, recipe) and not is_complete(store, name):
                found.append((events[0].at, name))
    return max(found, default=(0.0, None))[1]


def _start_fits(store: Store, spec: Spec, recipe: Recipe) -> bool:
    """Whether training started as the recipe would start it; from any copy where the recipe says none."""
    name, initial = spec.inputs.get("initial_checkpoint"), recipe.initial_checkpoint
    if name is None or initial is None:
        return name is None and initial is None
    start = Artifact.open(store, name).spec
    if dict(start.settings) != checkpoint_settings(recipe, initial):
        return False
    given = identify_checkpoint(recipe) if initial.path else None
    return given is None or start.inputs["checkpoint"] == given.fingerprint


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

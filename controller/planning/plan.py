"""Recipe and corpus to steps: what there is to do, under which names, in which order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.errors import PreflightError
from jobs.layout import VOCABULARY, given_vocabulary
from jobs.recipe import InitialCheckpoint, Recipe
from jobs.spec import Kind, Spec
from jobs.weights.architecture import FIELDS


@dataclass(frozen=True)
class Corpus:
    location: str
    """``sample``, ``gs://...`` or an absolute path."""
    fingerprint: str
    """What it holds, wherever it lies."""


@dataclass(frozen=True)
class GivenVocabulary:
    """A vocabulary file, and the object in the bucket under which workers find it."""

    source: str
    sha256: str
    size: int
    """Entries."""

    @property
    def path(self) -> str:
        return given_vocabulary(self.sha256)


@dataclass(frozen=True)
class GivenCheckpoint:
    location: str
    """``gs://...`` or an absolute path."""
    fingerprint: str
    """What it holds, wherever it lies."""


@dataclass(frozen=True)
class Step:
    """One Job to be: its spec decides its name, ``arguments`` say where inputs lie."""

    spec: Spec
    command: str
    """The ``covid-ctl`` command that makes it."""
    after: tuple[str, ...] = ()
    """Steps whose artifacts it reads."""
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name


def plan_preprocess(
    recipe: Recipe, corpus: Corpus, vocabulary: GivenVocabulary | None, *, shards: int, salt: str, command: str
) -> list[Step]:
    """The data side: ingest, signatures, a vocabulary where the recipe learns one and none is given, preprocess."""
    if vocabulary:
        recipe.check_vocabulary_size(vocabulary.size, vocabulary.source)
    elif recipe.vocabulary.learn is None:
        raise PreflightError(
            f"recipe {recipe.name}",
            f"it needs its vocabulary of {recipe.vocabulary.size:,} entries ({recipe.vocabulary.source})",
            f"{command} --vocab PATH",
        )
    ingest = Step(
        Spec(
            Kind.INGEST,
            settings={"document_shards": shards, **ingest_settings(recipe)},
            inputs={"corpus": corpus.fingerprint},
            salt=salt,
        ),
        command,
        arguments=("--corpus", corpus.location),
    )
    signatures = Step(
        Spec(
            Kind.SIGNATURES,
            settings=screening_settings(recipe),
            inputs={"documents": ingest.name},
            shards=shards,
            salt=salt,
        ),
        command,
        after=(ingest.name,),
    )
    steps = [ingest, signatures]
    screened = {"documents": ingest.name, "signatures": signatures.name}
    if vocabulary:
        vocabulary_path = vocabulary.path
    else:
        learned = Step(
            Spec(
                Kind.VOCABULARY,
                settings=vocabulary_settings(recipe),
                inputs=screened,
                salt=salt,
            ),
            command,
            after=(ingest.name, signatures.name),
        )
        steps.append(learned)
        vocabulary_path = f"{learned.name}/{VOCABULARY}"
    preprocess = Step(
        Spec(
            Kind.PREPROCESS,
            settings=preprocess_settings(recipe),
            inputs={**screened, "vocabulary": vocabulary_path},
            shards=shards,
            salt=salt,
        ),
        command,
        after=tuple(step.name for step in steps),
    )
    return [*steps, preprocess]


def ingest_settings(recipe: Recipe) -> dict[str, object]:
    """What of a recipe decides its documents."""
    return {
        "validation_share": recipe.corpus.validation_share,
        "max_quarantined_share": recipe.corpus.max_quarantined_share,
    }


def screening_settings(recipe: Recipe) -> dict[str, object]:
    """What of a recipe decides which documents are not trained on."""
    return {
        **recipe.corpus.filters(),
        "near_duplicate_similarity": recipe.corpus.near_duplicate_similarity,
    }


def vocabulary_settings(recipe: Recipe) -> dict[str, object]:
    """What of a recipe decides the vocabulary that it learns."""
    return {
        "learn": recipe.vocabulary.learn,
        **recipe.vocabulary.case(),
        "sections": list(recipe.corpus.sections),
    }


def preprocess_settings(recipe: Recipe) -> dict[str, object]:
    """What of a recipe decides the output of preprocessing."""
    return {**example_settings(recipe), "clean_text": recipe.corpus.clean_text}


def example_settings(recipe: Recipe) -> dict[str, object]:
    """What of a recipe decides its examples."""
    return {
        "sections": list(recipe.corpus.sections),
        # Named by the signatures step too; here they tell which examples fit a recipe.
        **screening_settings(recipe),
        **recipe.vocabulary.case(),
        **recipe.examples.model_dump(),
    }


def pretrain_settings(recipe: Recipe) -> dict[str, object]:
    """What of a recipe decides its training, beside the weights that it starts from."""
    return {
        "architecture": recipe.architecture.model_dump(),
        "schedule": recipe.schedule.settings(),
        "max_seq_length": recipe.examples.max_seq_length,
        "max_predictions_per_seq": recipe.examples.max_predictions_per_seq,
        "vocabulary_size": recipe.vocabulary.size,
    }


def checkpoint_settings(recipe: Recipe, initial: InitialCheckpoint) -> dict[str, object]:
    """What of a recipe decides which weights it starts from."""
    return {
        "name": initial.name,
        "architecture": recipe.architecture.model_dump(include=set(FIELDS)),
        "vocabulary_size": recipe.vocabulary.size,
        **initial.model_dump(mode="json", exclude={"name", "source", "path"}),
    }


def plan_checkpoint(
    recipe: Recipe, initial: InitialCheckpoint, given: GivenCheckpoint, *, salt: str, command: str
) -> Step:
    """The published checkpoint, fetched, checked and brought to one form."""
    return Step(
        Spec(
            Kind.CHECKPOINT,
            settings=checkpoint_settings(recipe, initial),
            inputs={"checkpoint": given.fingerprint},
            salt=salt,
        ),
        command,
        arguments=("--checkpoint", given.location),
    )


def plan_pretrain(recipe: Recipe, examples: str, checkpoint: str | None = None, *, salt: str, command: str) -> Step:
    """Pretraining on the examples of the preprocess step named ``examples``, from the weights of the
    checkpoint step named ``checkpoint`` or from scratch."""
    initial = {"initial_checkpoint": checkpoint} if checkpoint else {}
    return Step(
        Spec(
            Kind.PRETRAIN,
            recipe=recipe.name,
            settings=pretrain_settings(recipe),
            inputs={"examples": examples, **initial},
            salt=salt,
        ),
        command,
        after=(examples, *initial.values()),
    )


def plan_export(recipe: Recipe, pretrain: str, *, salt: str, command: str) -> Step:
    """The Hugging Face model of the pretrain step named ``pretrain``."""
    initial = recipe.initial_checkpoint.name if recipe.initial_checkpoint else ""
    return Step(
        Spec(
            Kind.EXPORT,
            recipe=recipe.name,
            settings={
                **recipe.publication.model_dump(),
                "description": recipe.description,
                "initial_checkpoint": initial,
            },
            inputs={"pretrain": pretrain},
            salt=salt,
        ),
        command,
        after=(pretrain,),
    )


def inputs_first(steps: Sequence[Step]) -> list[Step]:
    """The steps in an order in which each comes after what it reads, one of each name."""
    by_name = {step.name: step for step in steps}
    ordered: dict[str, Step] = {}

    def visit(step: Step) -> None:
        for name in step.after:
            if name in by_name and name not in ordered:
                visit(by_name[name])
        ordered[step.name] = step

    for step in steps:
        visit(step)
    return list(ordered.values())

"""The card of what is published: what follows from the settings, and what the run's records say besides. Pure.

Times and costs are those that the steps' records hold. So a card follows from records that never change, and publishing
again makes the same one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.artifact import Manifest
from jobs.prices import Price, tpu_prices
from jobs.publish.describe import made_by
from jobs.publish.energy import training_energy
from jobs.publish.facts import Base, Card, Corpus, CorpusFile, Embedder, MadeBy, Training
from jobs.publish.model_steps import Ancestor, ModelSteps
from jobs.publish.results import evaluation_of
from jobs.ranges import HOUR


@dataclass(frozen=True)
class Circumstances:
    """What is known of a step beside its manifest."""

    finished: str
    """A date, in UTC."""
    image: str = ""
    price: Price | None = None
    """Price of an hour of one of its containers."""


@dataclass(frozen=True)
class Publication:
    """What whoever publishes says, and what the bucket holds beside the export."""

    circumstances: Mapping[str, Circumstances] = field(default_factory=dict)
    """By step."""
    tune: Manifest | None = None
    evaluate: Manifest | None = None
    authors: Sequence[str] = ()
    base_hub: str = ""
    base_license: str = ""
    repository: str = ""


@dataclass(frozen=True)
class Found:
    """What the files of the bundle say."""

    embedder_length: int = 0
    """Tokens at which the embedder cuts texts."""
    evaluation_lines: Sequence[str] = ()
    curve: str = ""
    tensorboard: bool = False


def whole_card(
    card: Card, model_steps: ModelSteps, ancestors: Sequence[Ancestor], publication: Publication, found: Found
) -> Card:
    """``card`` is from ``describe``; ``ancestors`` are all that the files came from."""
    steps = [_made(step, publication.circumstances) for step in ancestors]
    return replace(
        card,
        steps=steps,
        corpus=_corpus(model_steps.ingest),
        training=_training(model_steps.pretrain, publication.circumstances.get(model_steps.pretrain.name)),
        evaluation=evaluation_of(publication.evaluate, found.evaluation_lines) if publication.evaluate else None,
        embedder=_embedder(publication.tune, found.embedder_length),
        base=Base(publication.base_hub, publication.base_license),
        curve=found.curve,
        tensorboard=found.tensorboard,
        authors=tuple(publication.authors),
        published=max((step.finished for step in steps), default=""),
        repository=publication.repository,
    )


def _made(step: Ancestor, circumstances: Mapping[str, Circumstances]) -> MadeBy:
    known, manifest = circumstances.get(step.name), step.manifest
    hours, price = manifest.seconds / HOUR if manifest else None, known.price if known else None
    software = manifest.software if manifest else {}
    return replace(
        made_by(step.spec),
        covid_ctl=" ".join(filter(None, (software.get("version", ""), software.get("commit", "")))),
        image=known.image if known else "",
        finished=known.finished if known else "",
        hours=hours,
        dollars=hours * price.dollars_per_hour if price and hours is not None else None,
    )


def _corpus(ingest: Manifest) -> Corpus:
    told: Mapping[str, Any] = ingest.facts.get("corpus", {})
    return Corpus(
        name=told.get("name") or "a corpus",
        release=told.get("release", ""),
        files=[CorpusFile(file["name"], file["size"], file["sha256"]) for file in told.get("files", ())],
        files_not_named=told.get("files_not_named", 0),
        fingerprint=ingest.spec.inputs.get("corpus", ""),
    )


def _training(pretrain: Manifest, known: Circumstances | None) -> Training | None:
    facts = pretrain.facts
    if "train_seconds" not in facts:
        return None
    hours = facts["train_seconds"] / HOUR
    device = facts.get("device", "")
    price = (known.price if known else None) or next(iter(tpu_prices(device.rpartition(" ")[2])), None)
    last = (facts.get("hardware") or [{}])[-1]
    energy = training_energy(hours, device, last.get("replicas"), last.get("threads"))
    return Training(
        hours=hours,
        device_hours=facts.get("device_hours"),
        dollars=hours * price.dollars_per_hour if price else None,
        price=f"${price.dollars_per_hour:g} an hour, {price.terms}" if price else "",
        kilowatt_hours=energy.kilowatt_hours if energy else None,
        power=energy.basis if energy else "",
    )


def _embedder(tune: Manifest | None, length: int) -> Embedder | None:
    if tune is None:
        return None
    pairs = tune.counts.get("documents", {}).get("kept")
    return Embedder(tune.name, length, pairs, tune.facts.get("steps"))

"""Finds what is published of a recipe: its newest export, and the embedder and evaluation of the same weights."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.kinds.registry import pool_of, published_kind
from controller.ledger.complete_steps import found_step, newest_complete
from controller.ledger.events import EventType, Ledger
from controller.planning.existing import Fitting
from controller.profiles.pod_price import pod_price
from controller.profiles.profile import Profile
from jobs.artifact import Artifact, Manifest
from jobs.errors import ConfigurationError, PreflightError
from jobs.prices import Price
from jobs.recipe import Recipe
from jobs.store import Store


@dataclass(frozen=True)
class Publishable:
    export: Manifest
    tune: Manifest | None
    """None where the weights have no embedder."""
    evaluate: Manifest | None


@dataclass(frozen=True)
class Known:
    """What the ledger and the profile say of a step."""

    finished: str
    """A date, in UTC."""
    image: str
    price: Price | None


def publishable(store: Store, recipe: Recipe, name: str | None, *, strict: bool) -> Publishable:
    """The export ``name``, or the newest complete one that fits the recipe.

    Raises ``PreflightError`` when there is none, ``ConfigurationError`` for a step of another kind.
    """
    if name is None:
        newest = newest_complete(store, published_kind("model"), Fitting(store, recipe, strict=strict).fits)
        if newest is None:
            raise PreflightError(
                f"recipe {recipe.name}",
                f"no complete export of it is in {store.location}",
                f"covid-ctl submit export {recipe.name} --with-inputs",
            )
        name = newest.name
    artifact = Artifact.open(store, name)
    model = published_kind("model")
    if artifact.spec.kind != model:
        raise ConfigurationError(name, f"its kind is {artifact.spec.kind}, not {model}", "covid-ctl artifacts")
    export = artifact.require()
    pretrain = export.spec.inputs["pretrain"]
    tune = _newest_reading(store, "embedder", pretrain)
    evaluate = _newest_reading(store, "evaluation", tune.name) if tune else None
    return Publishable(export, tune, evaluate or _newest_reading(store, "evaluation", pretrain))


def _newest_reading(store: Store, part: str, name: str) -> Manifest | None:
    found = newest_complete(store, published_kind(part), lambda spec: name in spec.inputs.values())
    return Artifact.open(store, found.name).require() if found else None


def known_of(store: Store, names: Iterable[str], profile: Profile) -> Mapping[str, Known]:
    return {name: _known(store, name, profile) for name in names}


def _known(store: Store, name: str, profile: Profile) -> Known:
    artifact = Artifact.open(store, name)
    kind = artifact.spec.kind
    submissions = [event for event in Ledger(store).events(name) if event.type is EventType.SUBMITTED]
    at = found_step(store, artifact).at
    return Known(
        finished=time.strftime("%Y-%m-%d", time.gmtime(at)) if at else "",
        image=submissions[-1].image if submissions else "",
        price=pod_price(pool_of(kind, profile), profile),
    )

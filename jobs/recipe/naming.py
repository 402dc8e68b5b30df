"""Which field of a recipe names which step: the one table of it.

A field that decides a step's output bytes is among the settings in its spec, and so in its name. Every field of the
schema is in exactly one row of ``NAMING``, or in ``NAMELESS``; a test holds it. A new field thus asks whoever adds
it which finished steps must be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.recipe.schema import MAX_UNKNOWN_SHARE, Recipe
from jobs.spec import Kind
from jobs.validation import Section

RECIPE = "(the recipe's name)"
"""In place of a setting: the field is the ``recipe`` of the spec."""

Settings = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """Fields of one section and, by kind of step, the setting that each becomes.

    ``""`` is a setting of the field's own name, ``"schedule."`` one of that name below ``schedule``, and anything else
    is the setting itself.
    """

    section: str
    fields: tuple[str, ...]
    settings: Mapping[Kind, str]
    left_out_at: tuple[object, ...] = ()
    """The value of each field at which it is left out: what came after steps had been named keeps their names."""
    without_section: object = None
    """What the setting is where the recipe has no such section; None: it is left out."""

    @property
    def dotted(self) -> tuple[str, ...]:
        """``schedule.seed`` and so on; a field of the recipe itself by its name alone."""
        return tuple(f"{self.section}.{name}" if self.section else name for name in self.fields)


_NAMED_BY_RECIPE = (
    Kind.PRETRAIN,
    Kind.EXPORT,
    Kind.TUNE,
    Kind.CONTROL,
    Kind.EVALUATE,
    Kind.EMBED,
    Kind.INDEX,
)

NAMING = (
    Row("corpus", ("validation_share", "max_quarantined_share"), {Kind.INGEST: ""}),
    Row(
        "corpus",
        ("min_full_text_share", "max_single_sentence_share"),
        {Kind.INGEST: ""},
        left_out_at=(0.5, 0.5),
    ),
    # The signatures step screens. Examples repeat it, so that they alone tell which recipe they fit.
    Row("corpus", ("languages", "language_score", "licenses", "sources"), {Kind.SIGNATURES: "", Kind.PREPROCESS: ""}),
    Row(
        "corpus",
        ("published_from", "published_until"),
        {Kind.SIGNATURES: "", Kind.PREPROCESS: ""},
        left_out_at=(None, None),
    ),
    Row("corpus", ("near_duplicate_similarity",), {Kind.SIGNATURES: "", Kind.PREPROCESS: ""}),
    Row("corpus", ("sections",), {Kind.VOCABULARY: "", Kind.PREPROCESS: ""}),
    Row("corpus", ("clean_text",), {Kind.PREPROCESS: ""}),
    Row("vocabulary", ("learn",), {Kind.VOCABULARY: ""}),
    Row(
        "vocabulary",
        ("cased",),
        {Kind.VOCABULARY: "", Kind.PREPROCESS: "", Kind.CHECKPOINT: ""},
        left_out_at=(True,),
    ),
    Row("vocabulary.extend", ("add",), {Kind.VOCABULARY: "extend.", Kind.PRETRAIN: "extend."}),
    Row("vocabulary.extend", ("min_documents",), {Kind.VOCABULARY: "extend."}),
    Row("vocabulary", ("max_unknown_share",), {Kind.PREPROCESS: ""}, left_out_at=(MAX_UNKNOWN_SHARE,)),
    Row("vocabulary", ("size",), {Kind.CHECKPOINT: "vocabulary_size", Kind.PRETRAIN: "vocabulary_size"}),
    Row("examples", ("max_seq_length", "max_predictions_per_seq"), {Kind.PREPROCESS: "", Kind.PRETRAIN: ""}),
    Row(
        "examples",
        ("masked_lm_prob", "short_seq_prob", "whole_word_mask", "dupe_factor", "random_seed", "variant"),
        {Kind.PREPROCESS: ""},
    ),
    Row(
        "initial_checkpoint",
        ("name",),
        {Kind.CHECKPOINT: "", Kind.EXPORT: "initial_checkpoint"},
        without_section="",
    ),
    Row(
        "initial_checkpoint",
        ("checkpoint", "size", "sha256", "allow_missing", "allow_unused", "allow_mismatched"),
        {Kind.CHECKPOINT: ""},
    ),
    Row(
        "architecture",
        (
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "intermediate_size",
            "max_position_embeddings",
            "type_vocab_size",
        ),
        {Kind.CHECKPOINT: "architecture.", Kind.PRETRAIN: "architecture.", Kind.CONTROL: "architecture."},
    ),
    Row(
        "architecture",
        ("hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range"),
        {Kind.PRETRAIN: "architecture.", Kind.CONTROL: "architecture."},
    ),
    Row(
        "architecture",
        ("hidden_act",),
        {Kind.CHECKPOINT: "architecture.", Kind.PRETRAIN: "architecture.", Kind.CONTROL: "architecture."},
        left_out_at=("gelu_pytorch_tanh",),
    ),
    Row(
        "schedule",
        (
            "train_batch_size",
            "learning_rate",
            "train_steps",
            "warmup_steps",
            "evaluate_every",
            "evaluation_examples",
            "early_stop_evaluations",
            "precision",
            "seed",
        ),
        {Kind.PRETRAIN: "schedule."},
    ),
    Row(
        "schedule",
        ("masking", "next_sentence_prediction", "accumulation", "decay_steps", "decay", "cooldown_steps"),
        {Kind.PRETRAIN: "schedule."},
        left_out_at=("static", True, 1, None, "linear", 0),
    ),
    Row(
        "embedder",
        (
            "train_batch_size",
            "learning_rate",
            "temperature",
            "epochs",
            "warmup_share",
            "title_length",
            "abstract_length",
            "evaluations_per_epoch",
            "early_stop_evaluations",
            "precision",
            "seed",
        ),
        {Kind.TUNE: "embedder.", Kind.CONTROL: "embedder."},
    ),
    Row("publication", ("title", "license"), {Kind.EXPORT: ""}),
    Row("", ("description",), {Kind.EXPORT: ""}),
    Row("", ("name",), dict.fromkeys(_NAMED_BY_RECIPE, RECIPE)),
)

RUNTIME: Mapping[str, tuple[Kind, ...]] = {
    "schedule.checkpoint_every": (Kind.PRETRAIN,),
    "schedule.log_every": (Kind.PRETRAIN,),
    "schedule.max_hours": (Kind.PRETRAIN,),
    "schedule.max_dollars": (Kind.PRETRAIN,),
    "embedder.max_hours": (Kind.TUNE, Kind.CONTROL),
    "embedder.max_dollars": (Kind.TUNE, Kind.CONTROL),
}
"""What a step's containers are told and its bytes do not depend on: a run goes on under another value."""

NAMELESS = {
    "vocabulary.source": "words for people",
    "initial_checkpoint.source": "words for people",
    "embedder.control": "whether there is such a step; evaluate then reads it",
    "initial_checkpoint.hub_name": "words for the card of what is published",
    "initial_checkpoint.license": "words for the card of what is published",
    "publication.authors": "words for the card of what is published",
    "initial_checkpoint.path": "a place; what lies there is an input, by its content",
    **dict.fromkeys(RUNTIME, "how often or how long, not what"),
}
"""The fields that decide no step's bytes, and why."""


def settings_of(kind: Kind, recipe: Recipe) -> Settings:
    """What of a recipe decides the bytes of a step of this kind, beside its inputs: plain JSON values."""
    found: Settings = {}
    for row in NAMING:
        target = row.settings.get(kind)
        if target is None or target == RECIPE:
            continue
        section = _section(recipe, row.section)
        if section is None:
            if row.without_section is not None:
                _set(found, target or row.fields[0], row.without_section)
            continue
        values = section.model_dump(mode="json", include=set(row.fields))
        usual = dict(zip(row.fields, row.left_out_at, strict=False))
        for name in row.fields:
            if name not in usual or values[name] != usual[name]:
                _set(found, f"{target}{name}" if target == "" or target.endswith(".") else target, values[name])
    return found


def _section(recipe: Recipe, dotted: str) -> Section | None:
    """A section of the recipe, or one inside it; the recipe itself for no name, None for what it does not have."""
    found: Section | None = recipe
    for name in filter(None, dotted.split(".")):
        found = getattr(found, name, None)
    return found


def recipe_in_name(kind: Kind, recipe: Recipe) -> str:
    """The recipe's name where steps of this kind bear it, else nothing."""
    return recipe.name if any(row.settings.get(kind) == RECIPE for row in NAMING) else ""


def kinds_named(dotted: str) -> list[str]:
    """The kinds of step whose names a field of a recipe is part of."""
    return [str(kind) for row in NAMING if dotted in row.dotted for kind in row.settings]


def runtime_fields(kind: Kind) -> list[str]:
    """The fields of ``RUNTIME`` that steps of this kind are told."""
    return [field for field, kinds in RUNTIME.items() if kind in kinds]


def runtime_settings(kind: Kind, recipe: Recipe) -> dict[str, str]:
    """What the containers of a step of this kind are told beside their spec, by the field's own name.

    A field that is None, or in a section that the recipe lacks, is not told.
    """
    found = {}
    for field in runtime_fields(kind):
        section, name = field.split(".")
        value = getattr(getattr(recipe, section), name, None)
        if value is not None:
            found[name] = str(value)
    return found


def without(settings: Mapping[str, Any], dotted: Iterable[str]) -> Settings:
    """The settings without some, given as ``seed`` or ``schedule.seed``."""
    kept = {name: dict(value) if isinstance(value, Mapping) else value for name, value in settings.items()}
    for name in dotted:
        section, _, last = name.rpartition(".")
        inner = kept.get(section) if section else kept
        if isinstance(inner, dict):
            inner.pop(last, None)
    return kept


def decisive(settings: Mapping[str, Any]) -> Settings:
    """The settings of a finished step that decided its bytes: older specs have those of ``RUNTIME``, too."""
    return without(settings, RUNTIME)


def _set(settings: Settings, target: str, value: object) -> None:
    section, dot, name = target.rpartition(".")
    if dot:
        settings.setdefault(section, {})[name] = value
    else:
        settings[name] = value

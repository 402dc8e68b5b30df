"""Pretraining: examples in, a trained model with its curves and held-out scores out."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jobs.artifact import Artifact, Output
from jobs.errors import ConfigurationError
from jobs.model import scalars
from jobs.model.bert import BertConfig, variable_shapes
from jobs.model.checkpoint import write_tensors
from jobs.model.input import Examples, stage_examples
from jobs.model.training import Trained, train
from jobs.recipe import Schedule
from jobs.spec import Spec
from jobs.steps.context import StepContext


@dataclass(frozen=True)
class Settings:
    """What a pretrain step's spec says, checked."""

    config: BertConfig
    schedule: Schedule
    max_seq_length: int
    max_predictions_per_seq: int

    @classmethod
    def of(cls, spec: Spec) -> Settings:
        """Raises ``ConfigurationError`` naming what is wrong."""
        if "initial_checkpoint" in spec.inputs:
            raise ConfigurationError(
                spec.name, "training from an initial checkpoint is not supported yet", "use a recipe without one"
            )
        try:
            given = spec.settings
            settings = cls(
                BertConfig(**given["architecture"], vocab_size=given["vocabulary_size"]),
                Schedule(**given["schedule"]),
                given["max_seq_length"],
                given["max_predictions_per_seq"],
            )
        except (KeyError, TypeError, ValidationError) as error:
            raise ConfigurationError(spec.name, f"its settings are not a pretrain step's: {error}") from error
        positions = settings.config.max_position_embeddings
        if settings.max_seq_length > positions:
            raise ConfigurationError(
                spec.name, f"max_seq_length {settings.max_seq_length} exceeds the model's {positions} positions"
            )
        if settings.schedule.seed >= 2**31:
            raise ConfigurationError(spec.name, f"schedule.seed {settings.schedule.seed} exceeds {2**31 - 1}")
        return settings


def run(context: StepContext) -> None:
    """Train until done, then commit the model. Raises what ``train`` raises."""
    artifact = context.artifact
    settings = Settings.of(artifact.spec)
    source = artifact.spec.inputs.get("examples")
    if not source:
        raise ConfigurationError(artifact.name, "its spec names no examples", "submit it again")
    examples, validation = (_examples(context, settings, source, folder) for folder in ("train", "validation"))
    if not len(examples):
        raise ConfigurationError(source, "it has no training examples", "give preprocess a larger corpus")

    trained = train(
        artifact,
        settings.config,
        settings.schedule,
        examples,
        validation,
        scratch=context.scratch,
        heartbeat=context.heartbeat("steps"),
        stopping=context.stopping,
    )
    steps = settings.schedule.train_steps
    facts = {
        "steps": steps,
        "examples_seen": steps * settings.schedule.train_batch_size,
        "train_seconds": round(trained.seconds, 3),
        "train_examples": len(examples),
        "validation_examples": len(validation),
        "device": trained.device,
        "parameters": sum(math.prod(shape) for shape in variable_shapes(settings.config).values()),
        "tensorflow": trained.tensorflow,
        "evaluations": list(trained.evaluations),
    }
    outputs = _write_outputs(artifact, settings, trained, context.scratch)
    artifact.commit(context.shard, outputs, facts=facts, seconds=trained.seconds)
    artifact.finish()


def _examples(context: StepContext, settings: Settings, source: str, folder: str) -> Examples:
    manifest = Artifact.open(context.store, source).require()
    files = stage_examples(context.store, source, manifest.under(folder), context.scratch)
    return Examples(
        files,
        settings.config,
        max_seq_length=settings.max_seq_length,
        max_predictions_per_seq=settings.max_predictions_per_seq,
    )


def _write_outputs(artifact: Artifact, settings: Settings, trained: Trained, scratch: Path) -> list[Output]:
    weights = scratch / "weights.safetensors"
    write_tensors(weights, trained.model.variables_by_name, {"format": "tf"})
    return [
        artifact.upload("model/weights.safetensors", weights),
        artifact.write("model/bert_config.json", _json(settings.config.model_dump() | {"hidden_act": "gelu"})),
        artifact.write("evaluations.json", _json(list(trained.evaluations))),
        *scalars.uploaded(artifact),
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"

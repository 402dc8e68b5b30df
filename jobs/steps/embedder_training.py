"""Trains an embedder from given weights: the common part of ``tune`` and of its ``control``.

embedder/         the model as sentence-transformers loads it: ``jobs.publish.embedder_bundle``
evaluations.json  its scores on held-out documents while it was trained
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from jobs.errors import ConfigurationError
from jobs.flops import encoding_flops
from jobs.layout import EMBEDDER, EVALUATIONS, VOCABULARY
from jobs.model.bert import BertConfig
from jobs.model.devices import TENSORFLOW_VERSION, find_devices
from jobs.model.run_limits import RunLimits
from jobs.model.steps_per_call import StepsPerCall
from jobs.model.tf_errors import shortage_explained
from jobs.model.training import train
from jobs.model.training_checkpoint import Variables
from jobs.model.training_task import TrainingContext, TrainingTask
from jobs.model.tuning import Tuning
from jobs.publish.embedder_bundle import FILES, write_embedder
from jobs.recipe import Embedder, Schedule
from jobs.steps.context import StepContext
from jobs.steps.inputs import CompleteStep
from jobs.steps.title_pairs import HELD_OUT, KEPT, read_pairs
from jobs.vocabulary import parse_vocabulary

SMALLER = (
    "lower embedder.train_batch_size, which cannot be computed in parts, or embedder.abstract_length and "
    "embedder.title_length: --set FIELD=VALUE"
)
"""What to do where the memory does not suffice."""


@dataclass(frozen=True)
class Start:
    """What an embedder is trained from."""

    examples: CompleteStep
    """The ``preprocess`` step whose documents and vocabulary are used."""
    config: BertConfig
    initialise: Callable[[Variables], None]
    """Gives the variables their first values."""


def train_embedder(context: StepContext, start: Start) -> None:
    """Train until done, then commit the embedder. Raises what ``train`` raises, and ``ConfigurationError`` without
    enough pairs."""
    artifact = context.artifact
    settings = Embedder.model_validate({**artifact.spec.settings["embedder"], **context.runtime})
    preprocess, google = start.examples, start.config.google()
    pairs = read_pairs(context, preprocess, settings)
    train_pairs, held_out = pairs.of(KEPT), pairs.of(HELD_OUT)
    schedule = schedule_of(settings, len(train_pairs), artifact.name)
    devices = find_devices()
    length = settings.title_length + settings.abstract_length
    step_flops = 3 * settings.train_batch_size * encoding_flops(start.config, length=length)
    with shortage_explained(f"{artifact.name} on {devices}", SMALLER):
        task = TrainingTask(
            start.config, schedule, Tuning(settings.temperature, held_out), train_pairs, held_out, devices, step_flops
        )
        training = TrainingContext(
            artifact,
            context.scratch,
            context.heartbeat("steps"),
            context.check_stop,
            RunLimits("embedder", settings.max_hours, settings.max_dollars, context.dollars_per_hour),
            StepsPerCall.of_environment(),
        )
        trained = train(task, training, start.initialise)
    evaluations = [evaluation.model_dump() for evaluation in trained.evaluations]
    directory = context.scratch / EMBEDDER
    weights = {name: variable.numpy() for name, variable in trained.model.variables_by_name.items()}
    write_embedder(
        directory,
        weights,
        google,
        parse_vocabulary(preprocess.read(VOCABULARY), preprocess.artifact.path(VOCABULARY)),
        cased=preprocess.manifest.spec.settings.get("cased", True),
        max_length=settings.abstract_length,
    )
    outputs = [artifact.upload(f"{EMBEDDER}/{name}", directory / name) for name in FILES]
    outputs.append(artifact.write(EVALUATIONS, json.dumps(evaluations, indent=2, sort_keys=True).encode() + b"\n"))
    facts = {
        "steps": trained.step,
        "train_seconds": round(trained.seconds, 3),
        "device_hours": round(trained.seconds / 3600 * devices.count, 3),
        "device": " ".join(filter(None, (str(devices), devices.model))),
        "tensorflow": TENSORFLOW_VERSION,
        "evaluations": evaluations,
        "checkpoints_rejected": list(trained.rejected),
    }
    artifact.commit(context.shard, outputs, counts={"documents": pairs.counts()}, facts=facts, seconds=trained.seconds)


def schedule_of(settings: Embedder, pairs: int, name: str) -> Schedule:
    """The run that ``settings`` mean for so many training pairs.

    Raises ``ConfigurationError`` when they do not fill a batch: pairs of one batch are each other's negatives.
    """
    if not pairs:
        raise ConfigurationError(
            name,
            "no paper that it may train on has a title and an abstract: an embedder learns from pairs of them",
            "give a corpus with abstracts (JSON lines: the field abstract), or a recipe without embedder: "
            "--set embedder=null",
        )
    if pairs < settings.train_batch_size:
        raise ConfigurationError(
            name,
            f"the corpus has {pairs:,} title and abstract pairs to train on, fewer than a batch of "
            f"{settings.train_batch_size:,}",
            "give a larger corpus, or a smaller batch: --set embedder.train_batch_size=NUMBER",
        )
    steps = math.ceil(settings.epochs * pairs / settings.train_batch_size)
    every = max(1, pairs // settings.train_batch_size // settings.evaluations_per_epoch)
    patience = settings.early_stop_evaluations
    return Schedule.model_validate(
        {
            "train_batch_size": settings.train_batch_size,
            "learning_rate": settings.learning_rate,
            "train_steps": steps,
            "warmup_steps": round(settings.warmup_share * steps),
            "checkpoint_every": every,
            "evaluate_every": every,
            "log_every": max(1, every // 4),
            # A run of few evaluations cannot end early; it need not be refused for that.
            "early_stop_evaluations": patience if patience and -(-steps // every) > patience else None,
            "precision": settings.precision,
            "seed": settings.seed,
        }
    )

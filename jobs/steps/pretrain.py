"""Pretraining: examples in, a trained model with its curves and held-out scores out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from jobs.artifact import Artifact, Manifest, Output
from jobs.errors import ConfigurationError
from jobs.examples.extension import pieces_of_new_entries
from jobs.field_problems import problems
from jobs.flops import example_flops
from jobs.layout import EVALUATIONS, TRAINED_CONFIG, TRAINED_WEIGHTS, VOCABULARY, WEIGHTS
from jobs.model.bert import BertConfig, variable_shapes
from jobs.model.dataset import REMEDY, ExampleDataset, staged_shards
from jobs.model.devices import TENSORFLOW_VERSION, Devices, find_devices
from jobs.model.hardware import device_hours, distinct, seconds_since
from jobs.model.initial_weights import assign_initial
from jobs.model.masking import Masking
from jobs.model.pretraining import Pretraining
from jobs.model.run_limits import RunLimits
from jobs.model.steps_per_call import StepsPerCall
from jobs.model.tf_errors import shortage_explained
from jobs.model.training import TrainedModel, train
from jobs.model.training_checkpoint import Variables, write_tensors
from jobs.model.training_task import TrainingContext, TrainingTask
from jobs.recipe import Schedule
from jobs.spec import Spec
from jobs.steps.context import StepContext
from jobs.steps.extension import extended_run
from jobs.training_memory import Footprint
from jobs.vocabulary import Vocabulary, parse_vocabulary

SMALLER = (
    "raise schedule.accumulation, which computes a batch in that many microbatches (auto takes as many as the memory "
    "asks for), or lower schedule.train_batch_size, examples.max_seq_length or the architecture's sizes: "
    "--set FIELD=VALUE"
)
"""What to do where the memory does not suffice."""


@dataclass(frozen=True)
class PretrainSettings:
    """What a pretrain step's spec and its examples' manifest say, checked."""

    config: BertConfig
    schedule: Schedule
    max_seq_length: int
    max_predictions_per_seq: int

    @property
    def example_flops(self) -> int:
        return example_flops(
            self.config,
            vocabulary=self.config.vocab_size,
            length=self.max_seq_length,
            predictions=self.max_predictions_per_seq,
        )

    @classmethod
    def of(cls, spec: Spec, examples: Manifest, runtime: Mapping[str, str]) -> PretrainSettings:
        """``runtime`` takes the place of what specs held before such settings left them.

        Raises ``ConfigurationError`` naming what is wrong.
        """
        try:
            given = spec.settings
            settings = cls(
                BertConfig(**given["architecture"], vocab_size=_vocabulary_size(spec, examples)),
                Schedule.model_validate({**given["schedule"], **runtime}),
                given["max_seq_length"],
                given["max_predictions_per_seq"],
            )
        except ValidationError as error:
            reason = f"its settings do not fit: {problems(None, error.errors())}"
            raise ConfigurationError(spec.name, reason, "submit it again") from error
        except (KeyError, TypeError) as error:
            raise ConfigurationError(spec.name, f"its settings lack something: {error}", "submit it again") from error
        positions = settings.config.max_position_embeddings
        if settings.max_seq_length > positions:
            raise ConfigurationError(
                spec.name,
                f"max_seq_length {settings.max_seq_length} exceeds the model's {positions} positions",
                "submit it with a lower examples.max_seq_length",
            )
        return settings


def run(context: StepContext) -> None:
    """Train until done, then commit the model. Raises what ``train`` raises."""
    artifact = context.artifact
    inputs = artifact.spec.inputs
    if not inputs.get("examples"):
        raise ConfigurationError(artifact.name, "its spec names no examples", "submit it again")
    source = Artifact.open(context.store, inputs["examples"])
    settings = PretrainSettings.of(artifact.spec, source.require(), context.runtime)
    extends, chain = extended_run(context)
    devices = find_devices()
    schedule = with_microbatches(settings, devices)
    with (
        shortage_explained(f"{artifact.name} on {devices}", SMALLER),
        closing(_examples(context, settings, source, "validation")) as validation,
        closing(_examples(context, settings, source, "train")) as examples,
    ):
        if not len(examples):
            raise ConfigurationError(source.name, "it has no training examples", "give preprocess a larger corpus")
        if schedule.early_stop_evaluations and not len(validation):
            reason = "it has no held-out examples, which schedule.early_stop_evaluations needs"
            remedy = "raise corpus.validation_share and make the examples again, or unset that setting"
            raise ConfigurationError(source.name, reason, remedy)
        validation.stage()
        task = TrainingTask(
            settings.config,
            schedule,
            Pretraining(next_sentence=schedule.next_sentence_prediction),
            examples,
            validation,
            devices,
            step_flops=schedule.train_batch_size * settings.example_flops,
            masking=_masking(source, settings),
            extends=extends,
        )
        training = TrainingContext(
            artifact,
            context.scratch,
            context.heartbeat("steps"),
            context.check_stop,
            RunLimits("schedule", schedule.max_hours, schedule.max_dollars, context.dollars_per_hour),
            StepsPerCall.of_environment(),
        )
        trained = train(
            task,
            training,
            (lambda _: None) if extends else initial_weights(context, inputs.get("initial_checkpoint"), source),
        )
    evaluations = [evaluation.model_dump() for evaluation in trained.evaluations]
    seen = trained.step * schedule.train_batch_size
    # Facts are of the whole chain of runs, the seconds of this one alone: each step's are counted once.
    seconds = seconds_since(trained.processes, extends.step) if extends else trained.seconds
    facts = {
        "steps": trained.step,
        "examples_seen": seen,
        "train_seconds": round(trained.seconds, 3),
        "device_hours": round(device_hours(trained.processes), 3),
        "hardware": [hardware.model_dump() for hardware in distinct(trained.processes)],
        "processes": len(trained.processes),
        "train_examples": len(examples),
        "validation_examples": len(validation),
        "device": trained.processes[-1].hardware.device,
        "model_flops": seen * settings.example_flops,
        "parameters": sum(math.prod(shape) for shape in variable_shapes(settings.config).values()),
        "tensorflow": TENSORFLOW_VERSION,
        "evaluations": evaluations,
        "checkpoints_rejected": list(trained.rejected),
        "random_at_start": random_at_start(context),
        **({"microbatches": schedule.microbatches} if settings.schedule.accumulation == "auto" else {}),
        **({"extends": chain} if chain else {}),
        "runtime": {"checkpoint_every": schedule.checkpoint_every, "log_every": schedule.log_every},
    }
    outputs = _write_outputs(artifact, settings, trained, evaluations, context.scratch)
    artifact.commit(context.shard, outputs, facts=facts, seconds=seconds)


def with_microbatches(settings: PretrainSettings, devices: Devices) -> Schedule:
    """The schedule, with a number for the accumulation that ``auto`` leaves to the devices' memory."""
    schedule = settings.schedule
    if schedule.accumulation != "auto":
        return schedule
    config = settings.config
    footprint = Footprint(config, config.vocab_size, settings.max_seq_length, on_host=devices.kind == "CPU")
    parts = devices.microbatches(footprint, schedule.train_batch_size)
    structlog.get_logger().info("training.microbatches", count=parts, device=str(devices), memory=devices.memory)
    return schedule.model_copy(update={"accumulation": parts})


def random_at_start(context: StepContext) -> list[str]:
    """The parts of the model that the initial checkpoint lacks; none when there is no such checkpoint."""
    name = context.artifact.spec.inputs.get("initial_checkpoint")
    return list(Artifact.open(context.store, name).require().facts.get("random", ())) if name else []


def initial_weights(context: StepContext, name: str | None, examples: Artifact) -> Callable[[Variables], None]:
    """What gives the variables their first values: the checkpoint step of that name, or nothing.

    Entries that the examples' vocabulary has beyond the checkpoint's begin from their pieces. Raises
    ``ConfigurationError`` when it does not begin with the checkpoint's: an embedding would stand for another word.
    """
    if name is None:
        return lambda _: None
    checkpoint = Artifact.open(context.store, name)
    manifest = checkpoint.require()
    check_same_case(manifest, examples.require())
    ours = examples.require().find(VOCABULARY) and _vocabulary(examples, "a checkpoint")
    if beside := manifest.find(VOCABULARY):
        theirs = parse_vocabulary(checkpoint.read(beside), name)
        _vocabulary(examples, "a checkpoint").check_extends(theirs, examples.name)

    def pieces(known: int) -> list[list[int]]:
        cased = examples.require().spec.settings.get("cased", True)
        return pieces_of_new_entries(ours, known, cased=cased) if ours and len(ours) > known else []

    def initialise(variables: Variables) -> None:
        file = context.scratch / "initial.safetensors"
        checkpoint.download(manifest.output(WEIGHTS), file)
        assign_initial(variables, file, name, pieces)
        file.unlink()

    return initialise


def check_same_case(checkpoint: Manifest, examples: Manifest) -> None:
    """Raises ``ConfigurationError`` when one is uncased and the other is not."""
    theirs, ours = (manifest.spec.settings.get("cased", True) for manifest in (checkpoint, examples))
    if theirs != ours:
        words = {True: "cased", False: "uncased"}
        reason = f"it is {words[ours]}, the initial checkpoint {checkpoint.name} is {words[theirs]}"
        raise ConfigurationError(examples.name, reason, "make the examples again with this recipe: submit preprocess")


def _vocabulary_size(spec: Spec, examples: Manifest) -> int:
    """The examples' own: a recipe that learns its vocabulary cannot know the size when it is submitted."""
    wanted: int | None = spec.settings["vocabulary_size"]
    if wanted is not None:
        wanted += spec.settings.get("extend", {}).get("add", 0)
    size: int | None = examples.facts.get("vocabulary_size", wanted)
    if size is None:
        raise ConfigurationError(examples.name, "it does not say its vocabulary's size", REMEDY)
    if wanted not in (None, size):
        reason = f"its vocabulary has {size:,} entries, {spec.name} is for {wanted:,}"
        raise ConfigurationError(examples.name, reason, REMEDY)
    return size


def _masking(source: Artifact, settings: PretrainSettings) -> Masking | None:
    """The rule that the examples were masked by, to draw by it again; None to keep their masks.

    Raises ``ConfigurationError`` when their artifact lacks what decides that.
    """
    if settings.schedule.masking == "static":
        return None
    vocabulary = _vocabulary(source, "dynamic masking")
    if len(vocabulary) != settings.config.vocab_size:
        reason = f"its vocab.txt has {len(vocabulary):,} entries, the model {settings.config.vocab_size:,}"
        raise ConfigurationError(source.name, reason, REMEDY)
    rule = source.require().spec.settings
    return Masking.of(vocabulary, share=rule["masked_lm_prob"], whole_words=rule["whole_word_mask"])


def _vocabulary(examples: Artifact, needed_by: str) -> Vocabulary:
    found = examples.require().find(VOCABULARY)
    if found is None:
        raise ConfigurationError(examples.name, f"it has no vocab.txt, which {needed_by} needs", REMEDY)
    return parse_vocabulary(examples.read(found), examples.path(found.path))


def _examples(context: StepContext, settings: PretrainSettings, source: Artifact, folder: str) -> ExampleDataset:
    shards = []
    for shard in staged_shards(source, folder, context.scratch):
        context.check_stop()  # each is a request to the bucket
        shards.append(shard)
    return ExampleDataset(
        shards,
        settings.config,
        max_seq_length=settings.max_seq_length,
        max_predictions_per_seq=settings.max_predictions_per_seq,
        check_stop=context.check_stop,
    )


def _write_outputs(
    artifact: Artifact,
    settings: PretrainSettings,
    trained: TrainedModel,
    evaluations: list[dict[str, Any]],
    scratch: Path,
) -> list[Output]:
    weights = scratch / "weights.safetensors"
    write_tensors(weights, trained.model.variables_by_name, {"format": "tf"})
    return [
        artifact.upload(TRAINED_WEIGHTS, weights),
        artifact.write(TRAINED_CONFIG, _json(settings.config.google())),
        artifact.write(EVALUATIONS, _json(evaluations)),
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"

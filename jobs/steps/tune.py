"""Tuning: a pretrained model learns to place each title nearest to its abstract, and becomes an embedder.

embedder/         the model as sentence-transformers loads it: ``jobs.publish.embedder_bundle``
evaluations.json  its scores on held-out documents while it was trained
"""

from __future__ import annotations

import json
import math
from collections import Counter

from jobs.errors import ConfigurationError
from jobs.evaluation.retrieval import pair
from jobs.flops import encoding_flops
from jobs.layout import EMBEDDER, EVALUATIONS, TRAINED_CONFIG, TRAINED_WEIGHTS, VOCABULARY
from jobs.model.bert import BertConfig
from jobs.model.devices import TENSORFLOW_VERSION, find_devices
from jobs.model.initial_weights import assign_initial
from jobs.model.pairs import Ids, PairDataset
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
from jobs.steps.token_ids import TokenIds
from jobs.steps.training_documents import TrainingDocuments
from jobs.vocabulary import Vocabulary, parse_vocabulary

KEPT, HELD_OUT = "train", "held_out"
NO_PAIR = "no_pair"
"""Why a document is left out: it has no abstract, or too short a title."""


def run(context: StepContext) -> None:
    """Train until done, then commit the embedder. Raises what ``train`` raises."""
    artifact = context.artifact
    settings = Embedder.model_validate(artifact.spec.settings["embedder"])
    pretrain = CompleteStep(context.store, artifact.spec.inputs["pretrain"])
    preprocess = pretrain.input("examples")
    google = json.loads(pretrain.read(TRAINED_CONFIG))
    config = BertConfig(**{field: google[field] for field in BertConfig.model_fields})
    vocabulary = parse_vocabulary(preprocess.read(VOCABULARY), preprocess.artifact.path(VOCABULARY))
    pairs = read_pairs(context, preprocess, vocabulary, settings)
    train_pairs, held_out = pairs.of(KEPT), pairs.of(HELD_OUT)
    schedule = schedule_of(settings, len(train_pairs), artifact.name)
    devices = find_devices()
    length = settings.title_length + settings.abstract_length
    step_flops = 3 * settings.train_batch_size * encoding_flops(config, length=length)

    def initialise(variables: Variables) -> None:
        file = context.scratch / "pretrained.safetensors"
        pretrain.artifact.download(pretrain.manifest.output(TRAINED_WEIGHTS), file)
        assign_initial(variables, file, pretrain.name)
        file.unlink()

    with shortage_explained(f"{artifact.name} on {devices}"):
        task = TrainingTask(
            config, schedule, Tuning(settings.temperature, held_out), train_pairs, held_out, devices, step_flops
        )
        training = TrainingContext(
            artifact, context.scratch, context.heartbeat("steps"), context.check_stop, StepsPerCall.of_environment()
        )
        trained = train(task, training, initialise)
    evaluations = [evaluation.model_dump() for evaluation in trained.evaluations]
    directory = context.scratch / EMBEDDER
    weights = {name: variable.numpy() for name, variable in trained.model.variables_by_name.items()}
    write_embedder(directory, weights, google, vocabulary, max_length=settings.abstract_length)
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


class Pairs:
    """Titles and abstracts as token ids, for training and held out; every document is accounted for."""

    def __init__(self, lengths: tuple[int, int]) -> None:
        self._lengths = lengths
        self._titles: dict[str, list[Ids]] = {KEPT: [], HELD_OUT: []}
        self._abstracts: dict[str, list[Ids]] = {KEPT: [], HELD_OUT: []}
        self._names: dict[str, list[str]] = {KEPT: [], HELD_OUT: []}
        self.dropped: Counter[str] = Counter()

    def add(self, part: str, cord_uid: str, title: Ids, abstract: Ids) -> None:
        self._titles[part].append(title)
        self._abstracts[part].append(abstract)
        self._names[part].append(cord_uid)

    def of(self, part: str) -> PairDataset:
        return PairDataset(self._titles[part], self._abstracts[part], self._names[part], lengths=self._lengths)

    def counts(self) -> dict[str, object]:
        kept = {part: len(names) for part, names in self._names.items()}
        return {
            "read": sum(kept.values()) + self.dropped.total(),
            "kept": sum(kept.values()),
            HELD_OUT: kept[HELD_OUT],
            "dropped": dict(sorted(self.dropped.items())),
        }


def read_pairs(context: StepContext, preprocess: CompleteStep, vocabulary: Vocabulary, settings: Embedder) -> Pairs:
    """The pairs of the documents that ``preprocess`` made examples of, in the order of their shards."""
    documents = TrainingDocuments(context, preprocess)
    token_ids = TokenIds(vocabulary)
    found = Pairs((settings.title_length, settings.abstract_length))
    for shard in range(documents.shards):
        for document in documents.read(shard):
            texts = pair(document.title, " ".join(paragraph.text for paragraph in document.abstract))
            if texts is None:
                found.dropped[NO_PAIR] += 1
                continue
            part = HELD_OUT if document.cord_uid in documents.held_out else KEPT
            title, abstract = texts
            found.add(
                part,
                document.cord_uid,
                token_ids(title, settings.title_length),
                token_ids(abstract, settings.abstract_length),
            )
    found.dropped.update(documents.dropped)
    return found

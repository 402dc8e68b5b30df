"""The models that an evaluation compares: how each is loaded, and how it reads text.

base         the initial checkpoint, or whatever model the evaluation is against; without either, random weights
pretrained   the pretrained model
control      the base after the same tuning: what pretraining need not be thanked for
tuned        the embedder
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobs.errors import ConfigurationError
from jobs.json_text import from_json, mapping_in
from jobs.layout import EMBEDDER, TRAINED_CONFIG, TRAINED_WEIGHTS, VOCABULARY, WEIGHTS
from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import Devices
from jobs.model.embedder import Pooling, load_encoder
from jobs.model.initial_weights import assign_initial
from jobs.publish.pooling_files import is_cased
from jobs.spec import Kind
from jobs.steps.context import StepContext
from jobs.steps.inputs import CompleteStep
from jobs.steps.lineage import Lineage
from jobs.steps.pretrain import initial_weights
from jobs.steps.published_model import published_model
from jobs.vocabulary import Vocabulary, parse_vocabulary

UNTRAINED = "the same model, untrained"


@dataclass(frozen=True)
class Contender:
    """One model."""

    source: str
    """A step's name, or where the published model lies."""
    load: Callable[[], Bert]
    vocabulary: Vocabulary
    cased: bool
    positions: int
    """Tokens of the longest text that it reads."""
    fills_masks: bool = False
    """Whether it has a trained head for masked words."""
    pooling: Pooling = "mean"
    drops_private_use: bool = False
    """As ``PublishedModel`` has it."""


class Contenders:
    """Makes the contenders of one evaluation, in the order of its tables."""

    def __init__(self, context: StepContext, lineage: Lineage, devices: Devices) -> None:
        self._context = context
        self._lineage = lineage
        self._devices = devices

    def all(self) -> dict[str, Contender]:
        """By the name of their row. Raises ``ConfigurationError`` where two do not belong together."""
        inputs, lineage = self._context.artifact.spec.inputs, self._lineage
        found = {"base": self._against(inputs["against"]) if "against" in inputs else self._initial()}
        if lineage.pretrain:
            found["pretrained"] = self._pretrained(lineage.pretrain)
        if "control" in inputs:
            control = CompleteStep(self._context.store, inputs["control"])
            if control.input("examples").name != lineage.examples.name:
                reason = f"it is tuned on {control.input('examples').name}, the embedder on {lineage.examples.name}"
                raise ConfigurationError(control.name, reason, "submit evaluate again, for this embedder")
            found["control"] = self._embedder(control)
        return {**found, "tuned": self._embedder(lineage.embedder)}

    def _initial(self) -> Contender:
        """What the lineage began with."""
        examples, checkpoint = self._lineage.examples, self._lineage.checkpoint
        config, name = _config_of(self._lineage), checkpoint.name if checkpoint else None

        def load() -> Bert:
            with self._devices.strategy.scope():
                model = Bert(config)
            initial_weights(self._context, name, examples.artifact)(model.variables_by_name)
            return model

        return Contender(
            name or UNTRAINED,
            load,
            _vocabulary(examples),
            _cased(examples),
            config.max_position_embeddings,
            fills_masks=checkpoint is None or _fills_masks(checkpoint),
        )

    def _pretrained(self, step: CompleteStep) -> Contender:
        config = BertConfig.of_google(from_json(step.read(TRAINED_CONFIG)))
        examples = step.input("examples")
        return Contender(
            step.name,
            lambda: self._assigned(config, step, TRAINED_WEIGHTS),
            _vocabulary(examples),
            _cased(examples),
            config.max_position_embeddings,
            fills_masks=True,
        )

    def _embedder(self, step: CompleteStep) -> Contender:
        directory = self._context.scratch / step.name / EMBEDDER
        if not directory.exists():
            for output in step.manifest.under(EMBEDDER):
                target = self._context.scratch / step.name / output.path
                target.parent.mkdir(parents=True, exist_ok=True)
                step.artifact.download(output, target)
        vocabulary = parse_vocabulary((directory / VOCABULARY).read_bytes(), step.artifact.path(VOCABULARY))
        positions = mapping_in(directory / "config.json", "tune again")["max_position_embeddings"]
        return Contender(
            step.name, lambda: load_encoder(directory, self._devices), vocabulary, is_cased(directory), positions
        )

    def _checkpoint(self, step: CompleteStep) -> Contender:
        """Published weights by themselves, with the vocabulary that lay beside them."""
        if not step.manifest.find(VOCABULARY):
            reason = "no vocabulary lay beside these weights, so nobody knows what their entries mean"
            raise ConfigurationError(step.name, reason, "compare with the model's directory, with its vocab.txt")
        vocabulary = _vocabulary(step)
        config = BertConfig(**step.manifest.spec.settings["architecture"], vocab_size=len(vocabulary))
        return Contender(
            step.name,
            lambda: self._assigned(config, step, WEIGHTS),
            vocabulary,
            _cased(step),
            config.max_position_embeddings,
            fills_masks=_fills_masks(step),
        )

    def _against(self, value: str) -> Contender:
        if self._context.against:
            found = published_model(self._context.against, value, self._context.scratch, self._context.check_stop)
            config = found.config

            def load() -> Bert:
                with self._devices.strategy.scope():
                    model = Bert(config)
                found.assign(model.variables_by_name)
                return model

            return Contender(
                found.name,
                load,
                found.vocabulary,
                found.cased,
                config.max_position_embeddings,
                found.fills_masks,
                found.pooling,
                found.drops_private_use,
            )
        step = CompleteStep(self._context.store, value)
        makers = {Kind.PRETRAIN: self._pretrained, Kind.CHECKPOINT: self._checkpoint}
        return makers.get(step.manifest.spec.kind, self._embedder)(step)

    def _assigned(self, config: BertConfig, step: CompleteStep, path: str) -> Bert:
        file = self._context.scratch / "weights.safetensors"
        step.artifact.download(step.manifest.output(path), file)
        with self._devices.strategy.scope():
            model = Bert(config)
        assign_initial(model.variables_by_name, file, step.name)
        file.unlink()
        return model


def _config_of(lineage: Lineage) -> BertConfig:
    if lineage.pretrain:
        return BertConfig.of_google(from_json(lineage.pretrain.read(TRAINED_CONFIG)))
    settings, facts = lineage.embedder.manifest.spec.settings, lineage.examples.manifest.facts
    return BertConfig(**settings["architecture"], vocab_size=facts["vocabulary_size"])


def _vocabulary(step: CompleteStep) -> Vocabulary:
    return parse_vocabulary(step.read(VOCABULARY), step.artifact.path(VOCABULARY))


def _cased(step: CompleteStep) -> bool:
    return bool(step.manifest.spec.settings.get("cased", True))


def _fills_masks(checkpoint: CompleteStep) -> bool:
    """Whether the head for masked words came with the weights."""
    return "the masked-word head" not in checkpoint.manifest.facts.get("random", ())

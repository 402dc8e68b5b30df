"""Tuning: a pretrained model learns to place each title nearest to its abstract, and becomes an embedder.

Its outputs are those of ``jobs.steps.embedder_training``.
"""

from __future__ import annotations

from jobs.json_text import from_json
from jobs.layout import TRAINED_CONFIG, TRAINED_WEIGHTS
from jobs.model.bert import BertConfig
from jobs.model.initial_weights import assign_initial
from jobs.model.training_checkpoint import Variables
from jobs.steps.context import StepContext
from jobs.steps.embedder_training import Start, train_embedder
from jobs.steps.inputs import CompleteStep


def run(context: StepContext) -> None:
    """Raises what ``train_embedder`` raises."""
    pretrain = CompleteStep(context.store, context.artifact.spec.inputs["pretrain"])

    def initialise(variables: Variables) -> None:
        file = context.scratch / "pretrained.safetensors"
        pretrain.artifact.download(pretrain.manifest.output(TRAINED_WEIGHTS), file)
        assign_initial(variables, file, pretrain.name)
        file.unlink()

    config = BertConfig.of_google(from_json(pretrain.read(TRAINED_CONFIG)))
    train_embedder(context, Start(pretrain.input("examples"), config, initialise))

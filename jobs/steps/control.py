"""The control of ``tune``: the same tuning on the same pairs, from the weights that pretraining began with.

Whatever it reaches, pretraining need not be thanked for. It is also how a published model becomes an embedder without
any pretraining. Its outputs are those of ``jobs.steps.embedder_training``.
"""

from __future__ import annotations

from jobs.model.bert import BertConfig
from jobs.steps.context import StepContext
from jobs.steps.embedder_training import Start, train_embedder
from jobs.steps.inputs import CompleteStep
from jobs.steps.pretrain import initial_weights


def run(context: StepContext) -> None:
    """Raises what ``train_embedder`` raises, and ``ConfigurationError`` for a checkpoint that does not fit."""
    spec = context.artifact.spec
    examples = CompleteStep(context.store, spec.inputs["examples"])
    config = BertConfig(**spec.settings["architecture"], vocab_size=examples.manifest.facts["vocabulary_size"])
    train_embedder(
        context,
        Start(examples, config, initial_weights(context, spec.inputs.get("initial_checkpoint"), examples.artifact)),
    )

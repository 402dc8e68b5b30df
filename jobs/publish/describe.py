"""The facts of a model card, from the manifests of the steps that led to the model. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.artifact import Manifest
from jobs.corpus.documents.outcome import WITHOUT_TEXT
from jobs.publish.facts import Card, Data, MadeBy, Run
from jobs.publish.model_steps import ModelSteps
from jobs.sample.sample import SAMPLE
from jobs.spec import Spec
from jobs.weights.architecture import activation_of_google


def describe(export: Spec, google: Mapping[str, Any], steps: ModelSteps, entries: int) -> Card:
    """What follows from the settings and from the steps' outputs alone, so that an export's bytes do, too.

    ``google`` is the model's ``bert_config.json``, ``entries`` the size of its vocabulary.
    """
    pretrain, preprocess = steps.pretrain, steps.preprocess
    facts = pretrain.facts
    schedule = pretrain.spec.settings.get("schedule", {})
    settings = preprocess.spec.settings
    return Card(
        title=export.settings["title"],
        description=export.settings.get("description", ""),
        initial_checkpoint=export.settings.get("initial_checkpoint", ""),
        layers=google["num_hidden_layers"],
        hidden_size=google["hidden_size"],
        heads=google["num_attention_heads"],
        vocabulary_size=entries,
        positions=google["max_position_embeddings"],
        max_seq_length=settings["max_seq_length"],
        parameters=facts.get("parameters"),
        data=_data(steps),
        run=_run(pretrain),
        settings={**settings, **schedule},
        steps=[made_by(spec) for spec in (*(step.spec for step in steps), export)],
        name=export.name,
        license=export.settings.get("license", ""),
        cased=settings.get("cased", True),
        hidden_act=activation_of_google(google["hidden_act"]),
        random_at_start=facts.get("random_at_start", ()),
        vocabulary_origin=_vocabulary_origin(steps.vocabulary),
        languages=tuple(settings.get("languages", ())),
    )


def _vocabulary_origin(made: Manifest | None) -> str:
    if made is None:
        return "it was given, not learned from this corpus"
    if "extend" in made.spec.settings:
        return "it extends a published one by words of this corpus"
    return "it was learned from this corpus"


def made_by(spec: Spec) -> MadeBy:
    return MadeBy(str(spec.kind), spec.name, spec.version)


def _data(steps: ModelSteps) -> Data:
    ingest, preprocess, signatures = steps.ingest, steps.preprocess, steps.signatures
    documents = ingest.counts.get("documents", {})
    encoded = preprocess.counts.get("documents", {})
    examples = preprocess.counts.get("examples", {})
    # What preprocess left out before it looked for text: by language, as near-duplicates and so on.
    screened = {why: n for why, n in encoded.get("dropped", {}).items() if why != WITHOUT_TEXT and n}
    kept = documents.get("kept")
    pieces = preprocess.counts.get("pieces")
    return Data(
        read=documents.get("read"),
        kept=kept if kept is None else kept - sum(screened.values()),
        dropped={**documents.get("dropped", {}), **screened},
        quarantined=documents.get("quarantined"),
        full_texts=(ingest.counts["full_texts"], kept) if kept and "parse_files" in ingest.counts else None,
        without_text=encoded.get("dropped", {}).get(WITHOUT_TEXT),
        held_out=encoded.get("held_out"),
        made_up=ingest.spec.inputs.get("corpus", "").startswith(f"{SAMPLE}-"),
        sentences=preprocess.counts.get("sentences"),
        train_examples=examples.get("train"),
        validation_examples=examples.get("validation"),
        licenses=dict(signatures.counts.get("licenses", {})) if signatures else {},
        unknown_pieces=(preprocess.counts.get("unknown_pieces", 0), pieces) if pieces else None,
    )


def _run(pretrain: Manifest) -> Run:
    facts = pretrain.facts
    hardware = [hardware_text(fields) for fields in facts.get("hardware", ())]
    return Run(
        steps=facts.get("steps"),
        extends=facts.get("extends", ()),
        batch_size=pretrain.spec.settings.get("schedule", {}).get("train_batch_size"),
        examples_seen=facts.get("examples_seen"),
        device=facts.get("device", ""),
        hardware=hardware if len(hardware) > 1 else (),
        tensorflow=facts.get("tensorflow", ""),
        flops=facts.get("model_flops"),
        evaluations=facts.get("evaluations", ()),
    )


def hardware_text(fields: Mapping[str, Any]) -> str:
    """What a training record says that a process computed on."""
    return (
        f"{fields['device']}, {fields['threads']} threads of {fields['processor']}, TensorFlow {fields['tensorflow']}"
    )

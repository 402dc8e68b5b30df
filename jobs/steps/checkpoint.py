"""A published checkpoint, fetched once, checked, and brought to one form that training starts from.

weights.safetensors   the model's variables under google's names, float32, without those that may be missing
variables.json        every variable of the model and of the checkpoint, accounted for
vocab.txt             the vocabulary that lay beside it, if one did

A step of its own: a source of gigabytes is fetched once however often training is preempted, and one
that does not fit is refused before a TPU is asked for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from safetensors.numpy import save_file

from jobs.artifact import Output
from jobs.errors import ConfigurationError
from jobs.layout import VARIABLES, VOCABULARY, WEIGHTS
from jobs.model.tf1_checkpoint import GoogleWeights
from jobs.steps.context import StepContext
from jobs.weights.account import Allowed, Contents, account, check_account, parts_of
from jobs.weights.architecture import check_architecture, check_tokenizer
from jobs.weights.fetching import Expected, fetch, local_name
from jobs.weights.hugging_face import HuggingFaceWeights
from jobs.weights.safetensors_file import SafetensorsFile
from jobs.weights.source import CheckpointFiles, Format, find_source
from jobs.weights.tensor_file import JoinedTensors, TensorFile, check_shard_index
from jobs.weights.torch_file import TorchFile
from jobs.weights.variable_names import WORD_EMBEDDINGS, Array, tensors
from jobs.weights.vocabulary_file import is_json, vocabulary_of

MOST_PADDING = 1 / 16
"""Largest share of the word embeddings' rows that may be padding; beyond it, the vocabulary is another model's.

Published models have up to 1 of 32."""


def run(context: StepContext) -> None:
    """Raises ``ConfigurationError`` that names what does not fit; ``variables.json`` is written even then."""
    started = time.monotonic()
    artifact, settings = context.artifact, context.artifact.spec.settings
    location = context.checkpoint
    if not location:
        raise ConfigurationError(artifact.name, "it was not told where the checkpoint lies", "give --checkpoint")
    source = find_source(location, settings["checkpoint"])
    if source.identity() != artifact.spec.inputs["checkpoint"]:
        reason = f"it is not the checkpoint that {artifact.name} was submitted for"
        raise ConfigurationError(location, reason, "submit pretrain again: another checkpoint is a new step")
    expected = Expected(settings["size"], settings["sha256"])
    files, directory = fetch(source, context.scratch, expected, context.check_stop)

    name = f"{location}: {files.name}"
    weights = open_weights(files, directory, settings["architecture"], name)
    rows = weights.contents.shapes.get(WORD_EMBEDDINGS, (0,))[0]
    outputs, entries = _texts(context, files, directory, rows)
    contents = weights.contents.without_padding(entries)
    config = {**settings["architecture"], "vocab_size": settings["vocabulary_size"] or entries}
    found = account(contents, {tensor.google: tensor.shape for tensor in tensors(config)})
    outputs.append(artifact.write(VARIABLES, json.dumps(found.to_json(), indent=1).encode() + b"\n"))
    check_account(found, _allowed(settings), name)
    weights.check()

    converted = context.scratch / WEIGHTS
    save_file(_read(context, weights, contents, found.matched, name), converted, {"format": "tf"})
    outputs.append(artifact.upload(WEIGHTS, converted))
    counts = {"variables": found.counts()}
    facts = {
        "checkpoint": settings["name"],
        "found": files.name,
        "format": str(files.format),
        "entries": entries,
        "random": parts_of(found.random),
    }
    artifact.commit(context.shard, outputs, counts=counts, facts=facts, seconds=time.monotonic() - started)
    log = structlog.get_logger()
    if contents.padding:
        log.info("checkpoint.padding_dropped", source=name, rows=rows, entries=entries)
    if facts["random"]:
        log.warning("checkpoint.incomplete", source=name, begin_random=facts["random"])
    log.info("checkpoint.converted", source=name, **counts["variables"])


def open_weights(
    files: CheckpointFiles, directory: Path, architecture: Mapping[str, Any], source: str
) -> GoogleWeights | HuggingFaceWeights:
    """The checkpoint's weights, of whichever format. Raises ``ConfigurationError`` where they are damaged."""
    config = {**architecture, "vocab_size": 0}  # names do not depend on it
    if files.format is Format.GOOGLE:
        return GoogleWeights(directory / local_name(files.name), source, config)
    opened: Callable[[Path, str], TensorFile] = TorchFile if files.format is Format.TORCH else SafetensorsFile
    parts = {local_name(path): opened(directory / local_name(path), source) for path in files.weights}
    for index in files.index:
        check_shard_index((directory / local_name(index)).read_bytes(), parts, index)
    return HuggingFaceWeights(JoinedTensors(list(parts.values()), source), source, config)


def _allowed(settings: Mapping[str, Any]) -> Allowed:
    return Allowed(settings["allow_missing"], settings["allow_unused"], settings["allow_mismatched"])


def _texts(context: StepContext, files: CheckpointFiles, directory: Path, rows: int) -> tuple[list[Output], int]:
    """The vocabulary as an output, if there is one, and how many of the word embeddings' ``rows`` have an entry.

    A vocabulary may have somewhat fewer entries than there are rows, for some publishers round the number up. Raises
    ``ConfigurationError`` for a vocabulary or configuration of other weights or of the other case.
    """
    settings, outputs, entries = context.artifact.spec.settings, [], rows
    cased = settings.get("cased", True)
    if files.tokenizer:
        check_tokenizer((directory / local_name(files.tokenizer)).read_bytes(), cased, files.tokenizer)
    if files.vocabulary:
        data = (directory / local_name(files.vocabulary)).read_bytes()
        vocabulary = vocabulary_of(data, files.vocabulary)
        vocabulary.check_case(cased, files.vocabulary)
        entries = len(vocabulary)
        _check_entries(files.vocabulary, entries, range(rows - int(rows * MOST_PADDING), rows + 1), rows)
        outputs.append(context.artifact.write(VOCABULARY, vocabulary.to_bytes() if is_json(files.vocabulary) else data))
    if files.configuration:
        data = (directory / local_name(files.configuration)).read_bytes()
        size = check_architecture(data, settings["architecture"], settings["allow_mismatched"], files.configuration)
        _check_entries(files.configuration, rows if size is None else size, (rows, entries), rows)
    return outputs, entries


def _check_entries(name: str, entries: int, allowed: Container[int], rows: int) -> None:
    if entries not in allowed:
        reason = f"it is for a vocabulary of {entries:,} entries, the word embeddings beside it have {rows:,}"
        raise ConfigurationError(name, reason, "give the files of one checkpoint")


def _read(
    context: StepContext,
    weights: GoogleWeights | HuggingFaceWeights,
    contents: Contents,
    names: Sequence[str],
    source: str,
) -> dict[str, Array]:
    """All variables at once, since safetensors writes no file piece by piece: 1.5 GB for BERT-large."""
    heartbeat = context.heartbeat("variables")
    read: dict[str, Array] = {}
    for name in names:
        context.check_stop()
        read[name] = weights.read(name)
        if name in contents.padding:
            read[name] = read[name][: contents.shapes[name][0]]
        if not np.isfinite(read[name]).all():
            raise ConfigurationError(source, f"{name} holds values that are not finite", "give another checkpoint")
        heartbeat.beat(len(read), len(names))
    return read

"""One shard of documents: clean, split, encode, pair, mask, and write as TFRecords."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from jobs.artifact import Counts, Manifest
from jobs.corpus.text import COUNTED, document_sentences
from jobs.errors import ConfigurationError
from jobs.examples.creation import create_records
from jobs.examples.tfrecord import frame, serializer
from jobs.examples.wordpiece import WordPiece
from jobs.recipe import Examples
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents
from jobs.vocabulary import UNK, Vocabulary, parse_vocabulary

PROBE_SENTENCES = 400
"""Corpus sentences that shard 0 leaves for export to compare tokenizers on."""

Encoded = list[list[int]]
"""A document as its sentences' WordPiece ids."""


@dataclass
class _Split:
    """A shard's text, encoded, on either side of the held-out line."""

    train: list[Encoded] = field(default_factory=list)
    validation: list[Encoded] = field(default_factory=list)
    probe: list[str] = field(default_factory=list)
    read: int = 0
    without_text: int = 0
    sentences: int = 0
    cleaning: Counter[str] = field(default_factory=Counter)


def run(context: StepContext) -> None:
    """Writes ``train/`` and ``validation/`` records; shard 0 adds ``vocab.txt`` and ``probe.txt``.

    The random seed is the recipe's plus the shard's number, so that the original's script, run on
    the shard's sentences with ``--random_seed`` of that sum, gives the same training examples.
    """
    started = time.monotonic()
    artifact, shard = context.artifact, context.shard
    settings = dict(artifact.spec.settings)
    sections = settings.pop("sections")
    examples = Examples.model_validate(settings)
    vocabulary_path = artifact.spec.inputs["vocabulary"]
    vocabulary = parse_vocabulary(context.store.get(vocabulary_path), vocabulary_path)

    split = _read(context, vocabulary, sections)
    heartbeat = context.heartbeat("documents")
    total = len(split.train) * examples.dupe_factor + len(split.validation)

    def records(documents: list[Encoded], dupe_factor: int, done_before: int) -> list[bytes]:
        def before_document(done: int) -> None:
            context.check_stop()
            heartbeat.beat(done_before + done, total)

        return create_records(
            documents,
            vocabulary,
            examples,
            dupe_factor=dupe_factor,
            random_seed=examples.random_seed + shard,
            serialize=serializer(
                vocabulary_size=len(vocabulary),
                max_seq_length=examples.max_seq_length,
                max_predictions_per_seq=examples.max_predictions_per_seq,
            ),
            before_document=before_document,
        )

    # Held-out examples are masked once: repeating them would weigh nothing differently.
    validation = records(split.validation, 1, 0)
    train = records(split.train, examples.dupe_factor, len(split.validation))
    heartbeat.beat(total, total)

    context.check_stop()
    outputs = [
        artifact.write(f"train/{shard:05d}.tfrecord", b"".join(map(frame, train))),
        artifact.write(f"validation/{shard:05d}.tfrecord", b"".join(map(frame, validation))),
    ]
    if shard == 0:
        outputs.append(artifact.write("vocab.txt", vocabulary.to_bytes()))
        outputs.append(artifact.write("probe.txt", "".join(f"{s}\n" for s in split.probe).encode()))
    counts = _counts(split, vocabulary, train, validation)
    seconds = time.monotonic() - started
    facts = {"vocabulary_size": len(vocabulary)} if shard == 0 else {}
    artifact.commit(shard, outputs, counts=counts, facts=facts, seconds=seconds)


def _read(context: StepContext, vocabulary: Vocabulary, sections: list[str]) -> _Split:
    documents = Documents(context)
    wordpiece = WordPiece(vocabulary)
    split = _Split()
    for document in documents.read(context.shard):
        context.check_stop()
        split.read += 1
        sentences = document_sentences(document, sections, split.cleaning)
        encoded = [ids for sentence in sentences if (ids := wordpiece.encode(sentence))]
        if not encoded:
            split.without_text += 1
            continue
        split.sentences += len(encoded)
        split.probe.extend(sentences[: PROBE_SENTENCES - len(split.probe)])
        (split.validation if document.cord_uid in documents.held_out else split.train).append(encoded)
    return split


def _counts(split: _Split, vocabulary: Vocabulary, train: list[bytes], validation: list[bytes]) -> Counts:
    unknown = vocabulary.ids[UNK]
    sentences = [s for document in (*split.train, *split.validation) for s in document]
    return {
        "documents": {
            "read": split.read,
            "kept": len(split.train) + len(split.validation),
            "held_out": len(split.validation),
            "dropped": {"without_text": split.without_text},
        },
        "cleaning": {name: split.cleaning[name] for name in COUNTED},
        "sentences": split.sentences,
        "pieces": sum(map(len, sentences)),
        "unknown_pieces": sum(sentence.count(unknown) for sentence in sentences),
        "examples": {"train": len(train), "validation": len(validation)},
    }


def check(manifest: Manifest) -> None:
    """Refuses a whole that nothing could be trained on, or tested."""
    for part, count in manifest.counts["examples"].items():
        if count == 0:
            documents = manifest.counts["documents"]
            raise ConfigurationError(
                manifest.name,
                f"there are no {part} examples ({documents['kept']} documents, {documents['held_out']} held out)",
                "give a corpus with more text: covid-ctl submit preprocess --corpus PATH",
            )

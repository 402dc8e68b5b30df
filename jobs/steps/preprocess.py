"""One shard of documents: clean, split, encode, pair, mask, and write as TFRecords."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.artifact import Counts, Manifest
from jobs.corpus.text import document_sentences
from jobs.errors import ConfigurationError
from jobs.examples.creation import write_examples
from jobs.examples.encoded import DocumentEncoder, EncodedDocuments
from jobs.examples.wordpiece import WordPiece
from jobs.recipe import Examples
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents
from jobs.vocabulary import UNK, Vocabulary, parse_vocabulary

PROBE_SENTENCES = 400
"""Corpus sentences that shard 0 leaves for export to compare tokenizers on."""

PARTS = ("train", "validation")


@dataclass
class _Reading:
    """What was met while a shard's documents were encoded."""

    probe: list[str] = field(default_factory=list)
    read: int = 0
    kept: int = 0
    held_out: int = 0
    sentences: int = 0
    pieces: int = 0
    unknown_pieces: int = 0


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

    encoded, reading = _encode(context, vocabulary, sections)
    # Held-out examples are masked once: repeating them would weigh nothing differently.
    turns = {"train": examples.dupe_factor, "validation": 1}
    heartbeat = context.heartbeat("documents")
    total = sum(len(encoded[part]) * turns[part] for part in PARTS)
    done_before = 0
    outputs, counts = [], {}
    for part in PARTS:

        def before_document(done: int, done_before: int = done_before) -> None:
            context.check_stop()
            heartbeat.beat(done_before + done, total)

        path = context.scratch / f"{part}.tfrecord"
        counts[part] = write_examples(
            encoded[part],
            vocabulary,
            examples,
            path,
            dupe_factor=turns[part],
            random_seed=examples.random_seed + shard,
            before_document=before_document,
        )
        done_before += len(encoded[part]) * turns[part]
        outputs.append(artifact.upload(f"{part}/{shard:05d}.tfrecord", path))
    heartbeat.beat(total, total)

    if shard == 0:
        outputs.append(artifact.write("vocab.txt", vocabulary.to_bytes()))
        outputs.append(artifact.write("probe.txt", "".join(f"{s}\n" for s in reading.probe).encode()))
    artifact.commit(
        shard,
        outputs,
        counts=_counts(reading, counts),
        facts={"vocabulary_size": len(vocabulary)} if shard == 0 else {},
        seconds=time.monotonic() - started,
    )


def _encode(
    context: StepContext, vocabulary: Vocabulary, sections: list[str]
) -> tuple[dict[str, EncodedDocuments], _Reading]:
    """The shard's documents, encoded, on either side of the held-out line."""
    documents = Documents(context)
    wordpiece = WordPiece(vocabulary)
    unknown = vocabulary.ids[UNK]
    encoders = {part: DocumentEncoder(context.scratch / f"{part}.ids") for part in PARTS}
    reading = _Reading()
    for document, sentences in _sentences(context, documents, sections):
        reading.read += 1
        ids, ends = wordpiece.encode_lines(sentences)
        held_out = document in documents.held_out
        kept = encoders["validation" if held_out else "train"].add(ids, ends)
        if kept:
            reading.kept += 1
            reading.held_out += held_out
            reading.sentences += kept
            reading.pieces += len(ids)
            reading.unknown_pieces += int((ids == unknown).sum())
            reading.probe.extend(sentences[: PROBE_SENTENCES - len(reading.probe)])
    return {part: encoder.finish() for part, encoder in encoders.items()}, reading


def _sentences(context: StepContext, documents: Documents, sections: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The cord_uid and the sentences of each of the shard's documents."""
    for document in documents.read(context.shard):
        context.check_stop()
        yield document.cord_uid, document_sentences(document, sections)


def _counts(reading: _Reading, examples: dict[str, int]) -> Counts:
    return {
        "documents": {
            "read": reading.read,
            "kept": reading.kept,
            "held_out": reading.held_out,
            "dropped": {"without_text": reading.read - reading.kept},
        },
        "sentences": reading.sentences,
        "pieces": reading.pieces,
        "unknown_pieces": reading.unknown_pieces,
        "examples": examples,
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

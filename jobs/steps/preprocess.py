"""One shard of documents: screen, clean, split, encode, pair, mask, and write as TFRecords.

train/00000.tfrecord, validation/00000.tfrecord ...   masked examples; the latter of held-out documents
quarantine/00000.jsonl ...                            documents that failed, and why; only of shards that have some
report/00000.json ...                                 the shard's part of the report: ``jobs.report.statistics``
text/train/00000.txt, text/validation/00000.txt ...   with ``clean_text``: the sentences, as the original's
                                                      script reads them
vocab.txt, probe.txt                                  of shard 0
report.json, report.html                              of the whole: ``jobs.steps.reporting``
"""

from __future__ import annotations

import math
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.artifact import Artifact, Counts, Manifest, Output
from jobs.corpus.cleaning.clean_document import COUNTED, clean_paragraphs, sentences_of
from jobs.corpus.cleaning.clean_text import write_document
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.guard import check_quarantined
from jobs.corpus.documents.outcome import WITHOUT_TEXT
from jobs.corpus.documents.quarantine import Quarantined
from jobs.corpus.screening.screening import QUARANTINED
from jobs.errors import ConfigurationError
from jobs.examples.creation import write_examples
from jobs.examples.encoded import DocumentEncoder, EncodedDocuments
from jobs.examples.wordpiece import WordPiece
from jobs.layout import PARTS, PROBE, STATISTICS, VOCABULARY
from jobs.named_vocabulary import read_vocabulary
from jobs.recipe import MAX_UNKNOWN_SHARE, Examples
from jobs.spec import Spec
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents, max_quarantined_share, write_quarantined
from jobs.steps.near_duplicate_list import NearDuplicateList
from jobs.steps.reporting import json_bytes, write_report
from jobs.steps.screened import ScreenedOut
from jobs.steps.statistics_collector import StatisticsCollector
from jobs.vocabulary import UNK, Vocabulary

PROBE_SENTENCES = 400
"""Corpus sentences that shard 0 leaves for export to compare tokenizers on."""

ENOUGH_PIECES = 100_000
"""Pieces of one shard that suffice to judge whether the vocabulary suits the text: then no other shard need be made."""


_UNCHANGED = dict.fromkeys(COUNTED, 0)
"""What a document's count begins with: a Counter asks Python for each name that it has not."""


class _Cleaned(NamedTuple):
    """The fate of one document."""

    paragraphs: list[str]
    sentences: list[str]
    pieces: tuple[NDArray[np.int32], NDArray[np.int64]]
    """As ``WordPiece.encode_lines`` returns them."""
    changed: Counter[str]


@dataclass
class _Reading:
    """Counts and samples collected while a shard's documents are encoded."""

    collector: StatisticsCollector
    probe: list[str] = field(default_factory=list)
    read: int = 0
    dropped: Counter[str] = field(default_factory=lambda: Counter({WITHOUT_TEXT: 0}))
    quarantined: int = 0
    """In this step, or in one before that all documents go through too."""
    failed: list[Quarantined] = field(default_factory=list)
    """In this step."""
    held_out: int = 0
    sentences: int = 0
    pieces: int = 0
    unknown_pieces: int = 0
    words: int = 0
    """Pieces that begin a word; punctuation counts as words."""
    cleaning: Counter[str] = field(default_factory=Counter)

    def drop(self, reason: str) -> None:
        if reason == QUARANTINED:
            self.quarantined += 1
        else:
            self.dropped[reason] += 1

    def counts(self) -> Counts:
        return {
            "documents": {
                "read": self.read,
                "kept": self.read - self.dropped.total() - self.quarantined,
                "held_out": self.held_out,
                "dropped": dict(sorted(self.dropped.items())),
                "quarantined": self.quarantined,
            },
            "cleaning": {name: self.cleaning[name] for name in COUNTED},
            "sentences": self.sentences,
            "pieces": self.pieces,
            "unknown_pieces": self.unknown_pieces,
            "words": self.words,
        }


def run(context: StepContext) -> None:
    """The random seed is the recipe's plus the shard's number, so that the original's script, run on
    the shard's sentences with ``--random_seed`` of that sum, gives the same training examples.
    """
    started = time.monotonic()
    artifact, shard = context.artifact, context.shard
    settings = artifact.spec.settings
    examples = Examples.model_validate({name: settings[name] for name in Examples.model_fields})
    vocabulary = read_vocabulary(context.store, artifact.spec.inputs["vocabulary"])

    encoded, reading = _encode(context, vocabulary, examples.random_seed)
    if reading.pieces >= ENOUGH_PIECES:
        check_unknown(reading.pieces, reading.unknown_pieces, _max_unknown_share(artifact.spec), artifact.name)
    outputs, counts, lengths = [], {}, {}
    # Held-out examples are masked once: repeating them would weigh nothing differently.
    for part, turns in (("train", examples.dupe_factor), ("validation", 1)):
        path = context.scratch / f"{part}.tfrecord"
        lengths[part] = write_examples(
            encoded[part],
            vocabulary,
            examples,
            path,
            dupe_factor=turns,
            random_seed=examples.random_seed + shard,
            before_document=context.check_stop,
        )
        counts[part] = int(lengths[part].sum())
        outputs.append(artifact.adopt(f"{part}/{shard:05d}.tfrecord", path))
        if settings["clean_text"]:
            outputs.append(artifact.adopt(f"text/{part}/{shard:05d}.txt", context.scratch / f"{part}.txt"))
    statistics = reading.collector.finish(
        encoded["train"], encoded["validation"], vocabulary, lengths["train"], context.scratch / "train.tfrecord"
    )
    outputs.append(artifact.write(f"{STATISTICS}/{shard:05d}.json", json_bytes(statistics.to_json())))
    if shard == 0:
        outputs.append(artifact.write(VOCABULARY, vocabulary.to_bytes()))
        outputs.append(artifact.write(PROBE, "".join(f"{s}\n" for s in reading.probe).encode()))
    outputs += write_quarantined(artifact, shard, reading.failed)
    artifact.commit(
        shard,
        outputs,
        counts={**reading.counts(), "examples": counts},
        facts={"vocabulary_size": len(vocabulary)} if shard == 0 else {},
        seconds=time.monotonic() - started,
    )


def _encode(context: StepContext, vocabulary: Vocabulary, seed: int) -> tuple[dict[str, EncodedDocuments], _Reading]:
    """The shard's documents, encoded, on either side of the held-out line."""
    settings = context.artifact.spec.settings
    sections = settings["sections"]
    documents = Documents(context)
    screened_out = ScreenedOut(context).of_shard(context.shard)
    introduced = NearDuplicateList.of(context.store, context.artifact.spec).named
    unknown, cased = vocabulary.ids[UNK], bool(settings.get("cased", True))
    wordpiece = WordPiece(vocabulary, cased=cased)
    continues = np.frombuffer(vocabulary.continues, np.bool_)
    encoders = {part: DocumentEncoder(context.scratch / f"{part}.ids", len(vocabulary)) for part in PARTS}
    reading = _Reading(StatisticsCollector(sections, seed))
    heartbeat = context.heartbeat("documents")

    def clean(document: Document) -> _Cleaned:
        changed = Counter(_UNCHANGED)
        cleaned = clean_paragraphs(document, sections, changed)
        sentences = sentences_of(document, sections, cleaned, changed)
        return _Cleaned(cleaned, sentences, wordpiece.encode_lines(sentences), changed)

    expected = documents.total // len(documents.shards)  # shards are even in bytes, nearly so in documents
    with ExitStack() as files, documents.guard(context.shard) as guard:
        texts = {
            part: files.enter_context((context.scratch / f"{part}.txt").open("w", encoding="utf-8"))
            for part in (PARTS if settings["clean_text"] else ())
        }
        for document in documents.read(context.shard):
            context.check_stop()
            heartbeat.beat(reading.read, max(expected, reading.read + 1))
            reading.read += 1
            if document.cord_uid in introduced:
                reading.collector.introduce(document)
            if reason := screened_out.get(document.cord_uid):
                reading.drop(reason)
                continue
            done = guard.run(document, clean)
            if done is None:
                reading.drop(QUARANTINED)
                continue
            cleaned, sentences, (ids, ends), changed = done
            reading.cleaning.update(changed)
            held_out = document.cord_uid in documents.held_out
            part = "validation" if held_out else "train"
            kept = encoders[part].add(ids, ends)
            if not kept:
                reading.dropped[WITHOUT_TEXT] += 1
                continue
            reading.held_out += held_out
            reading.sentences += kept
            reading.pieces += len(ids)
            reading.words += len(ids) - int(np.count_nonzero(continues.take(ids)))
            if lost := (ids == unknown).nonzero()[0].tolist():
                reading.unknown_pieces += len(lost)
                places = sorted(set(np.searchsorted(ends, lost, side="right").tolist()))
                reading.collector.find_unknown(wordpiece, [sentences[n] for n in places], unknown, cased=cased)
            reading.probe.extend(sentences[: PROBE_SENTENCES - len(reading.probe)])
            if kept < len(sentences):
                sentences = list(compress(sentences, np.diff(ends, prepend=0)))
            reading.collector.add(document, cleaned, sentences, held_out)
            if part in texts:
                write_document(texts[part], sentences)
    heartbeat.beat(reading.read, reading.read)
    reading.failed = guard.quarantined
    return {part: encoder.finish() for part, encoder in encoders.items()}, reading


def _max_unknown_share(spec: Spec) -> float:
    return float(spec.settings.get("max_unknown_share", MAX_UNKNOWN_SHARE))


def check_unknown(pieces: int, unknown: int, limit: float, source: str) -> None:
    """Raises ``ConfigurationError`` when more than ``limit`` of the pieces are unknown to the vocabulary."""
    share = unknown / max(1, pieces)
    if share > limit:
        raise ConfigurationError(
            source,
            f"its vocabulary does not know {share:.1%} of the text's {pieces:,} pieces, which become {UNK} "
            f"(allowed: {limit:.1%})",
            "give the vocabulary of this text's language and case with --vocab, or learn one; "
            f"--set vocabulary.max_unknown_share={min(1, math.ceil(share * 100) / 100)} takes it as it is",
        )


def finalize(artifact: Artifact, manifest: Manifest) -> list[Output]:
    """Checks the whole and writes its report."""
    documents = manifest.counts["documents"]
    check_quarantined(documents["quarantined"], documents["read"], max_quarantined_share(artifact), artifact.name)
    check(manifest)
    return write_report(artifact, manifest)


_SETTINGS = {
    "near_duplicate": "near_duplicate_similarity",
    "license": "licenses",
    "source": "sources",
    "date": "published_from",
}
"""Reason -> the setting of corpus that decides how many are dropped for it."""


def check(manifest: Manifest) -> None:
    """Refuses a whole that nothing could be trained on, or tested, or whose vocabulary is another text's."""
    counts, limit = manifest.counts, _max_unknown_share(manifest.spec)
    check_unknown(counts["pieces"], counts["unknown_pieces"], limit, manifest.name)
    for part, count in manifest.counts["examples"].items():
        if count == 0:
            documents = manifest.counts["documents"]
            most = sorted(documents["dropped"].items(), key=lambda item: (-item[1], item[0]))[:3]
            lost = "".join(f"; {number} dropped: {reason}" for reason, number in most if number)
            less = next((_SETTINGS[reason] for reason, number in most if number and reason in _SETTINGS), "languages")
            raise ConfigurationError(
                manifest.name,
                f"there are no {part} examples ({documents['kept']} documents, {documents['held_out']} held out{lost})",
                f"give a corpus with more text, drop less of it (corpus.{less}), or hold out more: "
                "--set corpus.validation_share=SHARE",
            )

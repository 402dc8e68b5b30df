"""Every path in the bucket, each said once. Pure.

<step>/spec.json               what was asked for
<step>/manifest.json           the step is complete
<step>/shards/00012.json       the record of a shard
<step>/progress/00012.json     the last heartbeat of a shard
<step>/logs/00012-1.log        what a shard's second attempt wrote
<step>/...                     outputs: the constants below
ledger/<step>/00003.json       the fourth event in a step's life
vocabularies/<sha256>.txt      a vocabulary that was given, not learned
files/<sha256>.qrels           another file that was given, such as judgements to evaluate by
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SPEC = "spec.json"
MANIFEST = "manifest.json"
SHARDS = "shards"
PROGRESS = "progress"
LOGS = "logs"

LEDGER = "ledger"
STAGED = "staged"
"""Where large objects are while they are sent."""
VOCABULARIES = "vocabularies"
FILES = "files"
"""Where files lie that were given, other than vocabularies."""

VOCABULARY = "vocab.txt"
"""The vocabulary of a vocabulary, checkpoint or preprocess step."""

EXTENSION = "extension.json"
"""vocabulary writes it when it extends a published vocabulary."""

DOCUMENTS = "documents"
"""ingest writes a folder with one file per shard."""
HELD_OUT = "held_out.txt"
QUARANTINE = "quarantine.jsonl"

QUARANTINED = "quarantine"
"""signatures, vocabulary and preprocess write a folder with one file per shard in which a document failed."""

SIGNATURES = "signatures"
"""signatures writes folders with one file per shard."""
SCREENED_OUT = "screened_out"
NEAR_DUPLICATES = "near_duplicates.jsonl"

TRAIN, VALIDATION = PARTS = ("train", "validation")
"""preprocess writes folders of TFRecord files."""
STATISTICS = "report"
REPORT = "report.json"
REPORT_PAGE = "report.html"
PROBE = "probe.txt"

WEIGHTS = "weights.safetensors"
"""The weights of a checkpoint step."""
VARIABLES = "variables.json"

MODEL = "model"
"""The folder of a trained model, or of an exported one."""
TRAINED_WEIGHTS = f"{MODEL}/weights.safetensors"
TRAINED_CONFIG = f"{MODEL}/bert_config.json"
EVALUATIONS = "evaluations.json"
CHECKPOINTS = "checkpoints"
"""A training run keeps what it continues from here: for each a file of numbers, and a record that vouches for it."""
CURVES = "tensorboard"

EMBEDDER = "embedder"
"""tune writes the folder of the sentence-embedding model as it is published."""

VECTORS = "vectors"
"""embed writes a folder with the vectors of one shard of documents per file."""
PAPERS = "papers"
"""embed writes a folder with the papers that those vectors are of."""

EVALUATION = "evaluation.json"
"""evaluate writes it."""

VECTOR_INDEX = "vectors.faiss"
"""index writes it."""

GOOGLE_MODEL = "tensorflow"
"""The folder of an exported model for google-research/bert's scripts."""

DIVERGED = "diverged"
"""The batch that made a training run diverge."""

VARIANTS = "variants"
"""Outputs whose place was taken by other bytes of an attempt that came to nothing."""

_REMOVED = re.compile(r"removed-([0-9]{1,6})\.json")
_EDITION = re.compile(r"edition-[0-9]{1,6}")
_NUMBERED = re.compile(r"([0-9]{5,9})\.json")
_CHECKPOINT = re.compile(r"([0-9]{8,12})(?:\.json|(?:-[0-9a-f]{8})?\.safetensors)")
_LOG = re.compile(r"([0-9]{5,9})-([0-9]{1,9})\.log")


def edition_folder(step: str, edition: int) -> str:
    """Where the records, outputs and manifest of an edition are; the first is 1."""
    return step if edition == 1 else f"{step}/edition-{edition}"


def removal_mark(edition: int) -> str:
    """The object that says that an edition counts no more."""
    return f"removed-{edition}.json"


def removed_edition(file: str) -> int | None:
    """The edition that a removal mark is of; None for an object of another name."""
    found = _REMOVED.fullmatch(file)
    return int(found[1]) if found else None


def current_edition(files: Iterable[str]) -> int:
    """The edition after the last that was removed, by the names of the objects directly in the step's folder."""
    return 1 + max((edition for file in files if (edition := removed_edition(file))), default=0)


def belongs_to(step: str, edition: int, path: str) -> bool:
    """Whether an object of the step is of that edition; its spec, marks, logs and heartbeats are of none."""
    folder = edition_folder(step, edition)
    if not path.startswith(f"{folder}/"):
        return False
    first, *deeper = path.removeprefix(f"{folder}/").split("/")
    if edition > 1:
        return True
    if deeper:
        return first not in (LOGS, PROGRESS) and not _EDITION.fullmatch(first)
    return first != SPEC and removed_edition(first) is None


def variant(path: str, crc32c: str) -> str:
    return f"{VARIANTS}/{crc32c}/{path}"


def shard_record(shard: int) -> str:
    return f"{SHARDS}/{shard:05d}.json"


def checkpoint_record(step: int) -> str:
    """The record of the checkpoint after so many training steps."""
    return f"{CHECKPOINTS}/{step:08d}.json"


def checkpoint_file(step: int, token: str) -> str:
    """The name of a file with every variable and optimizer slot of that checkpoint; each attempt has its own token."""
    return f"{step:08d}-{token}.safetensors"


def checkpoint_step(path: str) -> int | None:
    """The step that a checkpoint's record or file is of; None for an object of another name."""
    found = _CHECKPOINT.fullmatch(path.rsplit("/", 1)[-1])
    return int(found[1]) if found else None


def heartbeat(step: str, shard: int) -> str:
    return f"{step}/{PROGRESS}/{shard:05d}.json"


def shard_of(path: str) -> int | None:
    """The shard that a record or heartbeat is of; None for an object of another name."""
    found = _NUMBERED.fullmatch(path.rsplit("/", 1)[-1])
    return int(found[1]) if found else None


def event(step: str, number: int) -> str:
    return f"{LEDGER}/{step}/{number:05d}.json"


def given_vocabulary(sha256: str) -> str:
    return f"{VOCABULARIES}/{sha256}.txt"


def given_file(sha256: str, suffix: str) -> str:
    return f"{FILES}/{sha256}.{suffix}"


@dataclass(frozen=True, order=True)
class LogName:
    """Which attempt at which shard a log is of; both count from 0."""

    index: int
    attempt: int

    @classmethod
    def parse(cls, path: str) -> LogName | None:
        """None for an object of another name."""
        found = _LOG.fullmatch(path.rsplit("/", 1)[-1])
        return cls(int(found[1]), int(found[2])) if found else None

    def path(self, step: str) -> str:
        return f"{step}/{LOGS}/{self.index:05d}-{self.attempt}.log"

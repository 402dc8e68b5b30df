"""Every path in the bucket, each said once. Pure.

<step>/spec.json               what was asked for
<step>/manifest.json           the step is complete
<step>/shards/00012.json       the record of a shard
<step>/progress/00012.json     the last heartbeat of a shard
<step>/logs/00012-1.log        what a shard's second attempt wrote
<step>/...                     outputs: the constants below
ledger/<step>/00003.json       the fourth event in a step's life
vocabularies/<sha256>.txt      a vocabulary that was given, not learned
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SPEC = "spec.json"
MANIFEST = "manifest.json"
SHARDS = "shards"
PROGRESS = "progress"
LOGS = "logs"

LEDGER = "ledger"
VOCABULARIES = "vocabularies"

VOCABULARY = "vocab.txt"
"""Of a vocabulary, checkpoint or preprocess step."""

DOCUMENTS = "documents"
"""Of ingest: a folder with one file per shard."""
HELD_OUT = "held_out.txt"
QUARANTINE = "quarantine.jsonl"

SIGNATURES = "signatures"
"""Of signatures: folders with one file per shard."""
SCREENED_OUT = "screened_out"
NEAR_DUPLICATES = "near_duplicates.jsonl"

TRAIN, VALIDATION = PARTS = ("train", "validation")
"""Of preprocess: folders of TFRecord files."""
STATISTICS = "report"
REPORT = "report.json"
REPORT_PAGE = "report.html"
PROBE = "probe.txt"

WEIGHTS = "weights.safetensors"
"""Of a checkpoint step."""
VARIABLES = "variables.json"

MODEL = "model"
"""The folder of a trained model, or of an exported one."""
TRAINED_WEIGHTS = f"{MODEL}/weights.safetensors"
TRAINED_CONFIG = f"{MODEL}/bert_config.json"
EVALUATIONS = "evaluations.json"
CHECKPOINTS = "checkpoints"
CURVES = "tensorboard"

GOOGLE_MODEL = "tensorflow"
"""The folder of an exported model for google-research/bert's scripts."""

_NUMBERED = re.compile(r"([0-9]{5,9})\.json")
_LOG = re.compile(r"([0-9]{5,9})-([0-9]{1,9})\.log")


def shard_record(shard: int) -> str:
    return f"{SHARDS}/{shard:05d}.json"


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

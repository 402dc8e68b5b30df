"""The report of a whole ``preprocess`` step: its shards' parts joined with what the steps before it counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add
from typing import Any

from jobs.artifact import Artifact, Manifest, Output, add_counts
from jobs.corpus.cleaning.clean_document import PARAGRAPH_RULES, SENTENCE_RULES
from jobs.corpus.screening.screening import most_frequent
from jobs.layout import QUARANTINE, REPORT, REPORT_PAGE, TALLIES
from jobs.report.page import page
from jobs.report.prose import summary
from jobs.report.tally import Tally
from jobs.spec import Kind, Spec

READERS = 16
"""Objects read at a time: there are as many as shards, each a few kilobytes."""


def write_report(artifact: Artifact, manifest: Manifest) -> list[Output]:
    """``report.json`` and ``report.html``; their bytes follow from the shards' outputs and the inputs' manifests.

    Raises ``InputNotCompleteError`` when an input is not complete.
    """
    inputs = artifact.spec.inputs
    ingest = Artifact.open(artifact.store, inputs["documents"]).require()
    signatures = Artifact.open(artifact.store, inputs["signatures"]).require()
    report = contents(manifest, ingest, signatures, _joined(artifact, manifest), _specs(artifact))
    return [
        artifact.write(REPORT, json_bytes(report)),
        artifact.write(REPORT_PAGE, page(report).encode()),
    ]


def contents(
    manifest: Manifest, ingest: Manifest, signatures: Manifest, tally: Tally, specs: Sequence[Spec]
) -> dict[str, Any]:
    """All that the report says, as JSON has it. Pure.

    ``specs``: of this step and those that it reads; versions are by ``jobs.spec.VERSIONS``, not of the package.
    """
    spec, counts = manifest.spec, manifest.counts
    released, screened = ingest.counts["documents"], counts["documents"]
    cleaning = counts["cleaning"]
    taken_out = cleaning["junk"] + cleaning["repeated"]
    report: dict[str, Any] = {
        "step": manifest.name,
        "inputs": {"corpus": ingest.spec.inputs["corpus"], **spec.inputs},
        "versions": {str(spec.kind): spec.version for spec in specs},
        "settings": {str(spec.kind): dict(spec.settings) for spec in specs},
        "shards": spec.shards,
        "vocabulary_size": manifest.facts["vocabulary_size"],
        "documents": {
            "read": released["read"],
            "kept": screened["kept"],
            "held_out": screened["held_out"],
            "quarantined": released["quarantined"],
            "dropped": add_counts([released["dropped"], screened["dropped"]]),
        },
        "quarantine": f"{ingest.name}/{QUARANTINE}",
        "parses": ingest.counts.get("parses", {}),
        "languages": signatures.counts["languages"],
        **{name: most_frequent(signatures.counts[name]) for name in ("licenses", "sources")},
        "paragraphs": {
            "read": cleaning["paragraphs"],
            "changed": {rule: cleaning[rule] for rule in PARAGRAPH_RULES},
            "ignored_spans": cleaning["ignored_spans"],
        },
        "sentences": {
            "read": counts["sentences"] + taken_out,
            "kept": counts["sentences"],
            "by_rule": {rule: cleaning[rule] for rule in SENTENCE_RULES},
        },
        "pieces": {"all": counts["pieces"], "unknown": counts["unknown_pieces"]},
        "examples": counts["examples"],
        **tally.to_json(),
    }
    return {"summary": summary(report), **report}


def _joined(artifact: Artifact, manifest: Manifest) -> Tally:
    parts = manifest.under(TALLIES)
    with ThreadPoolExecutor(READERS) as pool:
        return reduce(add, (Tally.from_json(json.loads(data)) for data in pool.map(artifact.read, parts)))


def _specs(artifact: Artifact) -> list[Spec]:
    """Of this step and those that it reads: a vocabulary may be a file instead."""
    folders = (path.split("/", 1)[0] for path in artifact.spec.inputs.values())
    made = (name for name in folders if name.split("-", 1)[0] in set(Kind))
    return [artifact.spec, *(Artifact.open(artifact.store, name).spec for name in made)]


def json_bytes(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"

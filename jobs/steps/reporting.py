"""The report of a whole ``preprocess`` step: its shards' parts joined with what the steps before it counted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import reduce
from operator import add
from typing import Any

from jobs.artifact import Artifact, Manifest, Output, add_counts
from jobs.corpus.cleaning.clean_document import PARAGRAPH_RULES, SENTENCE_RULES
from jobs.corpus.screening.screening import most_frequent_labels
from jobs.json_text import from_json
from jobs.layout import QUARANTINE, REPORT, REPORT_PAGE, STATISTICS
from jobs.parallel import in_parallel
from jobs.report.page import page
from jobs.report.statistics import Statistics
from jobs.report.summary import summary_lines
from jobs.spec import Kind, Spec
from jobs.steps.near_duplicate_list import NearDuplicateList
from jobs.store import Store

SHOWN = 10
"""Quarantined rows that the report shows; their list has them all."""
READERS = 16
"""Objects read at a time: there are as many as shards, each a few kilobytes."""


def write_report(artifact: Artifact, manifest: Manifest) -> list[Output]:
    """``report.json`` and ``report.html``; their bytes follow from the shards' outputs and the inputs' manifests.

    Raises ``InputNotCompleteError`` when an input is not complete.
    """
    inputs = artifact.spec.inputs
    ingest = Artifact.open(artifact.store, inputs["documents"]).require()
    signatures = Artifact.open(artifact.store, inputs["signatures"]).require()
    report = contents(
        manifest,
        ingest,
        signatures,
        _joined(artifact, manifest),
        NearDuplicateList.of(artifact.store, artifact.spec),
        _specs(artifact),
        _quarantined(artifact.store, ingest),
    )
    return [
        artifact.write(REPORT, json_bytes(report)),
        artifact.write(REPORT_PAGE, page(report).encode()),
    ]


def _corpus(facts: Mapping[str, Any]) -> dict[str, Any]:
    tables = {name: facts[name] for name in ("metadata", "metadata_not_read") if name in facts}
    return {"name": facts.get("name", ""), "release": facts.get("release", ""), **tables}


def contents(
    manifest: Manifest,
    ingest: Manifest,
    signatures: Manifest,
    statistics: Statistics,
    near_duplicates: NearDuplicateList,
    specs: Sequence[Spec],
    quarantined: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """All that the report says, as JSON has it. Pure.

    ``specs``: of this step and those that it reads; versions are by ``jobs.spec.VERSIONS``, not of the package.
    """
    spec, counts = manifest.spec, manifest.counts
    released, screened = ingest.counts["documents"], counts["documents"]
    cleaning = counts["cleaning"]
    taken_out = cleaning["junk"] + cleaning["repeated"] + cleaning["fragment"]
    report: dict[str, Any] = {
        "step": manifest.name,
        "corpus": _corpus(ingest.facts.get("corpus", {})),
        "inputs": {"corpus": ingest.spec.inputs["corpus"], **spec.inputs},
        "versions": {str(spec.kind): spec.version for spec in specs},
        "settings": {str(spec.kind): dict(spec.settings) for spec in specs},
        "shards": spec.shards,
        "vocabulary_size": manifest.facts["vocabulary_size"],
        "documents": {
            "read": released["read"],
            "kept": screened["kept"],
            "held_out": screened["held_out"],
            "quarantined": released["quarantined"] + screened["quarantined"],
            "dropped": add_counts([released["dropped"], screened["dropped"]]),
        },
        "quarantine": f"{ingest.name}/{QUARANTINE}",
        "quarantined": list(quarantined),
        "near_duplicates": {
            "list": near_duplicates.path,
            "dropped": len(near_duplicates.pairs),
            "least_alike": [asdict(pair) for pair in near_duplicates.least_alike],
            "dropped_for_one": near_duplicates.dropped_for_one,
        },
        "parses": ingest.counts.get("parses", {}),
        "full_texts": _full_texts(ingest),
        "languages": signatures.counts["languages"],
        **{name: most_frequent_labels(signatures.counts[name]) for name in ("licenses", "sources")},
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
        "pieces": {"all": counts["pieces"], "unknown": counts["unknown_pieces"], "words": counts["words"]},
        "examples": counts["examples"],
        **statistics.to_json(),
        "unknown_words": most_frequent_labels(statistics.unknown_words),
    }
    return {"summary": summary_lines(report), **report}


def _full_texts(ingest: Manifest) -> dict[str, int] | None:
    """Counts documents as ingested, before filtering; None for a corpus of the user's own, which has no parses."""
    counts = ingest.counts
    if "parse_files" not in counts:
        return None
    return {
        "of": counts["documents"]["kept"],
        "found": counts["full_texts"],
        "promised": counts["full_texts_promised"],
        "files": counts["parse_files"]["found"],
        "files_not_used": counts["parse_files"]["unreferenced"],
    }


def _quarantined(store: Store, ingest: Manifest) -> list[dict[str, str]]:
    """The first of what could not be read; its list has them all."""
    listed = Artifact.open(store, ingest.name).read(ingest.output(QUARANTINE))
    return [from_json(line) for line in listed.split(b"\n", SHOWN)[:SHOWN] if line]


def _joined(artifact: Artifact, manifest: Manifest) -> Statistics:
    parts = in_parallel(artifact.read, manifest.under(STATISTICS), READERS)
    return reduce(add, (Statistics.from_json(from_json(data)) for data in parts))


def _specs(artifact: Artifact) -> list[Spec]:
    """The specs of this step and of the steps that it reads; a given vocabulary has none."""
    folders = (path.split("/", 1)[0] for path in artifact.spec.inputs.values())
    made = (name for name in folders if name.split("-", 1)[0] in set(Kind))
    return [artifact.spec, *(Artifact.open(artifact.store, name).spec for name in made)]


def json_bytes(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"

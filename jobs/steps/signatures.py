"""``signatures``: filter the documents, sign those that are left, and decide over all shards which are near-duplicates.

signatures/00000.bin ...      a shard's documents: ``jobs.corpus.screening.signature_shards``
screened_out/00000.json ...   what of a shard is not trained on, and why; written once all shards are signed
quarantine/00000.jsonl ...    documents that failed, and why; only of shards that have some
near_duplicates.jsonl         who was dropped for whom, with their estimated similarity
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from jobs.artifact import Artifact, Manifest, Output
from jobs.corpus.documents.guard import check_quarantined
from jobs.corpus.screening.decision import decide, dropped_to_json, near_duplicates_to_json_lines
from jobs.corpus.screening.screening import OTHER, Screening
from jobs.corpus.screening.signature_shards import SignatureShard
from jobs.errors import ConfigurationError
from jobs.files.names import printable
from jobs.layout import NEAR_DUPLICATES, SCREENED_OUT, SIGNATURES
from jobs.nearest import nearest
from jobs.parallel import in_parallel
from jobs.recipe import Filters
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents, max_quarantined_share, write_quarantined

READERS = 16
"""Objects read at a time: there are as many as shards, each small, so waiting is what reading them costs."""


def run(context: StepContext) -> None:
    """Reads the shard once; holds one document at a time and 256 bytes of each that passes."""
    started = time.monotonic()
    artifact, shard = context.artifact, context.shard
    settings = artifact.spec.settings
    documents = Documents(context)
    filters = Filters.model_validate({n: v for n, v in settings.items() if n in Filters.model_fields})
    heartbeat = context.heartbeat("documents")
    # A shard's share of the corpus; its own number of documents is known once it is read.
    expected = -(-documents.total // len(documents.shards))
    done = 0
    with documents.guard(shard) as guard:
        screening = Screening(filters, guard)
        for done, document in enumerate(documents.read(shard), 1):
            context.check_stop()
            screening.add(document)
            heartbeat.beat(done, max(done + 1, expected))
    heartbeat.beat(done, done)
    outputs = [artifact.write(f"{SIGNATURES}/{shard:05d}.bin", screening.shard().to_bytes())]
    outputs += write_quarantined(artifact, shard, guard.quarantined)
    artifact.commit(shard, outputs, counts=screening.counts(), seconds=time.monotonic() - started)


def finalize(artifact: Artifact, manifest: Manifest) -> list[Output]:
    """Decides for the whole corpus, so that no later shard reads more than its own part of the decision.

    Takes 256 bytes of memory per document that passed the filters, and some 100 for its name. Raises
    ``ConfigurationError`` for a source or licence that is asked for and that no document has.
    """
    counts = manifest.counts["documents"]
    check_quarantined(counts["quarantined"], counts["read"], max_quarantined_share(artifact), artifact.name)
    for name in ("sources", "licenses"):
        _refuse_unknown(name, artifact.spec.settings.get(name, ()), manifest)
    shards = _read(artifact, manifest.under(SIGNATURES))
    passed = manifest.counts["documents"]["kept"]
    decided = decide(shards, passed, artifact.spec.settings["near_duplicate_similarity"])
    paths = (f"{SCREENED_OUT}/{shard:05d}.json" for shard in range(len(decided.shards)))
    files = zip(paths, map(dropped_to_json, decided.shards), strict=True)
    written = list(in_parallel(lambda file: artifact.write(*file), files, READERS))
    return [*written, artifact.write(NEAR_DUPLICATES, near_duplicates_to_json_lines(decided.near_duplicates))]


def _refuse_unknown(name: str, wanted: Sequence[str], manifest: Manifest) -> None:
    counts = manifest.counts[name]
    known = {label.casefold(): label for label in counts}
    missing = [value for value in wanted if value.casefold() not in known]
    if not missing or OTHER in counts:  # among the many that are not named it may be
        return
    meant = nearest(missing[0].casefold(), known) or f"; they have {', '.join(map(printable, counts))}"
    raise ConfigurationError(
        f"corpus.{name}", f"no document has {missing[0]}{meant}", f"submit it again with --set corpus.{name}=[...]"
    )


def _read(artifact: Artifact, outputs: Sequence[Output]) -> Iterator[SignatureShard]:
    """In order; holds ``READERS`` of them."""
    for start in range(0, len(outputs), READERS):
        found = in_parallel(artifact.read, outputs[start : start + READERS], READERS)
        yield from map(SignatureShard.from_bytes, found)

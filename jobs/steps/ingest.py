"""``ingest``: a corpus as released -> its documents, each once, in shards of even size.

documents/00000.jsonl.zst ...  kept documents, one JSON object a line
held_out.txt                   cord_uids held out for evaluation, sorted
quarantine.jsonl               what could not be read: file, reason, position, cord_uid, kept_from
unreferenced_parses.txt        parse files that no row of metadata.csv names (CORD-19 only)
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import IO, Any

from jobs.corpus.documents.accounting import Accounting
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.full_text import MIN_SHARE, FullTexts
from jobs.corpus.documents.outcome import OpenedCorpus
from jobs.corpus.documents.shards import ENDING, DocumentShards
from jobs.corpus.documents.single_sentences import MAX_SHARE, SingleSentences
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.corpus.screening.exact_duplicates import DUPLICATE, ExactDuplicates
from jobs.corpus.screening.holdout import held_out
from jobs.errors import ConfigurationError
from jobs.files.digest import FileDigest
from jobs.files.metered import OnBytes
from jobs.files.place import locate
from jobs.layout import DOCUMENTS, HELD_OUT, QUARANTINE
from jobs.sample.sample import SAMPLE, sample_fingerprint, write_sample
from jobs.steps.context import StepContext

MOST_DIGESTS = 20
"""Files of the corpus that the manifest names with their digests."""
_DATE = re.compile(r"(?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d)")


def run(context: StepContext) -> None:
    """Reads the corpus once, from its first document to its last; needs disk for the documents, not memory.

    Raises ``ConfigurationError`` when the corpus cannot be used or is not the one that was submitted.
    """
    started = time.monotonic()
    with Workspace(context.scratch, _byte_progress(context), check_stop=context.check_stop) as workspace:
        _ingest(context, _open(context, workspace), workspace, started)


def _ingest(context: StepContext, corpus: OpenedCorpus, workspace: Workspace, started: float) -> None:
    artifact = context.artifact
    settings = artifact.spec.settings
    accounting = Accounting(corpus.source, settings["max_quarantined_share"], corpus.total, corpus.broken)

    full_texts = FullTexts(corpus.source, settings.get("min_full_text_share", MIN_SHARE))
    single = SingleSentences(corpus.source, settings.get("max_single_sentence_share", MAX_SHARE))

    shards = [context.scratch / f"{index:05d}{ENDING}" for index in range(settings["document_shards"])]
    quarantine = context.scratch / QUARANTINE
    kept: list[str] = []
    try:
        with DocumentShards(shards) as documents, quarantine.open("wb") as entries:
            for document in _kept(context, corpus, accounting, full_texts, entries):
                documents.write(document)
                single.note(document)
                kept.append(document.cord_uid)
        counts = {
            **accounting.counts(),
            "full_texts_promised": full_texts.promised,
            "single_sentences": single.single,
            **corpus.counts(),
        }
        full_texts.check(corpus.unused_files, corpus.refused)
        single.check()
        validation = held_out(kept, settings["validation_share"])
    except ConfigurationError:
        artifact.upload(QUARANTINE, quarantine)  # no output yet, but what the error points to
        raise

    outputs = [artifact.adopt(f"{DOCUMENTS}/{path.name}", path) for path in shards]
    outputs.append(artifact.write(HELD_OUT, _lines(validation)))
    outputs.append(artifact.upload(QUARANTINE, quarantine))
    outputs += [artifact.write(name, _lines(lines)) for name, lines in corpus.listings().items()]
    facts = {"corpus": _identity(context.corpus, "parse_files" in counts, workspace.digests) | corpus.tables()}
    artifact.commit(context.shard, outputs, counts=counts, facts=facts, seconds=time.monotonic() - started)


def _open(context: StepContext, workspace: Workspace) -> OpenedCorpus:
    """The corpus, checked to be the one whose identity is in the spec."""
    place, submitted = context.corpus, context.artifact.spec.inputs["corpus"]
    if not place:
        raise ConfigurationError(context.artifact.name, "it was not told where the corpus lies", "give --corpus")
    directory = place
    if place == SAMPLE:
        directory = str(context.scratch / "sample")
        write_sample(context.scratch / "sample")
    corpus, found = open_corpus(locate(directory), workspace)
    found = sample_fingerprint() if place == SAMPLE else found
    if found != submitted:
        raise ConfigurationError(
            place,
            f"it is not the corpus that {context.artifact.name} was submitted for: fingerprint {found[:12]}, "
            f"not {submitted[:12]}",
            "submit preprocess again: a changed corpus is a new step",
        )
    return corpus


def _identity(place: str, is_cord19: bool, digests: Sequence[FileDigest]) -> dict[str, Any]:
    """What a reader needs to get the same corpus: its name, the release and SHA-256 of the files as released.

    Not the place, which is the user's own. A release is named by a date in a file's name or, in AI2's archives, in that
    of its folder.
    """
    if place == SAMPLE:
        return {"name": SAMPLE}
    name = place.rstrip("/").rpartition("/")[2]
    dates = (found[0] for text in (name, *(digest.name for digest in digests)) if (found := _DATE.search(text)))
    files = sorted(digests, key=lambda digest: digest.name)
    return {
        "name": "CORD-19" if is_cord19 else name,
        "release": next(dates, ""),
        "files": [asdict(digest) for digest in files[:MOST_DIGESTS]],
        "files_not_named": len(files[MOST_DIGESTS:]),
    }


def _byte_progress(context: StepContext) -> OnBytes:
    beat = context.heartbeat("bytes")

    def on_bytes(done: int, total: int) -> None:
        context.check_stop()
        beat.beat(min(done, total - 1), total)  # the step is done only when the documents are

    return on_bytes


def _kept(
    context: StepContext, corpus: OpenedCorpus, accounting: Accounting, full_texts: FullTexts, entries: IO[bytes]
) -> Iterator[Document]:
    """The documents to keep, in the corpus's order; everything else ends in ``accounting`` and ``entries``."""
    entries.writelines(entry.to_json_line() for entry in (*corpus.refused, *corpus.broken))
    beat = context.heartbeat("documents")
    duplicates = ExactDuplicates()
    done = 0
    for done, outcome in enumerate(corpus.outcomes(), 1):
        context.check_stop()
        entries.writelines(entry.to_json_line() for entry in outcome.quarantine)
        full_texts.note(outcome.promised, bool(outcome.chosen))
        if outcome.dropped:
            accounting.drop(outcome.dropped)
        elif outcome.document is None:
            accounting.quarantine(outcome)
        elif duplicates.seen_before(outcome.document):
            accounting.drop(DUPLICATE)
        else:
            accounting.keep(outcome.document)
            yield outcome.document
        beat.beat(done, corpus.estimate(done))
    beat.beat(done, done)


def _lines(values: Iterable[str]) -> bytes:
    return "".join(f"{value}\n" for value in values).encode()

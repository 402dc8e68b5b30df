"""Embedding: every document of a corpus as one vector, beside what search shows of it.

vectors/00000.npy     half precision [documents, hidden size], unit length, of one shard of documents
papers/00000.parquet  the papers that those vectors are of, in the same order
"""

from __future__ import annotations

import time

import numpy as np

from jobs.corpus.documents.document import Document
from jobs.layout import EMBEDDER, PAPERS, VECTORS, VOCABULARY
from jobs.model.devices import find_devices
from jobs.model.embedder import Embedder, load_encoder
from jobs.model.tf_errors import shortage_explained
from jobs.publish.pooling_files import is_cased, max_length_of
from jobs.search.paper import Paper
from jobs.search.papers_file import write_papers
from jobs.steps.context import StepContext
from jobs.steps.lineage import Lineage
from jobs.steps.token_ids import TokenIds
from jobs.steps.training_documents import TrainingDocuments
from jobs.vocabulary import parse_vocabulary


def run(context: StepContext) -> None:
    """Embed this worker's share of the documents' shards: numbers ``shard``, ``shard`` + ``shards`` and so on."""
    started = time.monotonic()
    artifact, spec = context.artifact, context.artifact.spec
    lineage = Lineage.of(context.store, spec.inputs["embedder"])
    tuned = lineage.embedder
    documents = TrainingDocuments(context, lineage.examples)
    for output in tuned.manifest.under(EMBEDDER):
        (context.scratch / output.path).parent.mkdir(parents=True, exist_ok=True)
        tuned.artifact.download(output, context.scratch / output.path)
    directory = context.scratch / EMBEDDER
    source = tuned.artifact.path(f"{EMBEDDER}/{VOCABULARY}")
    vocabulary = parse_vocabulary((directory / VOCABULARY).read_bytes(), source)
    token_ids, length = TokenIds(vocabulary, cased=is_cased(directory)), max_length_of(directory)
    devices = find_devices()
    heartbeat = context.heartbeat("documents")
    mine = range(context.shard, documents.shards, spec.shards)
    expected = documents.total * len(mine) // max(documents.shards, 1)
    outputs, kept = [], 0
    with shortage_explained(f"{artifact.name} on {devices}"):
        embedder = Embedder(load_encoder(directory, devices), devices)
        for number in mine:
            papers: list[Paper] = []
            texts = []
            for document in documents.read(number):
                papers.append(paper_of(document))
                texts.append(token_ids(embedded_text(document), length))

            def alive(done: int, before: int = kept) -> None:
                context.check_stop()
                heartbeat.beat(before + done, max(expected, before + done + 1))

            vectors = embedder.encode(texts, alive).astype(np.float16)
            kept += len(papers)
            file = context.scratch / "vectors.npy"
            np.save(file, vectors)
            outputs.append(artifact.upload(f"{VECTORS}/{number:05d}.npy", file))
            file = context.scratch / "papers.parquet"
            write_papers(file, papers)
            outputs.append(artifact.upload(f"{PAPERS}/{number:05d}.parquet", file))
    counts = {
        "documents": {"read": documents.read_count, "kept": kept, "dropped": dict(sorted(documents.dropped.items()))}
    }
    facts = {"width": embedder.width, "device": str(devices)} if context.shard == 0 else {}
    artifact.commit(context.shard, outputs, counts=counts, facts=facts, seconds=time.monotonic() - started)


def embedded_text(document: Document) -> str:
    """What a document's vector is of: its title and abstract or, without one, the beginning of its body."""
    paragraphs = document.abstract or document.body[:3]
    return " ".join([document.title, *(paragraph.text for paragraph in paragraphs)])


def paper_of(document: Document) -> Paper:
    """What search shows of a document."""
    year = document.publish_time[:4]
    return Paper(
        cord_uid=document.cord_uid,
        title=document.title,
        abstract=" ".join(paragraph.text for paragraph in document.abstract),
        year=int(year) if year.isascii() and year.isdecimal() and len(year) == 4 else 0,
        journal=document.journal,
        license=document.license,
        source=document.source,
        doi=document.doi,
        url=document.url,
    )

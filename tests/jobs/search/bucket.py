"""A bucket with an index to search, as the steps leave it: for what must not wait for a model to be trained."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from controller.ledger.events import Event, EventType, Ledger
from jobs.artifact import Artifact, Output
from jobs.layout import EMBEDDER, PAPERS, VECTOR_INDEX
from jobs.search.encoder import width_of
from jobs.search.paper import Paper
from jobs.search.papers_file import write_papers
from jobs.search.vectors import write_index
from jobs.spec import Kind, Spec
from jobs.store import Store


def complete(artifact: Artifact, *shards: Iterable[Output], **record: Any) -> None:
    """The step whose ``shards`` wrote these outputs, submitted and complete; all shards get the same record."""
    Ledger(artifact.store).append(artifact.name, Event(EventType.SUBMITTED, time.time(), "covid-ctl submit index"))
    artifact.submit()
    for number, outputs in enumerate(shards):
        artifact.commit(number, outputs, **record)
    assert artifact.finish()


def index_step(
    root: Path,
    embedder: Path,
    papers: Iterable[Paper],
    vectors: Iterable[NDArray[Any]],
    *,
    recipe: str = "tiny",
    width: int = 0,
    workers: int = 1,
) -> str:
    """Fills the bucket ``root``; returns the index's name.

    ``vectors`` [N, width] come in parts; their width is the embedder's unless another is given. Of one worker there is
    one file of papers; several take turns with files of one paper each.
    """
    root.mkdir(parents=True, exist_ok=True)
    store, file = Store(str(root)), root / ".scratch"
    tune = Artifact(store, Spec(Kind.TUNE, {}, {"pretrain": f"pretrain-{recipe}"}, recipe=recipe))
    complete(tune, [tune.upload(f"{EMBEDDER}/{path.name}", path) for path in sorted(embedder.iterdir())])
    embed = Artifact(store, Spec(Kind.EMBED, {}, {"embedder": tune.name}, shards=workers, recipe=recipe))
    written, kept = [], 0
    for number, part in enumerate([papers] if workers == 1 else [[paper] for paper in papers]):
        kept += write_papers(file, part)
        written.append(embed.upload(f"{PAPERS}/{number:05d}.parquet", file))
    complete(embed, *(written[worker::workers] for worker in range(workers)))
    index = Artifact(store, Spec(Kind.INDEX, {}, {"vectors": embed.name, "evaluation": "evaluate"}, recipe=recipe))
    write_index(file, width or width_of(embedder), vectors)
    facts = {"default_mode": "bm25", "corpus": "a made-up corpus", "papers": kept}
    complete(index, [index.upload(VECTOR_INDEX, file)], facts=facts)
    file.unlink()
    return index.name

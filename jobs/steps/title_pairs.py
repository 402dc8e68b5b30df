"""Titles and abstracts of a model's documents as token ids, to tune an embedder on and to score it."""

from __future__ import annotations

from collections import Counter

from jobs.evaluation.retrieval import pair
from jobs.layout import VOCABULARY
from jobs.model.pairs import Ids, PairDataset
from jobs.recipe import Embedder
from jobs.steps.context import StepContext
from jobs.steps.inputs import CompleteStep
from jobs.steps.token_ids import TokenIds
from jobs.steps.training_documents import TrainingDocuments
from jobs.vocabulary import parse_vocabulary

KEPT, HELD_OUT = "train", "held_out"
NO_PAIR = "no_pair"
"""Why a document is left out: it has no abstract, or too short a title."""


class Pairs:
    """Titles and abstracts as token ids, for training and held out; every document is accounted for."""

    def __init__(self, lengths: tuple[int, int]) -> None:
        self._lengths = lengths
        self._titles: dict[str, list[Ids]] = {KEPT: [], HELD_OUT: []}
        self._abstracts: dict[str, list[Ids]] = {KEPT: [], HELD_OUT: []}
        self._names: dict[str, list[str]] = {KEPT: [], HELD_OUT: []}
        self.dropped: Counter[str] = Counter()

    def add(self, part: str, cord_uid: str, title: Ids, abstract: Ids) -> None:
        self._titles[part].append(title)
        self._abstracts[part].append(abstract)
        self._names[part].append(cord_uid)

    def of(self, part: str) -> PairDataset:
        return PairDataset(self._titles[part], self._abstracts[part], self._names[part], lengths=self._lengths)

    def counts(self) -> dict[str, object]:
        kept = {part: len(names) for part, names in self._names.items()}
        return {
            "read": sum(kept.values()) + self.dropped.total(),
            "kept": sum(kept.values()),
            HELD_OUT: kept[HELD_OUT],
            "dropped": dict(sorted(self.dropped.items())),
        }


def read_pairs(context: StepContext, preprocess: CompleteStep, settings: Embedder) -> Pairs:
    """The pairs of the documents that ``preprocess`` made examples of, in the order of their shards."""
    documents = TrainingDocuments(context, preprocess)
    vocabulary = parse_vocabulary(preprocess.read(VOCABULARY), preprocess.artifact.path(VOCABULARY))
    token_ids = TokenIds(vocabulary, cased=preprocess.manifest.spec.settings.get("cased", True))
    found = Pairs((settings.title_length, settings.abstract_length))
    for shard in range(documents.shards):
        for document in documents.read(shard):
            texts = pair(document.title, " ".join(paragraph.text for paragraph in document.abstract))
            if texts is None:
                found.dropped[NO_PAIR] += 1
                continue
            part = HELD_OUT if document.cord_uid in documents.held_out else KEPT
            title, abstract = texts
            found.add(
                part,
                document.cord_uid,
                token_ids(title, settings.title_length),
                token_ids(abstract, settings.abstract_length),
            )
    found.dropped.update(documents.dropped)
    return found

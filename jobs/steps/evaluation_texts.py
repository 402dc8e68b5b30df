"""What an evaluation reads of the corpus, in one pass over its documents."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from jobs.corpus.cleaning.clean_document import SECTIONS, document_sentences
from jobs.corpus.documents.document import Document
from jobs.evaluation.retrieval import pair
from jobs.search.paper import Paper
from jobs.steps.context import StepContext
from jobs.steps.embed import embedded_text, paper_of
from jobs.steps.inputs import CompleteStep
from jobs.steps.training_documents import TrainingDocuments


@dataclass
class EvaluationTexts:
    """The documents that no model was trained on and, where judgements ask for them, others."""

    held_out: list[Document] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    abstracts: list[str] = field(default_factory=list)
    """Abstracts of the held-out documents that have both, in the order of ``titles``."""
    papers: list[Paper] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    """The texts that the papers' vectors are of."""
    sentences: dict[str, list[str]] = field(default_factory=dict)
    """By cord_uid."""

    @classmethod
    def read(
        cls, context: StepContext, preprocess: CompleteStep, *, everything: bool, documents: Container[str]
    ) -> EvaluationTexts:
        """With ``everything`` all papers are kept; the sentences are those of ``documents``."""
        found, source = cls(), TrainingDocuments(context, preprocess)
        for shard in range(source.shards):
            for document in source.read(shard):
                if document.cord_uid in source.held_out:
                    found._add_held_out(document)
                if everything:
                    found.papers.append(paper_of(document))
                    found.embedded.append(embedded_text(document))
                if document.cord_uid in documents:
                    found.sentences[document.cord_uid] = document_sentences(document, SECTIONS)
        return found

    def _add_held_out(self, document: Document) -> None:
        self.held_out.append(document)
        if texts := pair(document.title, " ".join(paragraph.text for paragraph in document.abstract)):
            self.titles.append(texts[0])
            self.abstracts.append(texts[1])

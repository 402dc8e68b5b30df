"""Evaluation: did pretraining help, and did tuning? Judged on held-out documents, beside BM25.

report.json   every figure, and the same in sentences; report.html   the tables as a page

Systems that are compared:
    bm25         words alone, on the same abstracts
    base         the initial checkpoint, mean pooled; where there is none, the same model untrained
    pretrained   the pretrained model, mean pooled
    tuned        the embedder
    hybrid       bm25 and tuned, joined by reciprocal rank fusion
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.documents.document import Document
from jobs.errors import ConfigurationError
from jobs.evaluation.masked_comparison import compare
from jobs.evaluation.masked_words import passages
from jobs.evaluation.retrieval import Retrieval, pair, random_pair_cosine, ranks_in, ranks_of
from jobs.evaluation.significance import mcnemar, paired_difference
from jobs.examples.wordpiece import WordPiece, split_words
from jobs.layout import EMBEDDER, REPORT, REPORT_PAGE, TRAINED_CONFIG, TRAINED_WEIGHTS, VOCABULARY, WEIGHTS
from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import Devices, find_devices
from jobs.model.embedder import Embedder, load_encoder
from jobs.model.initial_weights import assign_initial
from jobs.model.masked_loss import MaskedWordScorer
from jobs.model.pairs import Ids
from jobs.model.tf_errors import shortage_explained
from jobs.publish.embedder_bundle import max_length_of
from jobs.report.evaluation_page import evaluation_page
from jobs.report.evaluation_summary import evaluation_lines
from jobs.search.fusion import reciprocal_rank_fusion
from jobs.search.lexical import LexicalIndex, build
from jobs.search.paper import EVERYTHING, Paper
from jobs.steps.context import StepContext
from jobs.steps.inputs import CompleteStep
from jobs.steps.token_ids import TokenIds
from jobs.steps.training_documents import TrainingDocuments
from jobs.vocabulary import Vocabulary, parse_vocabulary

SHORT_OF = 2
"""Fewer held-out pairs than this cannot be compared."""


@dataclass(frozen=True)
class HeldOut:
    """The documents that no model was trained on."""

    documents: list[Document]
    titles: list[str]
    abstracts: list[str]


def run(context: StepContext) -> None:
    """Judge the models along the lineage of a tuned embedder. Raises ``ConfigurationError`` without held-out pairs."""
    started = time.monotonic()
    inputs = context.artifact.spec.inputs
    tune = CompleteStep(context.store, inputs["tune"])
    pretrain = tune.input("pretrain")
    preprocess = pretrain.input("examples")
    vocabulary = parse_vocabulary(preprocess.read(VOCABULARY), preprocess.artifact.path(VOCABULARY))
    held_out = _held_out(context, preprocess)
    if len(held_out.titles) < SHORT_OF:
        raise ConfigurationError(
            preprocess.name,
            f"{len(held_out.titles)} held-out documents have a title and an abstract, {SHORT_OF} are the least",
            "hold out more: --set corpus.validation_share=SHARE, or give a corpus with abstracts",
        )
    models = _Models(context, pretrain, find_devices())
    heartbeat = context.heartbeat("parts")
    with shortage_explained(f"{context.artifact.name} on {models.devices}"):
        heartbeat.beat(0, 2)
        masked = _masked_words(context, held_out.documents, vocabulary, models, preprocess)
        heartbeat.beat(1, 2)
        retrieval, cosines = _retrieval(context, held_out, vocabulary, models, tune)
        heartbeat.beat(2, 2)
    report: dict[str, Any] = {
        "step": context.artifact.name,
        "lineage": {
            "tune": tune.name,
            "pretrain": pretrain.name,
            "preprocess": preprocess.name,
            "base": models.base_name,
        },
        "masked_words": masked,
        "retrieval": retrieval,
        "random_pair_cosine": cosines,
    }
    report = {"summary": evaluation_lines(report), **report}
    artifact = context.artifact
    outputs = [
        artifact.write(REPORT, json.dumps(report, indent=1, ensure_ascii=False).encode() + b"\n"),
        artifact.write(REPORT_PAGE, evaluation_page(report).encode()),
    ]
    facts = {"retrieval": retrieval["systems"], "masked_words": masked, "queries": retrieval["queries"]}
    artifact.commit(context.shard, outputs, facts=facts, seconds=time.monotonic() - started)


def _held_out(context: StepContext, preprocess: CompleteStep) -> HeldOut:
    documents = TrainingDocuments(context, preprocess)
    found = HeldOut([], [], [])
    for shard in range(documents.shards):
        for document in documents.read(shard):
            if document.cord_uid not in documents.held_out:
                continue
            found.documents.append(document)
            if texts := pair(document.title, " ".join(paragraph.text for paragraph in document.abstract)):
                found.titles.append(texts[0])
                found.abstracts.append(texts[1])
    return found


class _Models:
    """The pretrained model and what it is compared with, of one architecture and vocabulary."""

    def __init__(self, context: StepContext, pretrain: CompleteStep, devices: Devices) -> None:
        self._scratch = context.scratch
        self._pretrain = pretrain
        google = json.loads(pretrain.read(TRAINED_CONFIG))
        self._config = BertConfig(**{field: google[field] for field in BertConfig.model_fields})
        self.devices = devices
        base = pretrain.manifest.spec.inputs.get("initial_checkpoint")
        self._base = CompleteStep(context.store, base) if base else None
        self.base_name = base or "the same model, untrained"

    def pretrained(self) -> Bert:
        return self._assigned(self._pretrain, TRAINED_WEIGHTS)

    def base(self) -> Bert:
        return self._assigned(self._base, WEIGHTS) if self._base else self._new()

    def _assigned(self, step: CompleteStep, path: str) -> Bert:
        file = self._scratch / "weights.safetensors"
        step.artifact.download(step.manifest.output(path), file)
        model = self._new()
        assign_initial(model.variables_by_name, file, step.name)
        file.unlink()
        return model

    def _new(self) -> Bert:
        with self.devices.strategy.scope():
            return Bert(self._config)


def _masked_words(
    context: StepContext,
    documents: Sequence[Document],
    vocabulary: Vocabulary,
    models: _Models,
    preprocess: CompleteStep,
) -> dict[str, Any]:
    """The same masked words filled in by the pretrained model and by the base."""
    settings = preprocess.manifest.spec.settings
    length = settings["max_seq_length"]

    def alive(_: int) -> None:
        context.check_stop()

    encode = WordPiece(vocabulary).encode_lines
    ours = MaskedWordScorer(models.pretrained(), vocabulary, encode, length)
    texts, owners = [], []
    for number, document in enumerate(documents):
        context.check_stop()
        sentences = [split_words(sentence) for sentence in document_sentences(document, settings["sections"])]
        sizes = ours.pieces([word for sentence in sentences for word in sentence]) if any(sentences) else []
        for text in passages(document.cord_uid, sentences, sizes, length - 2):
            texts.append(text)
            owners.append(number)
    if not texts:
        raise ConfigurationError(preprocess.name, "its held-out documents have no sentence", "give a larger corpus")
    theirs = MaskedWordScorer(models.base(), vocabulary, encode, length)
    sums = [
        np.bincount(owners, [float(losses.sum()) for losses in scorer.losses(texts, alive)], minlength=len(documents))
        for scorer in (ours, theirs)
    ]
    words = np.bincount(owners, [len(text.masked) for text in texts], minlength=len(documents))
    characters = np.bincount(
        owners, [sum(len(text.words[place]) for place in text.masked) for text in texts], minlength=len(documents)
    )
    scored = words > 0
    found = compare(*(values[scored].astype(np.float64) for values in (*sums, words, characters)))
    return {
        **asdict(found),
        "ours_perplexity": found.ours_perplexity,
        "theirs_perplexity": found.theirs_perplexity,
        "resolved": found.difference.resolved,
    }


def _retrieval(
    context: StepContext, held_out: HeldOut, vocabulary: Vocabulary, models: _Models, tune: CompleteStep
) -> tuple[dict[str, Any], dict[str, float]]:
    """Title to abstract retrieval by every system, and the mean cosine of random pairs of abstracts."""
    directory = _fetched(tune, context.scratch / "tuned")
    length = max_length_of(directory)
    token_ids = TokenIds(vocabulary)
    titles, abstracts = ([token_ids(text, length) for text in texts] for texts in (held_out.titles, held_out.abstracts))
    systems: dict[str, Callable[[], Bert]] = {
        "base": models.base,
        "pretrained": models.pretrained,
        "tuned": lambda: load_encoder(directory, models.devices),
    }

    ranked = _bm25(held_out, context.scratch / "words")
    ranks = {"bm25": ranks_in(ranked, len(titles))}
    cosines = {}
    for name, load in systems.items():
        queries, answers = _encoded(context, Embedder(load(), models.devices), titles, abstracts)
        ranks[name] = ranks_of(queries, answers)
        cosines[name] = random_pair_cosine(answers)
        if name == "tuned":
            nearest = np.argsort(-(queries @ answers.T), axis=1, kind="stable")[:, :100].tolist()
            fused = [[row for row, _ in reciprocal_rank_fusion(both)] for both in zip(ranked, nearest, strict=True)]
            ranks["hybrid"] = ranks_in(fused, len(titles))
    return {"queries": len(titles), "systems": {name: _row(name, ranks) for name in ranks}}, cosines


def _row(name: str, ranks: Mapping[str, NDArray[np.int64]]) -> dict[str, Any]:
    """One system's figures, and its paired comparison with BM25 and with the base."""
    own = ranks[name]
    row: dict[str, Any] = asdict(Retrieval.of(own))
    for other in ("bm25", "base"):
        if other != name:
            difference = paired_difference(1 / own, 1 / ranks[other])
            row[f"against_{other}"] = {
                **asdict(difference),
                "resolved": difference.resolved,
                "first_rank": asdict(mcnemar(own == 1, ranks[other] == 1)),
            }
    against = row.get("against_bm25")
    row["beats_bm25"] = bool(against and against["resolved"] and against["mean"] > 0)
    return row


def _bm25(held_out: HeldOut, directory: Path) -> list[list[int]]:
    """The abstracts ranked by BM25 for each title; of documents without any common word nothing is said."""
    directory.mkdir()
    build(directory, (Paper(abstract=abstract) for abstract in held_out.abstracts))
    index = LexicalIndex(directory)
    return [[row for row, _ in index.search(title, len(index), EVERYTHING)] for title in held_out.titles]


def _encoded(
    context: StepContext, embedder: Embedder, titles: Sequence[Ids], abstracts: Sequence[Ids]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    def alive(_: int) -> None:
        context.check_stop()

    return embedder.encode(titles, alive), embedder.encode(abstracts, alive)


def _fetched(tune: CompleteStep, directory: Path) -> Path:
    for output in tune.manifest.under(EMBEDDER):
        target = directory / output.path
        target.parent.mkdir(parents=True, exist_ok=True)
        tune.artifact.download(output, target)
    return directory / EMBEDDER

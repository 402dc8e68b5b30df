"""Evaluation: did pretraining help, and did tuning? Judged on held-out documents, beside BM25.

report.json   every figure, and the same in sentences; report.html   the tables as a page

Systems that are compared, those of ``jobs.steps.contenders`` and:
    bm25         words alone, on the same texts
    hybrid       bm25 and tuned, joined by reciprocal rank fusion
"""

from __future__ import annotations

import json
import time
from typing import Any

from jobs.errors import ConfigurationError
from jobs.evaluation.labelled import parse_labelled
from jobs.evaluation.record import measures_of
from jobs.evaluation.trec import parse_qrels, parse_topics
from jobs.given_file import read_given
from jobs.layout import FILES, REPORT, REPORT_PAGE
from jobs.model.devices import find_devices
from jobs.model.tf_errors import shortage_explained
from jobs.report.evaluation_page import evaluation_page
from jobs.report.evaluation_summary import evaluation_lines
from jobs.steps.contender_text import encoder_of
from jobs.steps.contenders import Contenders
from jobs.steps.context import StepContext
from jobs.steps.evaluation_texts import EvaluationTexts
from jobs.steps.inputs import CompleteStep
from jobs.steps.labelled_judging import LabelledJudging, labelled_judging
from jobs.steps.lineage import Lineage
from jobs.steps.masked_judging import masked_words, why_not_compared
from jobs.steps.title_retrieval import TitleRetrieval
from jobs.steps.topic_judging import TopicJudging

SHORT_OF = 2
"""Fewer held-out pairs than this cannot be compared."""


def run(context: StepContext) -> None:
    """Judge the models along the lineage of an embedder. Raises ``ConfigurationError`` without held-out pairs, and for
    judgements of another corpus."""
    started = time.monotonic()
    artifact, inputs = context.artifact, context.artifact.spec.inputs
    lineage = Lineage.of(context.store, inputs["tune"])
    given = _Given(context)
    texts = EvaluationTexts.read(
        context, lineage.examples, everything=bool(given.topics), documents=given.documents
    )  # fmt: skip
    if len(texts.titles) < SHORT_OF:
        raise ConfigurationError(
            lineage.examples.name,
            f"{len(texts.titles)} held-out documents have a title and an abstract, {SHORT_OF} are the least",
            "hold out more: --set corpus.validation_share=SHARE, or give a corpus with abstracts",
        )
    titles = TitleRetrieval(texts.titles, texts.abstracts, context.scratch / "words")
    topics = given.topic_judging(texts)
    sets = given.labelled_judging(texts)
    devices = find_devices()
    heartbeat = context.heartbeat("models")
    with shortage_explained(f"{artifact.name} on {devices}"):
        contenders = Contenders(context, lineage, devices).all()
        length = _length(lineage.embedder)
        for done, (name, contender) in enumerate(contenders.items()):
            heartbeat.beat(done, len(contenders) + 1)
            encode = encoder_of(contender, devices, length, context.check_stop)
            titles.score(name, encode, joined=name == "tuned")
            if topics:
                topics.score(name, encode, joined=name == "tuned")
            for judged in sets.values():
                judged.score(name, encode)
        heartbeat.beat(len(contenders), len(contenders) + 1)
        ours, theirs = contenders.get("pretrained"), contenders["base"]
        reason, masked = why_not_compared(ours, theirs), None
        if ours and not reason:
            settings = lineage.examples.manifest.spec.settings
            masked = masked_words(
                ours,
                theirs,
                texts.held_out,
                sections=settings["sections"],
                length=settings["max_seq_length"],
                source=lineage.examples.name,
                stop=context.check_stop,
            )
    report: dict[str, Any] = {
        "step": artifact.name,
        "lineage": {
            "tune": lineage.embedder.name,
            "pretrain": lineage.pretrain.name if lineage.pretrain else None,
            "control": contenders["control"].source if "control" in contenders else None,
            "preprocess": lineage.examples.name,
            "base": theirs.source,
        },
        "masked_words": masked,
        "masked_words_absent": reason,
        "retrieval": titles.to_json(),
        "random_pair_cosine": titles.cosines,
        "topics": topics.to_json() if topics else None,
        "files": given.files,
        "labelled": {name: judged.to_json() for name, judged in sets.items()},
    }
    report = {"summary": evaluation_lines(report), "measures": measures_of(report), **report}
    outputs = [
        artifact.write(REPORT, json.dumps(report, indent=1, ensure_ascii=False).encode() + b"\n"),
        artifact.write(REPORT_PAGE, evaluation_page(report).encode()),
    ]
    facts = {
        "lineage": report["lineage"],
        "measures": report["measures"],
        "retrieval": report["retrieval"]["systems"],
        "masked_words": masked,
        "queries": report["retrieval"]["queries"],
    }
    artifact.commit(context.shard, outputs, facts=facts, seconds=time.monotonic() - started)


class _Given:
    """The files that were given beside the corpus."""

    def __init__(self, context: StepContext) -> None:
        inputs = context.artifact.spec.inputs
        self._scratch = context.scratch

        def read(name: str) -> bytes:
            return read_given(context.store, inputs[name], name.partition(".")[0])

        self.files = {name: path for name, path in inputs.items() if path.startswith(f"{FILES}/")}
        """The objects of these files, which their SHA-256 names."""
        self.topics = parse_topics(read("topics"), "the topics") if "topics" in inputs else []
        self._qrels = parse_qrels(read("qrels"), "the qrels") if self.topics else {}
        names = [name for name in inputs if name.startswith("data.")]
        self._sets = {name.removeprefix("data."): parse_labelled(read(name), name) for name in names}

    @property
    def documents(self) -> frozenset[str]:
        """The documents whose sentences labelled sets name."""
        entries = (entry for entries in self._sets.values() for entry in entries)
        return frozenset(entry.document for entry in entries if hasattr(entry, "document"))

    def topic_judging(self, texts: EvaluationTexts) -> TopicJudging | None:
        if not self.topics:
            return None
        scratch = self._scratch / "topics"
        return TopicJudging(texts.papers, texts.embedded, self.topics, self._qrels, "the qrels", scratch)

    def labelled_judging(self, texts: EvaluationTexts) -> dict[str, LabelledJudging]:
        return {
            name: labelled_judging(entries, name, texts.sentences, self._scratch / "labelled" / name)
            for name, entries in self._sets.items()
        }


def _length(embedder: CompleteStep) -> int:
    """The length at which all texts are cut: the embedder's."""
    return int(embedder.manifest.spec.settings["embedder"]["abstract_length"])

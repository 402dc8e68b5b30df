"""The card's YAML front matter, which the Hugging Face Hub reads: licence, tags, base model, results."""

from __future__ import annotations

from typing import Any

import yaml

from jobs.publish.facts import Card, Result
from jobs.publish.markdown import one_line
from jobs.publish.results import OWN

RUN_SCORES = {
    "mlm_loss": ("held_out.loss", "loss"),
    "perplexity": ("held_out.perplexity", "perplexity"),
    "mlm_accuracy": ("held_out.accuracy", "accuracy"),
}
FILL_MASK = "fill-mask"


def front_matter(card: Card) -> str:
    """The block with its ``---`` lines; what a recipe says is data in it, never structure."""
    text = yaml.safe_dump(metadata(card), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{text}---"


def metadata(card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {"language": _language(card)}
    if card.license:
        found["license"] = one_line(card.license)
    found |= {"library_name": "transformers", "pipeline_tag": FILL_MASK}
    found["tags"] = ["bert", "biomedical", "covid-19"]
    if card.embedder:
        found["tags"] += ["sentence-transformers", "sentence-similarity", "feature-extraction"]
    if card.tensorboard:
        found["tags"].append("tensorboard")
    if card.base.hub:
        found["base_model"] = card.base.hub
    if index := _model_index(card):
        found["model-index"] = [index]
    return found


def results(card: Card) -> list[Result]:
    """Every figure of the model that a gate can name, those of training first."""
    last = card.run.scored[-1] if card.run.scored else {}
    trained = [
        Result(key, FILL_MASK, metric, last[score]) for score, (key, metric) in RUN_SCORES.items() if score in last
    ]
    return [*trained, *(card.evaluation.results if card.evaluation else ())]


def _language(card: Card) -> str | list[str]:
    languages = list(card.languages) or ["en"]
    return languages[0] if len(languages) == 1 else languages


def _model_index(card: Card) -> dict[str, Any] | None:
    """In the Hub's own form, as huggingface_hub's ``EvalResult`` reads it."""
    corpus = card.corpus.name if card.corpus else "the corpus"
    release = f" ({card.corpus.release})" if card.corpus and card.corpus.release else ""
    name = one_line(f"held-out documents of {corpus}{release}")
    grouped: dict[str, list[dict[str, Any]]] = {}
    for result in results(card):
        if result.of and result.of.rpartition(".")[2] not in OWN:
            continue
        label = f"{result.metric} ({result.of})" if result.of else result.metric
        grouped.setdefault(result.task, []).append({"type": result.metric, "value": result.value, "name": label})
    if not grouped:
        return None
    dataset = {"name": name, "type": "held-out-documents"}
    found = [
        {"task": {"type": task}, "dataset": dict(dataset), "metrics": metrics} for task, metrics in grouped.items()
    ]
    return {"name": one_line(card.title), "results": found}

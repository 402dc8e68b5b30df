"""The model card: what a reader needs to trust the model and to use it well.

Every number is the run's own, from its manifests. One that is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.flops import slice_hours
from jobs.prices import tpu_prices
from jobs.ranges import dollars_text, time_text


@dataclass(frozen=True)
class Data:
    """What the model was trained on, counted in documents unless said otherwise."""

    read: int | None = None
    kept: int | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    """By reason."""
    quarantined: int | None = None
    full_texts: tuple[int, int] | None = None
    """How many of the released documents that could be read had a full text; None where none has parses."""
    without_text: int | None = None
    """Kept, but without a sentence to make examples of."""
    held_out: int | None = None
    made_up: bool = False
    """The text is covid-ctl's own sample, not papers."""
    sentences: int | None = None
    train_examples: int | None = None
    validation_examples: int | None = None


@dataclass(frozen=True)
class Run:
    """How it was trained."""

    steps: int | None = None
    extends: Sequence[Mapping[str, Any]] = ()
    """The finished runs that led up to it, the first one first: ``name``, ``steps`` made until its end, and
    ``decay_steps``, when its learning rate was to arrive at 0."""
    batch_size: int | None = None
    examples_seen: int | None = None
    device: str = ""
    hardware: Sequence[str] = ()
    """What its processes computed on, where that was not the same."""
    tensorflow: str = ""
    flops: int | None = None
    """Floating-point operations, by formula."""
    evaluations: Sequence[Mapping[str, float | None]] = ()
    """Held-out scores: ``step`` and whichever of mlm_loss, mlm_accuracy, perplexity, nsp_accuracy, nsp_loss; None:
    not scored."""


@dataclass(frozen=True)
class Card:
    title: str
    description: str
    initial_checkpoint: str
    """Empty when training started from random weights."""
    layers: int
    hidden_size: int
    heads: int
    vocabulary_size: int
    positions: int
    max_seq_length: int
    """Length of the training examples, in tokens."""
    parameters: int | None
    data: Data
    run: Run
    settings: Mapping[str, Any]
    """Settings of examples and schedule, by name."""
    steps: Mapping[str, str]
    """The names of the steps that led here, by kind."""
    license: str = ""
    """A Hugging Face licence identifier; empty states none."""
    cased: bool = True
    hidden_act: str = "gelu_pytorch_tanh"
    """By transformers' names."""
    random_at_start: Sequence[str] = ()
    """Parts of the model that the initial checkpoint lacked, as people call them."""

    @property
    def next_sentence(self) -> bool:
        """Whether it was learnt."""
        return bool(self.settings.get("next_sentence_prediction", True))


def usable_length(*, initial_checkpoint: str, max_seq_length: int, positions: int) -> int:
    """Where ``truncation=True`` should cut, in tokens: the last position that some training has seen.

    Positions beyond the examples' length are the initial checkpoint's own; from scratch they are random.
    """
    return positions if initial_checkpoint else min(max_seq_length, positions)


def model_card(card: Card) -> str:
    """``README.md``, with the front matter that the Hugging Face Hub reads."""
    sections = (
        _front_matter(card),
        f"# {card.title}\n\n{card.description}",
        _summary(card),
        _usage(card),
        _data(card.data),
        _training(card),
        _scores(card.run),
        _limits(card),
        _checks(card),
        _provenance(card),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _front_matter(card: Card) -> str:
    lines = ["---", "language: en"]
    if card.license:
        lines.append(f"license: {card.license}")
    lines += ["library_name: transformers", "pipeline_tag: fill-mask", "tags:"]
    lines += [f"- {tag}" for tag in ("bert", "biomedical", "covid-19")]
    return "\n".join([*lines, "---"])


def _summary(card: Card) -> str:
    start = (
        f"It continues the pretraining of {card.initial_checkpoint}."
        if card.initial_checkpoint
        else "It was trained from scratch: its initial weights were random."
    )
    parameters = f", {card.parameters:,} parameters" if card.parameters is not None else ""
    warning = (
        "**A demonstration.** It was trained on covid-ctl's built-in sample of made-up papers: it shows that every "
        "step works, and knows nothing.\n\n"
    )
    return (warning if card.data.made_up else "") + (
        f"A BERT encoder ({card.layers} layers, hidden size {card.hidden_size}, {card.heads} heads{parameters}) "
        f"with both of its pretraining heads, masked words and next sentence. {start}\n\n"
        f"{_case(card)} Its WordPiece vocabulary has {card.vocabulary_size:,} entries."
    )


def _case(card: Card) -> str:
    if card.cased:
        return "It is **cased**: `COVID` and `covid` are different words to it. Do not lower-case its input."
    return "It is **uncased**: its tokenizer lower-cases text and removes accents, so `COVID` and `covid` are one word."


def _usage(card: Card) -> str:
    task = (
        "was trained\nto tell whether two sentences follow each other" if card.next_sentence else "was given no\ntask"
    )
    return f"""## Use

```python
from transformers import pipeline

MODEL = "."  # this directory, or the name of its repository on the Hub
fill = pipeline("fill-mask", model=MODEL)
for guess in fill("The patients were treated with [MASK]."):
    print(f"{{guess['score']:.3f}} {{guess['token_str']}}")
```

It is mostly a start for fine-tuning: `AutoModelForSequenceClassification.from_pretrained(MODEL)` and its
like add a new, untrained head and say so. Only `BertForPreTraining` loads both pretraining heads.

**For embeddings, average over the tokens.** The vector of `[CLS]`, and `pooler_output` made from it, \
{task} and is a poor representation of a sentence:

```python
import torch
from transformers import AutoModel, AutoTokenizer

MODEL = "."
tokenizer = AutoTokenizer.from_pretrained(MODEL)
model = AutoModel.from_pretrained(MODEL)
sentences = ["Fever and dry cough.", "Viral entry needs ACE2."]
batch = tokenizer(sentences, padding=True, truncation=True, return_tensors="pt")
with torch.no_grad():
    tokens = model(**batch).last_hidden_state
mask = batch["attention_mask"].unsqueeze(-1)
embeddings = (tokens * mask).sum(1) / mask.sum(1)
print(embeddings.shape)
```

Even so it is a language model, not a sentence embedder: for search or clustering, fine-tune it on pairs first."""


def _data(data: Data) -> str:
    rows = [
        ("documents read", data.read),
        *((f"dropped: {reason.replace('_', ' ')}", count) for reason, count in sorted(data.dropped.items())),
        ("quarantined (unreadable)", data.quarantined),
        ("documents kept", data.kept),
        ("of these without usable text", data.without_text),
        ("of these held out", data.held_out),
        ("sentences", data.sentences),
        ("training examples", data.train_examples),
        ("held-out examples", data.validation_examples),
    ]
    table = _table(("", "count"), [(name, f"{count:,}") for name, count in rows if count is not None])
    text = (
        "Held-out documents were chosen by `cord_uid` before anything was duplicated or masked: none of them was "
        "trained on, in any masked copy."
    )
    if data.full_texts:
        found, documents = data.full_texts
        text += f" Full text of {found:,} of {documents:,} documents was read, of the others the abstract."
    return f"## Training data\n\n{table}\n\n{text}" if table else ""


def _training(card: Card) -> str:
    run = card.run
    rows = [
        ("initial weights", _initial_weights(card)),
        ("steps", _steps(card)),
        *((f"up to step {link['steps']:,}", f"`{link['name']}`") for link in run.extends),
        ("examples per step", None if run.batch_size is None else f"{run.batch_size:,}"),
        ("examples seen", None if run.examples_seen is None else f"{run.examples_seen:,}"),
        ("computation", None if run.flops is None else f"{run.flops:.1e} FLOP".replace("e+", "e")),
        ("device", run.device or None),
        ("on, in turn", "; ".join(run.hardware) or None),
        *_on_slice(run),
        ("TensorFlow", run.tensorflow or None),
    ]
    table = _table(("", ""), [(name, value) for name, value in rows if value is not None])
    settings = _table(
        ("setting", "value"), [(f"`{name}`", _plain(card.settings[name])) for name in sorted(card.settings)]
    )
    parts = [f"## Training\n\n{_tasks(card)}.{_learning_rates(card)}", table]
    if settings:
        parts.append(f"All settings, named as in google-research/bert where it has them:\n\n{settings}")
    return "\n\n".join(parts)


def _initial_weights(card: Card) -> str:
    if not card.initial_checkpoint:
        return "random"
    random = " and ".join(card.random_at_start)
    return f"{card.initial_checkpoint}, except {random}: random" if random else card.initial_checkpoint


def _steps(card: Card) -> str | None:
    """Those that the weights are made by; and why, where they are fewer than were made or planned."""
    made_by, planned = card.run.steps, card.settings.get("train_steps")
    if made_by is None:
        return None
    later = [int(e["step"] or 0) for e in card.run.evaluations if int(e["step"] or 0) > made_by]
    if later:
        scores = "evaluation was" if len(later) == 1 else f"{len(later)} evaluations were"
        return f"{made_by:,}, the best of {max(later):,}: training ended early, since the next {scores} no better"
    if planned and made_by < planned:
        return f"{made_by:,} of {planned:,}: training ended early, and the best checkpoint was lost"
    return f"{made_by:,}"


def _tasks(card: Card) -> str:
    anew = ", masked anew in every step," if card.settings.get("masking") == "dynamic" else ""
    if card.next_sentence:
        return f"Masked words{anew} and next-sentence prediction together, as in the original BERT"
    return f"Masked words alone{anew or ','} without the original BERT's next-sentence prediction"


def _learning_rates(card: Card) -> str:
    """What the learning rate did where a finished run was extended; empty where none was."""
    links, total = card.run.extends, card.settings.get("decay_steps") or card.settings.get("train_steps")
    if card.settings.get("decay") == "wsd":
        return _stable_rate(card)
    if not links or total is None:
        return ""
    extended = "This run goes on from the end of a finished one, with its optimizer's state."
    aims = [(link["steps"], link["decay_steps"]) for link in links]
    if all(aim == total for _, aim in aims):
        return f" {extended} One learning-rate schedule covers both."
    until = ", ".join(f"towards 0 at step {aim:,} until step {steps:,}" for steps, aim in aims)
    return f" {extended} The learning rate fell {until}, then towards 0 at step {total:,}."


def _stable_rate(card: Card) -> str:
    """The same of a run whose learning rate was kept until its last steps."""
    total, cooldown = card.settings["train_steps"], card.settings.get("cooldown_steps", 0)
    fell = f" and fell to 0 in the last {cooldown:,} steps" if cooldown else ""
    kept = f" After the warm-up the learning rate stayed the same{fell}."
    if not card.run.extends:
        return kept
    cooled = [link["steps"] for link in card.run.extends if link.get("cooldown_steps")]
    again = f" It had fallen to 0 before, at step {' and '.join(f'{step:,}' for step in cooled)}." if cooled else ""
    return (
        f" This run of {total:,} steps goes on from the end of a finished one, with its optimizer's state.{kept}{again}"
    )


def _on_slice(run: Run) -> list[tuple[str, str]]:
    """On a TPU slice, the time to be expected and its price by the table.

    Not the time that it took, nor what was paid: a card's bytes follow from what was asked for. The step's facts have
    its time.
    """
    name = run.device.rpartition(" ")[2]
    expected = slice_hours(run.flops, name) if run.flops else None
    if expected is None:
        return []
    prices = [
        (f"list price {price.terms}", dollars_text(expected * price.dollars_per_hour)) for price in tpu_prices(name)
    ]
    return [("expected time on it", time_text(expected)), *prices]


_SCORES = {
    "mlm_loss": ("masked-word loss", "{:.3f}"),
    "perplexity": ("perplexity", "{:.2f}"),
    "mlm_accuracy": ("masked-word accuracy", "{:.1%}"),
    "nsp_loss": ("next-sentence loss", "{:.3f}"),
    "nsp_accuracy": ("next-sentence accuracy", "{:.1%}"),
}


def _scores(run: Run) -> str:
    scored = [{name: value for name, value in e.items() if value is not None} for e in run.evaluations]
    # An early end takes an earlier step's weights: what was scored after it is not this model.
    scored = [e for e in scored if run.steps is None or e["step"] <= run.steps]
    if not scored:
        return ""
    ordered = sorted(scored, key=lambda evaluation: evaluation["step"])
    shown = [ordered[0], *ordered[-1:]] if len(ordered) > 1 else ordered
    known = [name for name in _SCORES if any(name in evaluation for evaluation in shown)]
    rows = [
        (
            f"{int(evaluation['step']):,}",
            *(_SCORES[n][1].format(evaluation[n]) if n in evaluation else "" for n in known),
        )
        for evaluation in shown
    ]
    table = _table(("step", *(_SCORES[name][0] for name in known)), rows)
    text = "Perplexity and accuracy are of masked words only: no left-to-right model's compare with them."
    return f"## Scores on held-out documents\n\n{table}\n\n{text}"


def _limits(card: Card) -> str:
    length = f"- **Length.** It was trained on at most {card.max_seq_length} tokens"
    if card.max_seq_length < card.positions:
        untrained = f"positions from {card.max_seq_length + 1} to {card.positions}"
        length += (
            f"; its {untrained} are those of {card.initial_checkpoint}, not trained further"
            if card.initial_checkpoint
            else f"; its {untrained} are still random, and the tokenizer truncates before them"
        )
    length += "."
    lines = [
        "- **Not medical advice.** It predicts words. It holds no checked facts, was tested on no clinical task, "
        "and must not decide about patients.",
        "- **English scientific text.** It is not for other languages or everyday text, and cannot know what was "
        "published after its corpus. Papers err and are retracted: it learned from all of them alike.",
        length,
        '- **Special tokens.** The text "[SEP]", "[MASK]" and so on in your input becomes the special token, as with '
        "every BERT in `transformers`. Training read such text as plain; `split_special_tokens=True` does so here.",
    ]
    if card.random_at_start:
        random = " and ".join(card.random_at_start)
        lines.append(f"- **Random at the start.** {card.initial_checkpoint} was published without {random}.")
    if not card.next_sentence:
        lines.append(f"- **Next sentence.** It was not trained: {_untrained(card)}.")
    if not card.license:
        lines.append(
            "- **Licence.** This card states none for the weights. The papers keep their own licences"
            + (f", and the terms of {card.initial_checkpoint} apply." if card.initial_checkpoint else ".")
        )
    return "## Limits\n\n" + "\n".join(lines)


def _untrained(card: Card) -> str:
    """Where the weights come from that only next-sentence prediction would train."""
    random = [part for part in ("the next-sentence head", "the pooler") if part in card.random_at_start]
    if not card.initial_checkpoint or len(random) == 2:
        return "its head, and the pooler before it, are still random"
    theirs = f"those of {card.initial_checkpoint}, unchanged"
    if not random:
        return f"its head, and the pooler before it, are {theirs}"
    other = "the pooler before it is" if "head" in random[0] else "its head is"
    return f"{random[0]} is still random, {other} {theirs.replace('those', 'that')}"


def _checks(card: Card) -> str:
    case = "keeps the case" if card.cased else "lower-cases"
    return f"""## Checked before publication

- `tokenizer.json` gives the training tokenizer's ids on sentences of the corpus and on a set of hard cases.
- The logits computed from these files equal those of the TensorFlow model on held-out examples within 1e-4.
  `hidden_act` is `{card.hidden_act}` since that is the form of GELU it was trained with.

Load the tokenizer with `AutoTokenizer`: `BertTokenizer` {case} too, but treats rare characters otherwise."""


def _provenance(card: Card) -> str:
    table = _table(("step", "name"), [(kind, f"`{name}`") for kind, name in card.steps.items()])
    text = "Made by covid-ctl. A step's name holds the hash of everything that decides its output."
    return f"## Provenance\n\n{text}\n\n{table}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; empty when it has no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines]) if lines else ""


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

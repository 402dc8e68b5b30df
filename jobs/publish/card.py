"""The model card: what a reader needs to trust the model and to use it well.

Every number is the run's own, from its manifests. One that is not known is left out.
"""

from __future__ import annotations

from jobs.publish.card_evaluation import evaluation_section
from jobs.publish.card_limits import limits_section
from jobs.publish.card_provenance import citation_section, provenance_section
from jobs.publish.card_text import data_section
from jobs.publish.card_training import training_section
from jobs.publish.card_usage import usage_section
from jobs.publish.facts import Card
from jobs.publish.front_matter import front_matter
from jobs.publish.markdown import one_line, plain


def model_card(card: Card) -> str:
    """``README.md``, with the front matter that the Hugging Face Hub reads."""
    sections = (
        front_matter(card),
        f"# {plain(card.title)}\n\n{plain(card.description)}",
        _summary(card),
        _intended_use(card),
        usage_section(card),
        data_section(card),
        training_section(card),
        evaluation_section(card),
        limits_section(card),
        _checks(card),
        provenance_section(card),
        citation_section(card),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _summary(card: Card) -> str:
    base = plain(card.initial_checkpoint)
    start = (
        f"It continues the pretraining of {base}."
        if base
        else "It was trained from scratch: its initial weights were random."
    )
    parameters = f", {card.parameters:,} parameters" if card.parameters is not None else ""
    warning = (
        "**A demonstration.** It was trained on covid-ctl's built-in sample of made-up papers. It shows that every "
        "step works, and knows nothing.\n\n"
    )
    return (warning if card.data.made_up else "") + (
        f"A BERT encoder ({card.layers} layers, hidden size {card.hidden_size}, {card.heads} heads{parameters}) "
        f"with both of its pretraining heads: masked words and next sentence. {start}\n\n"
        f"{_case(card)} {_vocabulary(card)}"
    )


def _case(card: Card) -> str:
    if card.cased:
        return "It is **cased**: `COVID` and `covid` are different words to it. Do not lower-case its input."
    return "It is **uncased**: its tokenizer lower-cases text and removes accents, so `COVID` and `covid` are one word."


def _vocabulary(card: Card) -> str:
    origin = f"; {card.vocabulary_origin}" if card.vocabulary_origin else ""
    return f"Its WordPiece vocabulary has {card.vocabulary_size:,} entries{origin}."


def _intended_use(card: Card) -> str:
    search = (
        "\n- Searching scientific papers, with the embedder in this repository."
        if card.embedder
        else "\n- Sentence embeddings, but only after fine-tuning: as it is, it is a language model."
    )
    return f"""## Intended use

- A starting point for fine-tuning on tasks in English biomedical text: classification, named entities, question
  answering.
- Filling in masked words, for studies of language models.{search}

It is not meant for advice to patients, for decisions about them, or for text unlike scientific papers."""


def _checks(card: Card) -> str:
    case = "keeps the case" if card.cased else "lower-cases"
    return f"""## Checked before publication

- `tokenizer.json` gives the training tokenizer's ids on sentences of the corpus and on a set of hard cases.
- The logits computed from these files equal those of the TensorFlow model on held-out examples within 1e-4.
  `hidden_act` is `{one_line(card.hidden_act)}` because that is the form of GELU it was trained with.

Load the tokenizer with `AutoTokenizer`: `BertTokenizer` {case}, too, but treats rare characters differently."""

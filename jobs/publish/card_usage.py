"""The card's section on how to load the model, embed text and search. Its code runs as it is written."""

from __future__ import annotations

from jobs.publish.facts import Card


def usage_section(card: Card) -> str:
    return "\n\n".join([_words(card), _search(card) if card.embedder else _embeddings(card), _others(card)])


def _model(card: Card) -> str:
    if card.repository:
        return f'MODEL = "{card.repository}"  # or the path of a copy'
    return 'MODEL = "."  # this directory, or the name of its repository on the Hub'


def _words(card: Card) -> str:
    return f"""## Use

```python
from transformers import pipeline

{_model(card)}
fill = pipeline("fill-mask", model=MODEL)
for guess in fill("The patients were treated with [MASK]."):
    print(f"{{guess['score']:.3f}} {{guess['token_str']}}")
```

It is mainly a starting point for fine-tuning: `AutoModelForSequenceClassification.from_pretrained(MODEL)` and similar
classes add a new, untrained head and say so. Only `BertForPreTraining` loads both pretraining heads."""


def _embeddings(card: Card) -> str:
    task = (
        "was trained\nto predict whether two sentences follow each other"
        if card.next_sentence
        else "was trained\nfor no task"
    )
    return f"""**For embeddings, average over the tokens.** The vector of `[CLS]`, and `pooler_output` made from it, \
{task} and is a poor representation of a sentence:

```python
{_pooled(card, "")}
print(embed(["Fever and dry cough.", "Viral entry needs ACE2."]).shape)
```

`SentenceTransformer(MODEL)` of sentence-transformers does the same. It is still a language model, not a sentence
embedder: for search or clustering, fine-tune it on pairs first."""


def _search(card: Card) -> str:
    length = card.embedder.max_length if card.embedder else 0
    return f"""### Embed and search

`embedder/` holds the model after tuning, which taught it to place a paper's title close to its abstract. With
`transformers` only:

```python
{_pooled(card, "embedder")}
abstracts = [
    "We measured how long the virus remains infectious on steel, plastic and cardboard.",
    "The spike protein binds the receptor ACE2 of human airway cells.",
]
scores = embed(["Which receptor does the virus use?"]) @ embed(abstracts).T
best = int(scores.argmax())
print(f"{{scores[0, best]:.3f}} {{abstracts[best]}}")
```

Texts are truncated to {length} tokens. The same with sentence-transformers 3 or later:

```python
from sentence_transformers import SentenceTransformer

{_model(card)}
embedder = SentenceTransformer(MODEL)
print(embedder.encode(["Which receptor does the virus use?"]).shape)
```"""


def _pooled(card: Card, subfolder: str) -> str:
    place = f', subfolder="{subfolder}"' if subfolder else ""
    normalised = (
        "    vectors = (tokens * mask).sum(1) / mask.sum(1)\n    return torch.nn.functional.normalize(vectors)"
        if subfolder
        else "    return (tokens * mask).sum(1) / mask.sum(1)"
    )
    return f"""import torch
from transformers import AutoModel, AutoTokenizer

{_model(card)}
tokenizer = AutoTokenizer.from_pretrained(MODEL{place})
model = AutoModel.from_pretrained(MODEL{place})


def embed(texts):
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        tokens = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
{normalised}

"""


def _others(card: Card) -> str:
    curves = " TensorBoard files are below `runs/`." if card.tensorboard else ""
    return f"""`tensorflow/bert_model.ckpt` is the same model for google-research/bert's scripts: pass that prefix as
`--init_checkpoint`.{curves}"""

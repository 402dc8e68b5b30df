"""What a model knows of words that its vocabulary is extended by, before it is trained further."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from jobs.evaluation.masked_words import Passage
from jobs.examples.extension import extend_vocabulary, pieces_of_new_entries
from jobs.examples.wordpiece import WordPiece
from jobs.model.bert import Bert, BertConfig
from jobs.model.initial_weights import assign_initial
from jobs.model.masked_loss import MaskedWordScorer
from jobs.model.optimizer import AdamWeightDecay
from jobs.vocabulary import SPECIALS, Vocabulary

# A language in which what comes before a virus says how its name begins, and what comes after says how it ends.
PLACES = ("caves", "lakes", "woods", "farms", "coasts", "towns")
STEMS = ("ka", "lo", "mi", "nu", "pe", "ri")
ENDS = ("vir", "cov", "flu", "pox")
SIGNS = ("fever", "cough", "aches", "rash")
BASE = Vocabulary((*SPECIALS, *PLACES, *STEMS, *(f"##{end}" for end in ENDS), *SIGNS, "of", "brings"))
SENTENCES = [
    ((place, "of", stem + end, "brings", sign), 2)
    for (place, stem), (end, sign) in product(zip(PLACES, STEMS, strict=True), zip(ENDS, SIGNS, strict=True))
]
LENGTH = 10


def config(entries: int) -> BertConfig:
    return BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.08,
        vocab_size=entries,
    )


def trained() -> Bert:
    """A model that has learnt to write both pieces of each name."""
    model, wordpiece = Bert(config(len(BASE)), seed=1), WordPiece(BASE)
    labels = np.array([wordpiece.encode(" ".join(words)) for words, _ in SENTENCES], np.int32)
    ids = labels.copy()
    ids[:, 2:4] = BASE.ids["[MASK]"]
    ids, places = (np.pad(ids, ((0, 0), (1, 1)), constant_values=2), np.tile([[3, 4]], (len(ids), 1)))
    ids[:, -1] = BASE.ids["[SEP]"]
    optimizer = AdamWeightDecay(model.variables_by_name)

    @tf.function  # type: ignore[untyped-decorator]
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits, _ = model.pretraining_logits(ids, tf.ones_like(ids), tf.zeros_like(ids), places)
            cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels[:, 2:4], logits=logits))
        gradients = tape.gradient(cost, optimizer.variables_by_name, unconnected_gradients="zero")
        optimizer.apply({(name,): gradient for name, gradient in gradients.items()}, tf.constant(3e-3))
        return cost

    for _ in range(120):
        cost = step()
    assert float(cost) < 0.2
    return model


def loss_on_new_words(model: Bert, vocabulary: Vocabulary) -> float:
    """Nats of a masked new word."""
    scorer = MaskedWordScorer(model, vocabulary, WordPiece(vocabulary).encode_lines, LENGTH)
    losses = scorer.losses([Passage(words, (place,)) for words, place in SENTENCES])
    return float(np.concatenate(losses).mean())


def test_it_writes_new_words_better_from_their_pieces_than_from_random_rows(tmp_path: Path) -> None:
    extension = extend_vocabulary(BASE, [[" ".join(words)] for words, _ in SENTENCES], 24, 1)
    vocabulary = extension.vocabulary
    assert extension.after.whole == extension.after.words
    save_file({name: v.numpy() for name, v in trained().variables_by_name.items()}, tmp_path / "weights")
    found = {}
    for start, pieces in (
        ("random", lambda _: ()),
        ("from pieces", lambda known: pieces_of_new_entries(vocabulary, known, cased=True)),
    ):
        model = Bert(config(len(vocabulary)), seed=2)
        assign_initial(model.variables_by_name, tmp_path / "weights", start, pieces)
        found[start] = loss_on_new_words(model, vocabulary)
    assert found["from pieces"] < found["random"] - 0.5, found

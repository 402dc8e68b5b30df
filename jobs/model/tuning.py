"""The objective of tuning an embedder: each query is nearest to its own answer, of all answers in the batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

from jobs.evaluation.retrieval import Retrieval, ranks_of
from jobs.model.bert import Bert
from jobs.model.embedder import Embedder, is_head, sentence_vectors
from jobs.model.evaluation import RetrievalEvaluation
from jobs.model.loss import Batch
from jobs.model.objective import Evaluator
from jobs.model.pairs import PairDataset

if TYPE_CHECKING:
    from jobs.model.training_task import TrainingContext, TrainingTask


@dataclass(frozen=True)
class Tuning:
    """An ``Objective``: symmetric InfoNCE with in-batch negatives (van den Oord et al. 2018, arXiv:1807.03748).

    As in Radford et al. 2021 ("CLIP", arXiv:2103.00020), queries choose among answers and answers among queries; the
    candidates are those of all replicas. A batch computed in parts would have fewer of them, which is another loss:
    the recipe's schema refuses that.
    """

    temperature: float
    held_out: PairDataset

    @property
    def losses(self) -> tuple[str, ...]:
        return ("loss",)

    def trainable_variables(self, variables_by_name: Mapping[str, tf.Variable]) -> dict[str, tf.Variable]:
        return {name: variable for name, variable in variables_by_name.items() if not is_head(name)}

    def totals(self, batch: Batch) -> dict[str, tf.Tensor]:
        return {"pairs": tf.cast(tf.shape(batch["query_ids"])[0], tf.float32)}

    def replica_losses(
        self, model: Bert, batch: Batch, totals: Mapping[str, tf.Tensor], dropout_seed: tf.Tensor
    ) -> Sequence[tf.Tensor]:
        query_seed, answer_seed = tf.unstack(tf.random.experimental.stateless_split(dropout_seed, 2))
        queries = sentence_vectors(model, batch["query_ids"], batch["query_mask"], query_seed)
        answers = sentence_vectors(model, batch["answer_ids"], batch["answer_mask"], answer_seed)
        return [contrastive_loss(queries, answers, self.temperature) / totals["pairs"]]

    def evaluator(self, task: TrainingTask, context: TrainingContext, model: Bert) -> Evaluator:
        return RetrievalEvaluator(self.held_out, context, Embedder(model, task.devices))


def contrastive_loss(queries: tf.Tensor, answers: tf.Tensor, temperature: float) -> tf.Tensor:
    """The summed cross-entropy of this replica's pairs, of unit vectors [B, H] each, against those of all replicas.

    The mean of both directions.
    """
    context = tf.distribute.get_replica_context()
    count = tf.shape(queries)[0]
    labels = tf.range(count) + count * context.replica_id_in_sync_group

    def one_way(own: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
        candidates = context.all_gather(others, axis=0) if context.num_replicas_in_sync > 1 else others
        scores = tf.matmul(own, candidates, transpose_b=True) / temperature
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores))

    return (one_way(queries, answers) + one_way(answers, queries)) / 2


class RetrievalEvaluator:
    """Finds each held-out answer by its query among all of the held-out answers."""

    def __init__(self, pairs: PairDataset, context: TrainingContext, embedder: Embedder) -> None:
        self._pairs = pairs
        self._watchdog = context.watchdog
        self._embedder = embedder

    @property
    def held_out(self) -> int:
        return len(self._pairs)

    def evaluate(self, step: int, alive: Callable[[], None]) -> RetrievalEvaluation:
        def beat(_: int) -> None:
            alive()

        with self._watchdog.watching("evaluation"):
            queries = self._embedder.encode(self._pairs.queries, beat)
            answers = self._embedder.encode(self._pairs.answers, beat)
        found = Retrieval.of(ranks_of(queries, answers))
        return RetrievalEvaluation(
            step=step, mrr=found.mrr, recall_at_1=found.recall_at_1, recall_at_10=found.recall_at_10
        )

"""The settings of training: the schedule of pretraining, and the embedder's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jobs.validation import Section

Precision = Literal["float32", "bfloat16"]


class Schedule(Section):
    """How training runs. One step is one update from ``train_batch_size`` examples."""

    train_batch_size: int = Field(gt=0)
    """Examples of one update."""
    learning_rate: float = Field(gt=0)
    """Highest learning rate, at which the warm-up arrives."""
    train_steps: int = Field(gt=0)
    """Updates in all."""
    warmup_steps: int = Field(ge=0)
    """Updates in which the learning rate rises from 0."""
    decay_steps: int | None = Field(None, gt=0)
    """The step at which the learning rate arrives at 0; None: ``train_steps``. A run that ends earlier can be extended
    up to there, and becomes the very run that it would have been."""
    decay: Literal["linear", "wsd"] = "linear"
    """How the learning rate falls: all the way to the end, or (warm-up, stable, decay) in the last ``cooldown_steps``
    alone. A stable run, without these, can be extended again and again, and cooled down at any point."""
    cooldown_steps: int = Field(0, ge=0)
    """With ``wsd``: the steps at the end in which the learning rate falls to 0; none of them leave it as it is."""
    checkpoint_every: int = Field(1000, gt=0)
    """Updates between two checkpoints; a run that was interrupted goes on from the newest."""
    evaluate_every: int = Field(10000, gt=0)
    """Updates between two evaluations on held-out examples."""
    evaluation_examples: int = Field(4096, gt=0)
    """Held-out examples per evaluation, at most; always the same ones."""
    early_stop_evaluations: int | None = Field(None, gt=0)
    """Stop after this many evaluations in a row without a better one, with the best one's weights; None: never stop."""
    log_every: int = Field(100, gt=0)
    """Updates between two points of the training curve."""
    max_hours: float | None = Field(None, gt=0)
    """Hours that the run may take, over all its processes; then it ends with a checkpoint, and a higher limit continues
    it. None: no limit."""
    max_dollars: float | None = Field(None, gt=0)
    """The same in dollars, at the profile's price when it was submitted."""
    precision: Precision = "float32"
    """Type of the inputs to matrix products; weights, their updates and losses are float32."""
    seed: int = Field(42, ge=0, lt=2**31)
    """Seed of the first weights, the order of the examples and dropout."""
    masking: Literal["static", "dynamic"] = "static"
    """As the examples were made, or drawn anew in every step by the examples' own rule: then a dupe_factor of 1 does.
    Held-out examples keep their masks, so that scores compare."""
    next_sentence_prediction: bool = True
    """Without it masked words alone are learnt; the head, and the pooler that feeds it, keep their first weights."""
    accumulation: Annotated[int, Field(gt=0)] | Literal["auto"] = 1
    """Microbatches per update, computed one after the other: memory is needed for one of them. ``auto`` has the trainer
    take the fewest that fit its memory. Their number changes what dropout drops and, apart from that, only rounding."""

    @model_validator(mode="after")
    def _warmup_ends(self) -> Schedule:
        if self.warmup_steps > self.train_steps:
            raise ValueError(f"warmup_steps {self.warmup_steps} exceeds train_steps {self.train_steps}: lower it, too")
        return self

    @model_validator(mode="after")
    def _learns_until_it_ends(self) -> Schedule:
        if self.decay_steps is not None and self.decay_steps < self.train_steps:
            raise ValueError(
                f"decay_steps {self.decay_steps} is less than train_steps {self.train_steps}: "
                "the last steps would have learning rate 0"
            )
        return self

    @model_validator(mode="after")
    def _decays_one_way(self) -> Schedule:
        if self.decay == "linear" and self.cooldown_steps:
            raise ValueError(f"cooldown_steps {self.cooldown_steps} needs decay wsd; linear decay has no such steps")
        if self.decay == "wsd" and self.decay_steps is not None:
            raise ValueError("decay wsd has no decay_steps: its learning rate does not fall before cooldown_steps")
        if self.warmup_steps + self.cooldown_steps > self.train_steps:
            raise ValueError(
                f"warmup_steps {self.warmup_steps} and cooldown_steps {self.cooldown_steps} exceed train_steps "
                f"{self.train_steps}"
            )
        return self

    @model_validator(mode="after")
    def _early_stop_can_happen(self) -> Schedule:
        patience, evaluations = self.early_stop_evaluations, -(-self.train_steps // self.evaluate_every)
        if patience is not None and evaluations <= patience:
            raise ValueError(
                f"early_stop_evaluations {patience} needs more than {patience} evaluations, evaluate_every "
                f"{self.evaluate_every} makes {evaluations} in train_steps {self.train_steps}"
            )
        return self

    @model_validator(mode="after")
    def _parts_are_even(self) -> Schedule:
        if self.train_batch_size % self.microbatches:
            even = -(-self.train_batch_size // self.microbatches) * self.microbatches
            raise ValueError(
                f"train_batch_size {self.train_batch_size} is not a multiple of accumulation {self.accumulation}; "
                f"{even} is"
            )
        return self

    @property
    def microbatches(self) -> int:
        """``accumulation`` as a number; 1 until a trainer has replaced ``auto``."""
        return 1 if self.accumulation == "auto" else self.accumulation


class Embedder(Section):
    """How a pretrained model is tuned to place a paper's title near its abstract, for search."""

    train_batch_size: int = Field(512, gt=1)
    """Pairs. Each is told from all others of its batch, so that more is better; a batch cannot be computed in parts."""
    learning_rate: float = Field(2e-5, gt=0)
    """Highest learning rate, at which the warm-up arrives."""
    temperature: float = Field(0.05, gt=0)
    """What cosines are divided by before they compete."""
    epochs: float = Field(3, gt=0)
    """Passes over the training pairs; a part of one is allowed."""
    warmup_share: float = Field(0.1, ge=0, le=1)
    """Share of the steps in which the learning rate rises."""
    title_length: int = Field(64, ge=8)
    """Tokens of a title, at most."""
    abstract_length: int = Field(256, ge=8)
    """Tokens of an abstract, at most; also the length at which the published embedder cuts texts."""
    evaluations_per_epoch: int = Field(4, gt=0)
    """Evaluations on held-out pairs in one pass."""
    early_stop_evaluations: int | None = Field(4, gt=0)
    """End when so many evaluations in a row were no better than the best, with that one's weights; None: never."""
    max_hours: float | None = Field(None, gt=0)
    """Hours that a run may take, over all its processes; see ``schedule.max_hours``."""
    max_dollars: float | None = Field(None, gt=0)
    """The same in dollars."""
    precision: Precision = "float32"
    """Precision of the inputs to matrix products; weights, their updates and losses are float32."""
    seed: int = Field(42, ge=0, lt=2**31)
    """Seed of the order of the pairs and of dropout."""
    control: bool = True
    """Tune the initial checkpoint too, without pretraining: what an evaluation needs to say what pretraining adds."""

    @model_validator(mode="before")
    @classmethod
    def _in_one_part(cls, data: object) -> object:
        if isinstance(data, dict) and "accumulation" in data:
            raise ValueError(
                "accumulation is refused: pairs of one batch are each other's negatives, so a batch that is computed "
                "in parts is another loss; lower train_batch_size instead"
            )
        return data

"""The settings of one model, section by section, and what values each field may have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from jobs.errors import ConfigurationError
from jobs.recipe.languages import check_language
from jobs.validation import Section


class Architecture(Section):
    """BERT's shape, named as in google-research/bert's ``bert_config.json``."""

    hidden_size: int = Field(gt=0)
    """Width of the hidden states."""
    num_hidden_layers: int = Field(gt=0)
    """Transformer layers."""
    num_attention_heads: int = Field(gt=0)
    """Attention heads of a layer; they divide ``hidden_size``."""
    intermediate_size: int = Field(gt=0)
    """Width of the feed-forward part of a layer."""
    max_position_embeddings: int = Field(512, gt=0)
    """Tokens of the longest sequence that the model can read."""
    type_vocab_size: int = Field(2, ge=2)
    """Kinds of segment: the first and the second text of a pair."""
    hidden_dropout_prob: float = Field(0.1, ge=0, lt=1)
    """Share of the hidden values that training drops at random."""
    attention_probs_dropout_prob: float = Field(0.1, ge=0, lt=1)
    """Share of the attention weights that training drops at random."""
    initializer_range: float = Field(0.02, gt=0)
    """Standard deviation of the weights that begin at random, a normal distribution cut at two of them."""
    hidden_act: Literal["gelu_pytorch_tanh", "gelu"] = "gelu_pytorch_tanh"
    """By transformers' names: the tanh form, which google-research/bert calls "gelu", or the exact form (erf) of models
    that were trained in torch. With the wrong one logits move by 6e-4."""

    @model_validator(mode="after")
    def _heads_divide_hidden(self) -> Architecture:
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of num_attention_heads {self.num_attention_heads}"
            )
        return self


MAX_UNKNOWN_SHARE = 0.02
"""The published models' own vocabularies leave 0.02 % of CORD-19's pieces unknown, an uncased one 10 %."""


class VocabularyExtension(Section):
    """Whole words of the corpus that are appended to a published vocabulary, which cuts them into pieces."""

    add: int = Field(gt=0, le=100_000)
    """Words to add, the ones that save the most pieces. A thousand or two are enough for most of the gain."""
    min_documents: int = Field(20, gt=0)
    """Only words of at least this many training documents: what one paper repeats is not the field's word."""


class VocabularyChoice(Section):
    """Which WordPiece vocabulary: a published one of exactly ``size`` entries, or one to ``learn``."""

    cased: bool
    """Whether upper and lower case, and letters with and without accents, are different words, as they are to both
    published models; otherwise text is lower-cased and accents are stripped, as google's ``do_lower_case``."""
    size: int | None = Field(None, gt=5)
    """Entries of the published vocabulary, which is given with --vocab; another number is refused."""
    learn: int | None = Field(None, gt=100)
    """Learn one of at most so many entries from the corpus, unless a vocabulary is given."""
    source: str = ""
    """Where the published vocabulary can be had; messages name it."""
    extend: VocabularyExtension | None = None
    """Append words to the published vocabulary, whose entries keep their ids."""
    max_unknown_share: float = Field(MAX_UNKNOWN_SHARE, ge=0, le=1)
    """More pieces than this that are [UNK] fail the step: the vocabulary is another text's."""

    @model_validator(mode="after")
    def _one_of_size_or_learn(self) -> VocabularyChoice:
        if (self.size is None) == (self.learn is None):
            raise ValueError("give exactly one of size and learn")
        if self.extend and self.size is None:
            raise ValueError("extend needs a published vocabulary of a known size; one that is learned needs no words")
        return self

    @property
    def entries(self) -> int:
        """Entries of the vocabulary that training uses; of one to learn, at most."""
        return (self.size or self.learn or 0) + (self.extend.add if self.extend else 0)


class InitialCheckpoint(Section):
    """The published weights that training starts from; absent, it starts from scratch."""

    name: str
    """What the checkpoint is called, in messages and on the model card."""
    source: str
    """Where it is published."""
    path: str | None = None
    """Path of your copy: ``gs://``, a directory, an archive or the prefix of google's files."""
    checkpoint: str = ""
    """The end of its path in there, needed where there are several checkpoints."""
    size: int | None = Field(None, gt=0)
    """Bytes of the archive, or of the files with the numbers (``.data-*``, ``model.safetensors``) together."""
    sha256: str | None = Field(None, pattern=r"^[0-9a-fA-F]{64}$", examples=["64 hexadecimal digits"])
    """SHA-256 of those bytes, with the files concatenated in order."""
    hub_name: str = Field("", pattern=r"^$|^[A-Za-z0-9][\w.-]*/[\w.-]+$", examples=["ORG/NAME"])
    """Its repository on the Hugging Face Hub, for the model card."""
    license: str = ""
    """The licence that it is published under, for the model card."""
    allow_missing: tuple[str, ...] = ()
    """google's names, or patterns (``cls/*``), of the model's variables that the checkpoint may lack. They begin with
    random values, which the log, the summary and the model's card say."""
    allow_unused: tuple[str, ...] = ()
    """Names or patterns of the checkpoint's variables that the model may lack; optimizer state is never used and needs
    no mention."""
    allow_mismatched: tuple[str, ...] = ()
    """Names or patterns of variables that may have another shape: they begin with random values."""


DATES = ["2020", "2020-03", "2020-03-16"]
PartialDate = Annotated[
    str, BeforeValidator(str), Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")
]
"""A year, a month or a day, as ``2020``, ``2020-03`` or ``2020-03-16``; YAML reads the outer two as other types."""


class Filters(Section):
    """Which papers are fit to train on, judged one by one."""

    languages: tuple[Annotated[str, AfterValidator(check_language)], ...] = ("en",)
    """ISO 639-1 codes; none of them: all languages."""
    language_score: float = Field(0.8, gt=0, le=1)
    """Only a language found with at least this probability is a reason to drop: garbled English scores as
    Spanish at 0.5, real Spanish at 0.95."""
    licenses: tuple[str, ...] = ()
    """As metadata.csv spells them, ``cc-by`` and so on, in any case; none of them: all, also papers without one."""
    sources: tuple[str, ...] = ()
    """Values of metadata.csv's ``source_x``, such as ``PMC``; one of a paper's sources is enough. None of them: all."""
    published_from: PartialDate | None = Field(None, examples=DATES)
    """Only papers published on this day, month or year, or later. Without a bound, the date does not matter."""
    published_until: PartialDate | None = Field(None, examples=DATES)
    """Both included. With a bound, papers without a date are dropped."""

    @model_validator(mode="after")
    def _in_order(self) -> Filters:
        earliest, latest = self.published_from, self.published_until
        # As text a year comes before its months, and all of it is meant.
        if earliest and latest and earliest > latest and not earliest.startswith(latest):
            raise ValueError(f"published_from {earliest} is after published_until {latest}")
        return self


class CorpusChoice(Filters):
    """What is read of each paper, which papers are left out, and how much is held out."""

    sections: tuple[Literal["title", "abstract", "body"], ...] = Field(min_length=1)
    """The parts of each paper that are read."""
    validation_share: float = Field(0.01, gt=0, lt=0.5)
    """Share of documents held out, by cord_uid; at least one document."""
    max_quarantined_share: float = Field(0.05, ge=0, le=1)
    """More malformed documents than this fail the step."""
    min_full_text_share: float = Field(0.5, ge=0, le=1)
    """The least share of full texts found, of those that metadata.csv promises; fewer fail the step."""
    max_single_sentence_share: float = Field(0.5, ge=0, le=1)
    """More documents of a single sentence than this fail the step: they make no pair of sentences."""
    near_duplicate_similarity: float = Field(0.5, ge=0.5, le=1)
    """One paper is kept of those whose runs of three words are at least this alike (estimated Jaccard). Two parses
    of one paper are 0.65 to 0.94 alike (six pairs); of 180,000 pairs of different papers one was more
    than 0.13: two years of one list of reviews, 0.68."""
    clean_text: bool = False
    """Keep the sentences that examples are made of, too: plain text, one file a shard."""


class Examples(Section):
    """How sentences become masked pairs, named as create_pretraining_data.py's flags."""

    max_seq_length: int = Field(ge=8, le=4096)
    """Tokens of an example, at most."""
    max_predictions_per_seq: int = Field(gt=0)
    """Masked tokens of an example, at most. Less than ``max_seq_length`` times ``masked_lm_prob`` caps that share."""
    masked_lm_prob: float = Field(0.15, gt=0, lt=1)
    """Share of the tokens that are masked."""
    short_seq_prob: float = Field(0.1, ge=0, le=1)
    """Share of the examples that are cut to a random shorter length."""
    whole_word_mask: bool
    """Whether all pieces of a word are masked together, or single pieces."""
    dupe_factor: int = Field(5, gt=0)
    """The published models' is not known; 5 is the value in google-research/bert's README."""
    random_seed: int = Field(12345, ge=0)
    """Seed of pairing and masking."""
    variant: Literal["original", "corrected"] = "original"
    """With the original's quirks, as for the published models, or without them: see ``jobs.examples.creation``."""

    @model_validator(mode="after")
    def _predictions_fit(self) -> Examples:
        if self.max_predictions_per_seq > self.max_seq_length:
            raise ValueError(
                f"max_predictions_per_seq {self.max_predictions_per_seq} exceeds max_seq_length {self.max_seq_length}"
            )
        return self


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
            raise ValueError(f"warmup_steps {self.warmup_steps} exceeds train_steps {self.train_steps}")
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


class Publication(Section):
    """What a published model says about itself."""

    title: str
    """Name of the model, as the card's title."""
    license: str = ""
    """An SPDX identifier for the model card; empty, the card says that none is stated."""
    authors: tuple[str, ...] = ()
    """Whom to cite, for the model card."""


class Recipe(Section):
    """One model, from corpus to publication."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]{0,19}$", examples=["clinical2"])
    """Short name: it is part of the names of the steps that are this recipe's own."""
    description: str
    """What the model is, in one line."""
    architecture: Architecture
    vocabulary: VocabularyChoice
    initial_checkpoint: InitialCheckpoint | None = None
    corpus: CorpusChoice
    examples: Examples
    schedule: Schedule
    embedder: Embedder | None = None
    """Without this section there is no embedder, and nothing to search with."""
    publication: Publication

    @model_validator(mode="after")
    def _positions_suffice(self) -> Recipe:
        if self.examples.max_seq_length > self.architecture.max_position_embeddings:
            raise ValueError(
                f"examples.max_seq_length {self.examples.max_seq_length} exceeds "
                f"architecture.max_position_embeddings {self.architecture.max_position_embeddings}"
            )
        for name in ("title_length", "abstract_length") if self.embedder else ():
            if getattr(self.embedder, name) > self.architecture.max_position_embeddings:
                raise ValueError(
                    f"embedder.{name} {getattr(self.embedder, name)} exceeds "
                    f"architecture.max_position_embeddings {self.architecture.max_position_embeddings}"
                )
        return self

    def check_vocabulary_size(self, size: int, source: str) -> None:
        """Raises ``ConfigurationError`` when a vocabulary of ``size`` entries is not this recipe's."""
        if self.vocabulary.size not in (None, size):
            raise ConfigurationError(
                source,
                f"it has {size:,} entries, recipe {self.name} needs {self.vocabulary.size:,}",
                f"give {self.vocabulary.source} with --vocab",
            )

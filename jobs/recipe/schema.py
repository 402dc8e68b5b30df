"""The settings of one model, section by section, and what values each field may have."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from jobs.errors import ConfigurationError
from jobs.recipe.corpus_choice import CorpusChoice
from jobs.recipe.training import Embedder, Schedule
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

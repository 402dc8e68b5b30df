"""What a model card is made of. Everything that may be unknown has a value that says so, and is then left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CorpusFile:
    """A file as released: ``sha256sum`` verifies it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Corpus:
    """What the documents were read from."""

    name: str
    release: str = ""
    """A date, as releases of CORD-19 are named."""
    files: Sequence[CorpusFile] = ()
    files_not_named: int = 0
    fingerprint: str = ""
    """The identity that the step ``ingest`` is named by."""


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
    licenses: Mapping[str, int] = field(default_factory=dict)
    """Documents by the licence that the corpus states for them; empty where it states none."""
    unknown_pieces: tuple[int, int] | None = None
    """[UNK] pieces, and all pieces of the examples' text."""


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

    @property
    def scored(self) -> list[dict[str, float]]:
        """The evaluations of this model and of what it came from, by step, with the scores that are known.

        After an early end the weights are those of an earlier step: what was scored later is not this model.
        """
        known = [{name: value for name, value in one.items() if value is not None} for one in self.evaluations]
        mine = [one for one in known if self.steps is None or one["step"] <= self.steps]
        return sorted(mine, key=lambda one: one["step"])


@dataclass(frozen=True)
class MadeBy:
    """One of the steps that led to the model."""

    kind: str
    name: str
    version: int | None = None
    """Version of the kind of step, as its name counts it."""
    covid_ctl: str = ""
    """Version and commit of the code."""
    image: str = ""
    """By digest; empty for a process of a machine."""
    finished: str = ""
    """A date, in UTC."""
    hours: float | None = None
    """Total of its containers, without work that was lost."""
    dollars: float | None = None


@dataclass(frozen=True)
class Training:
    """The training record's time, and what follows from it."""

    hours: float
    device_hours: float | None = None
    """Hours of all replicas together."""
    dollars: float | None = None
    price: str = ""
    """The price's conditions and date."""
    kilowatt_hours: float | None = None
    power: str = ""
    """What the energy is estimated by."""


@dataclass(frozen=True)
class Result:
    """One figure, for the table of results that the Hub reads."""

    key: str
    """Its name for gates: ``held_out.accuracy``, ``tuned.mrr``."""
    task: str
    """By the Hub's names."""
    metric: str
    value: float
    of: str = ""
    """The system that it is of, for people."""


@dataclass(frozen=True)
class Evaluation:
    """What the step ``evaluate`` found."""

    step: str
    lines: Sequence[str]
    """Its own summary, verbatim."""
    results: Sequence[Result]
    beats_bm25: bool | None = None
    """Whether the embedder does; None where there is none."""


@dataclass(frozen=True)
class Embedder:
    """The model tuned for search, below ``embedder/``."""

    step: str
    max_length: int
    """In tokens."""
    pairs: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class Base:
    """What is known of the initial checkpoint beside its name."""

    hub: str = ""
    """Its repository on the Hub."""
    license: str = ""


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
    steps: Sequence[MadeBy]
    """The steps that led here, inputs first."""
    license: str = ""
    """A Hugging Face licence identifier; empty states none."""
    cased: bool = True
    hidden_act: str = "gelu_pytorch_tanh"
    """By transformers' names."""
    random_at_start: Sequence[str] = ()
    """Parts of the model that the initial checkpoint lacked, as people call them."""
    vocabulary_origin: str = ""
    """What a reader must know of its vocabulary: learned, extended or given."""
    languages: Sequence[str] = ()
    """ISO 639-1 codes that documents were filtered by."""
    corpus: Corpus | None = None
    training: Training | None = None
    evaluation: Evaluation | None = None
    embedder: Embedder | None = None
    base: Base = Base()
    curve: str = ""
    """Path of the picture of held-out scores."""
    tensorboard: bool = False
    authors: Sequence[str] = ()
    published: str = ""
    """The date of the newest step, which is when the model was made."""
    name: str = ""
    """The step that exported it."""
    repository: str = ""
    """``ORG/NAME`` on the Hub."""

    @property
    def next_sentence(self) -> bool:
        """Whether it was learnt."""
        return bool(self.settings.get("next_sentence_prediction", True))


def usable_length(*, initial_checkpoint: str, max_seq_length: int, positions: int) -> int:
    """Where ``truncation=True`` should cut, in tokens: the last position that some training has seen.

    Positions beyond the examples' length are the initial checkpoint's own; from scratch they are random.
    """
    return positions if initial_checkpoint else min(max_seq_length, positions)

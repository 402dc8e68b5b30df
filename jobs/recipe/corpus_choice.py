"""The settings that say which papers are read, and which of them are left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from jobs.recipe.languages import check_language
from jobs.validation import Section

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

"""Labelled sets that users bring: questions with passages, and pairs of texts with their similarity. Pure.

Three formats, told by content:
    questions    JSON lines: {"question": "...", "passages": ["...", ...], "answers": [0, 3]}, where ``answers`` are the
                 places, from 0, of the passages that answer
    CovidQA      the JSON of pygaggle's data/kaggle-lit-review: questions, each with articles and their exact answers.
                 The passages are the article's sentences, so the corpus must hold the article
    similarity   JSON lines: {"first": "...", "second": "...", "similarity": 0.8}; or CSV with the columns question_1,
                 question_2 and similar, as deepset's COVID-QA has them
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import ConfigurationError
from jobs.json_text import from_json
from jobs.library_errors import in_our_words

REMEDY = "see the formats of labelled sets in the documentation of `submit evaluate --data`"
_COLUMNS = ("question_1", "question_2", "similar")
MOST_ENTRIES = 100_000
MOST_PASSAGES = 10_000


@dataclass(frozen=True)
class Question:
    """One question, and which of its passages answer it."""

    text: str
    passages: tuple[str, ...]
    answers: frozenset[int]


@dataclass(frozen=True)
class Located:
    """A question whose answer is a phrase of a document of the corpus."""

    text: str
    document: str
    phrase: str

    def question(self, sentences: Sequence[str]) -> Question | None:
        """The question over the document's sentences; None where none of them holds the phrase."""
        phrase = _plain(self.phrase)
        answers = frozenset(i for i, sentence in enumerate(sentences) if phrase and phrase in _plain(sentence))
        return Question(self.text, tuple(sentences), answers) if answers else None


@dataclass(frozen=True)
class Pair:
    """Two texts, and how alike people found them."""

    first: str
    second: str
    similarity: float


LabelledSet = tuple[Question, ...] | tuple[Located, ...] | tuple[Pair, ...]
"""All entries of one file: of one kind, at least two."""


def parse_labelled(data: bytes, source: str) -> LabelledSet:
    """The entries of a file. Raises ``ConfigurationError`` naming the line that is of none of the formats."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(source, f"it is not UTF-8 ({error.reason})", "save it as UTF-8 text") from error
    entries = list(_entries(text, source))
    if len(entries) < 2:
        raise ConfigurationError(source, f"it has {len(entries)} entries, 2 are the least", REMEDY)
    kinds = {type(entry) for entry in entries}
    if len(kinds) > 1:
        raise ConfigurationError(source, "it mixes questions with pairs", "put them in two files")
    if kinds == {Pair} and len({entry.similarity for entry in entries}) == 1:
        raise ConfigurationError(source, "all of its pairs are equally similar: nothing can be told apart", REMEDY)
    return tuple(entries)


def _entries(text: str, source: str) -> Iterator[Any]:
    head = text.lstrip()[:200]
    if head.startswith("{") and '"categories"' in text[:10_000]:
        yield from _covid_qa(text, source)
        return
    if [name.strip() for name in text.partition("\n")[0].split(",")[:3]] == list(_COLUMNS):
        yield from _csv(text, source)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        _check_count(number, source)
        try:
            yield _entry(from_json(line))
        except (ValueError, KeyError, TypeError) as error:
            reason = f"{line[:60]!r} is neither a question with passages nor a pair: {in_our_words(error)}"
            raise ConfigurationError(f"{source}, line {number}", reason, REMEDY) from error


def _entry(fields: Any) -> Question | Pair:
    if not isinstance(fields, dict):
        raise TypeError("it is no mapping")
    if "first" in fields:
        return Pair(_text(fields["first"]), _text(fields["second"]), _number(fields["similarity"]))
    passages = tuple(_text(passage) for passage in fields["passages"])
    answers = frozenset(int(place) for place in fields["answers"])
    if not answers or not answers < set(range(len(passages))) or len(passages) > MOST_PASSAGES:
        raise ValueError(f"its answers must be some, not all, of at most {MOST_PASSAGES:,} passages")
    return Question(_text(fields["question"]), passages, answers)


def _csv(text: str, source: str) -> Iterator[Pair]:
    reader = csv.DictReader(io.StringIO(text))
    try:
        for row in reader:
            _check_count(reader.line_num, source)
            yield Pair(_text(row["question_1"]), _text(row["question_2"]), _number(row["similar"]))
    except (ValueError, TypeError, csv.Error) as error:
        raise ConfigurationError(
            f"{source}, line {reader.line_num}", f"no pair: {in_our_words(error)}", REMEDY
        ) from error


def _covid_qa(text: str, source: str) -> Iterator[Located]:
    try:
        count = 0
        for category in from_json(text)["categories"]:
            for topic in category["sub_categories"]:
                for answer in topic["answers"]:
                    count += 1
                    _check_count(count, source)
                    yield Located(_text(topic["nq_name"]), _text(answer["id"]), _text(answer["exact_answer"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(source, f"it is no CovidQA file: {error!r}", REMEDY) from error


def _check_count(count: int, source: str) -> None:
    if count > MOST_ENTRIES:
        raise ConfigurationError(source, f"it has more than {MOST_ENTRIES:,} entries", "give a part of it")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{str(value)[:40]!r} is no text")
    return value


def _number(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no finite number")
    return number


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()

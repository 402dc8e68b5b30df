"""Papers for the built-in sample corpus: frames and word lists become sections with a thread through them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.sample import word_lists as words
from jobs.sample.word_lists import FOREIGN, TOPICS, WORDS, Topic

_MONTHS = ("February", "March", "April", "May", "June", "July")


@dataclass(frozen=True)
class PaperSection:
    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class SamplePaper:
    title: str
    abstract: str
    sections: tuple[PaperSection, ...]


def write_paper(rng: random.Random) -> SamplePaper:
    """An English paper of about 40 to 80 sentences on one topic, whose terms stay the same throughout."""
    topic = rng.choice(TOPICS)
    slots = _Slots(rng, topic)
    sections = (
        PaperSection("Introduction", _paragraphs(slots, words.INTRODUCTION, topic.introduction, rng.randint(10, 16))),
        PaperSection("Methods", _paragraphs(slots, words.METHODS, topic.methods, rng.randint(11, 18))),
        PaperSection("Results", _paragraphs(slots, words.RESULTS, topic.results, rng.randint(17, 28))),
        PaperSection("Discussion", _paragraphs(slots, words.DISCUSSION, topic.discussion, rng.randint(11, 17))),
    )
    abstract = " ".join(
        _sentence(slots, rng.choice(frames))
        for frames in (topic.introduction, words.INTRODUCTION, topic.methods, topic.results, topic.results)
    )
    closing = _sentence(slots, rng.choice(topic.discussion))
    return SamplePaper(_capital(slots.fill(rng.choice(topic.titles))), f"{abstract} {closing}", sections)


def write_foreign_paper(rng: random.Random, language: str) -> SamplePaper:
    """A paper in ``es`` or ``de``, for what must notice that it is not English."""
    title, frames = FOREIGN[language]
    slots = _Slots(rng, TOPICS[3])
    sentences = [slots.fill(rng.choice(frames)) for _ in range(40)]
    paragraphs = tuple(" ".join(sentences[start : start + 5]) for start in range(0, 40, 5))
    return SamplePaper(
        slots.fill(title), " ".join(slots.fill(frame) for frame in frames[:4]), (PaperSection("", paragraphs),)
    )


class _Slots:
    """Fills frames: from the paper's own subjects first, then at random."""

    def __init__(self, rng: random.Random, topic: Topic) -> None:
        self.rng = rng
        self._subjects = {slot: rng.choice(choices) for slot, choices in topic.subjects.items()}
        for slot in ("virus", "disease", "cells"):
            # A paper is about one virus, whatever its topic.
            self._subjects.setdefault(slot, rng.choice(WORDS[slot]))

    def fill(self, frame: str) -> str:
        while "{" in frame:
            frame = frame.format_map(_Filling(self.rng, self._subjects))
        return frame


class _Filling(dict[str, str]):
    """One sentence's slots; a slot that occurs twice is drawn twice, unless it is the paper's subject."""

    def __init__(self, rng: random.Random, subjects: Mapping[str, str]) -> None:
        super().__init__(subjects)
        self._rng = rng

    def __missing__(self, slot: str) -> str:
        return self._rng.choice(WORDS[slot]) if slot in WORDS else _NUMBERS[slot](self._rng)


def _citation(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return f"[{rng.randint(1, 40)}]"
    if rng.random() < 0.5:
        return f"[{rng.randint(1, 20)}, {rng.randint(21, 40)}]"
    return f"({rng.choice(WORDS['name'])} et al., {rng.choice((2004, 2013, 2019, 2020))})"


_NUMBERS: Mapping[str, Callable[[random.Random], str]] = {
    "n": lambda rng: str(rng.randint(21, 998)),
    "few": lambda rng: str(rng.randint(2, 9)),
    "age": lambda rng: str(rng.randint(11, 79)),
    "days": lambda rng: rng.choice(("7", "10", "14", "21", "28")),
    "hours": lambda rng: rng.choice(("6", "12", "24", "48", "72")),
    "pct": lambda rng: f"{rng.randint(3, 97)}{rng.choice(('', '.1', '.4', '.5', '.8'))}",
    "p": lambda rng: rng.choice(("0.05", "0.01", "0.001", "0.0001")),
    "pp": lambda rng: str(rng.randint(11, 94)),
    "ratio": lambda rng: f"{rng.randint(1, 6)}.{rng.randint(1, 9)}",
    "lower": lambda rng: f"0.{rng.randint(2, 9)}",
    "upper": lambda rng: f"{rng.randint(7, 11)}.{rng.randint(1, 9)}",
    "fold": lambda rng: rng.choice(("two", "three", "four", "2.5", "10")),
    "fig": lambda rng: str(rng.randint(1, 6)),
    "panel": lambda rng: rng.choice("ABCD"),
    "kb": lambda rng: rng.choice(("27", "29.9", "30", "32")),
    "year": lambda rng: rng.choice(("2003", "2012", "2015", "2019", "2020")),
    "month": lambda rng: rng.choice(_MONTHS),
    "residue": lambda rng: f"{rng.choice('DEKNQRSY')}{rng.randint(300, 620)}",
    "cite": _citation,
}
"""Slots that are figures, figures' labels and references."""


def _paragraphs(slots: _Slots, general: Sequence[str], special: Sequence[str], sentences: int) -> tuple[str, ...]:
    """``sentences`` in paragraphs of 3 to 6; two thirds of the frames are the topic's own."""
    rng = slots.rng
    frames = _without_repeats(rng, general, special)
    paragraphs = []
    while sentences > 0:
        length = min(rng.randint(3, 6), sentences)
        sentences -= length
        paragraphs.append(" ".join(_sentence(slots, next(frames), frames) for _ in range(length)))
    return tuple(paragraphs)


def _without_repeats(rng: random.Random, general: Sequence[str], special: Sequence[str]) -> Iterator[str]:
    """Frames without end; none comes again before the others of its kind have."""
    decks: dict[Sequence[str], list[str]] = {general: [], special: []}
    while True:
        kind = special if rng.random() < 0.65 else general
        if not decks[kind]:
            decks[kind] = rng.sample(kind, len(kind))
        yield decks[kind].pop()


_STANDS_ALONE = ("in ", "as ", "one ", "another ", "this ", "these ", "there ", "a similar ", "common ")


def _sentence(slots: _Slots, frame: str, more: Iterator[str] | None = None) -> str:
    """One sentence from ``frame``: alone, after an opener, or joined with the next frame of ``more``."""
    rng = slots.rng
    text = slots.fill(frame)
    if more is not None and not frame.startswith(_STANDS_ALONE) and rng.random() < 0.42:
        second = next(more)
        if not second.startswith(_STANDS_ALONE):
            text = f"{text}, {rng.choice(words.CONNECTORS)} {slots.fill(second)}"
    if not frame.startswith(_STANDS_ALONE) and rng.random() < 0.2:
        return f"{rng.choice(words.OPENERS)} {text}."
    return f"{_capital(text)}."


def _capital(text: str) -> str:
    """``text`` as a sentence begins: names such as mRNA, nsp1 or β-coronavirus keep their small letter."""
    word = text.split(" ", 1)[0].rstrip(",")
    plain = word.isascii() and word.replace("-", "").isalpha() and word == word.lower()
    return text[0].upper() + text[1:] if plain else text

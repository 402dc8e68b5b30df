"""Where sentences end in biomedical English: a regular expression proposes, a few rules decide."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from jobs.corpus.cleaning.abbreviations import (
    ANNOUNCES,
    BEFORE_LETTER,
    BEFORE_NUMBER,
    ENDS_AFTER_NUMBER,
    ENDS_AFTER_TIME,
    ENDS_BEFORE_CAPITAL,
    ENDS_BEFORE_CLAUSE,
    MAY_END,
    NEVER_ENDS,
    NEVER_ENDS_CAPITALISED,
    OTHER_WORDS,
    SELDOM_ENDS,
)
from jobs.corpus.cleaning.native import library
from jobs.corpus.cleaning.whitespace import normalise_space
from jobs.corpus.cleaning.word_set import words
from jobs.native import address, joined

# A stop, then what may close a sentence after it (quotes, brackets, a citation number), then a blank.
_CANDIDATE = re.compile(
    r"[.!?…](?<![.!?…].)"
    r"(?:\[[0-9][0-9,;–\- ]*\]|[.!?…\"'”’»)\]]){0,12}"
    r"(?:(?<=[a-z)\]]\.)[0-9]{1,3}(?:[,–-][0-9]{1,3})*(?= [A-Z]))?"
    r"(?: \[[0-9][0-9,;–\- ]*\](?= [A-Z]))? "
)
_OPENING = "([{\"'“‘«"
_END, _UNREAD = 1, 3
"""The verdicts of sentences.c on a stop that need not be looked at, and on one of which it has read the sign alone."""

_KEYS = np.array(sorted(word.encode() for word in ANNOUNCES if word.isalpha()), "S16")
_KEYS_ADDRESS = address(_KEYS)

_UNDER_CONDITIONS = ENDS_AFTER_TIME | ENDS_AFTER_NUMBER | ENDS_BEFORE_CAPITAL | ENDS_BEFORE_CLAUSE

_CALENDAR = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december"
)
"""None of these begins a sentence after a time of day: "at 10 p.m. Monday"."""

_NUMBER_WORDS = words("no nos number numbers")
_DECIMAL = re.compile(r"\.[0-9]{1,4}[,;:)%]*")
_ROMAN = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})")
_TIMES = words("h hr hrs hour hours d day days wk week weeks min minutes")

_VERBS = words(
    "was were is are had has have did do does can could may might will would should must remained showed became rose "
    "fell grew began came"
)
_WHERE = words("in within across throughout from outside to")
"""Before "the U.K.", which is then a place and not the beginning of a name."""

_STARTERS = words(
    "A According Accordingly Additionally After All Also Alternatively Although Among An And Any Are As At Based "
    "Because Before Besides Beyond Both Briefly But By Can Collectively Compared Consequently Conversely Could "
    "Currently Despite Did Do Does Due During Each Either Eventually Every Few Finally First Firstly For From "
    "Further Furthermore Generally Given Had Has Have Hence Here Herein How However If Importantly In Indeed "
    "Initially Instead Interestingly Intriguingly Is It Its Lastly Later Likewise Many Meanwhile More Moreover Most "
    "Neither Nevertheless Next No Nonetheless Nor Not Notably Of On Once One Only Other Otherwise Others Our Overall "
    "Patients Previously Recently Remarkably Results Second Secondly Several She Should Similarly Since So Some "
    "Specifically Still Strikingly Subsequently Such Surprisingly Taken That The Their Then There Therefore These "
    "They Third This Those Through Throughout Thus To Together Two Ultimately Under Unfortunately Unlike Until Upon "
    "Using Was We Were What When Where Whereas Whether Which While Whilst Who Why Will With Within Would Yet"
)
_COMMON = words(
    "Analyses Analysis Animals Antibodies Blood Cases Cells Controls Data Deaths Experiments Expression Images "
    "Individuals Infections Levels Mice Participants Pigs Plasma Plates Primers Proteins Rats Reads Sampling "
    "Samples Sequences Sera Serum Specimens Subjects Supernatants Tissues Viruses"
)
"""What begins a sentence where a word in small letters is next, and elsewhere a name: "Mol. Cells 31"."""
_LETTERED = words(
    "vitamin vitamins type types group groups hepatitis influenza panel panels class strain grade category phase "
    "stage part appendix subtype clade serotype genotype case model arm cohort protein proteins gene genes factor "
    "chromosome chain domain site lane lanes region segment patient patients compound allele antigen immunoglobulin "
    "cytochrome coenzyme haemophilia hemophilia batch cluster level score lineage variant host hosts image substrain "
    "motif motifs pocket troponin actinomycin kinase cathepsin rotavirus rsv scenario table"
)
"""After these a single capital is a name's end (hepatitis B), not an initial or a genus (B. subtilis)."""

_DEGREES = words("o ° • º ˚ ∘")
_LABEL = re.compile(r"\(?[0-9]{0,2}[A-Z],?")
"""A panel, an influenza virus: of two such letters, none is an initial ("in Fig. 1B and C", "influenza A and B")."""

_COUNTED = words("day days week weeks month months grade grades type types group groups")
"""After these a number is whole: "on day 7. 24 patients" is no decimal that a PDF parser tore, as "3. 5 mg" is."""

_DOTTED = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]{1,2}")
_NUMBERED = re.compile(
    r"[0-9]{1,2}(?:\.[0-9]{1,2})*|"
    r"(?:Supplement(?:ary|al) |Extended Data )?(?:Fig(?:ure)?\.?|Table|Box|Appendix) ?S?[0-9]{1,2}"
)
NAMED_IN_LOWER_CASE = re.compile(r"[a-z]{1,4}[0-9A-Z]|[a-z]-[A-Z]|[α-ω]|(?:[a-h]|i{1,3}|iv|vi?)\)")
"""mRNA, p53, nsp1, hACE2, pH, c-Myc, β-catenin and a legend's (b): what begins a sentence without a capital."""


def split_sentences(text: str) -> list[str]:
    """The sentences of one paragraph, in order, each on one line with single blanks between words.

    Written for English, and kept in order for languages that end and begin sentences as English does: of these,
    abbreviations that are not English are not known, and where a language has capitals for its nouns (German), a stop
    after an abbreviation is taken for an end more often. Ends that no blank follows (Chinese, Japanese, Thai) or that
    have other signs (the Devanagari danda) are not found: there a paragraph stays one sentence.

    Nothing but white space is lost. When in doubt it does not split: two sentences in one harm a
    language model less than half a sentence.
    """
    return split_texts([normalise_space(text)])[0]


def split_texts(texts: Sequence[str]) -> list[list[str]]:
    """``split_sentences`` of each of the texts, which have single blanks between their words already.

    The compiled part passes over every character, and decides at most stops; what it cannot decide is left to
    ``_CANDIDATE`` and ``_ends``, which would decide the others alike.
    """
    encoded = joined(texts)
    rows = np.empty((len(encoded) // 2 + 1, 4), np.int32)  # what is not written takes no memory
    found = library.find_stops(encoded, len(encoded), _KEYS_ADDRESS, len(_KEYS), address(rows))
    sentences: list[list[str]] = [[] for _ in texts]
    number, text, own = -1, "", []
    start = after = 0
    for at, stop, end, verdict in rows[:found].tolist():
        if at != number:
            if start < len(text):
                own.append(text[start:])
            number, text, own = at, texts[at], sentences[at]
            start = after = 0
        if stop < after:
            continue  # the sign before has taken this one
        if verdict != _END:
            if verdict == _UNREAD:
                match = _CANDIDATE.match(text, stop)
                if match is None:
                    continue
                end = after = match.end()
            if not _ends(text, start, stop, end):
                continue
        own.append(text[start : end - 1])
        start = end
    if start < len(text):
        own.append(text[start:])
    for place, whole in enumerate(texts):
        if whole and not sentences[place]:
            sentences[place].append(whole)
    return sentences


def _ends(text: str, start: int, stop: int, following: int) -> bool:
    """Whether the stop at ``stop`` ends the sentence that began at ``start``; the next word is at ``following``."""
    blank = text.find(" ", following)
    following_word = text[following : blank if blank >= 0 else len(text)].lstrip(_OPENING)
    if not following_word:
        return False
    first = following_word[0]
    if first == "." and _DECIMAL.fullmatch(following_word):
        first = following_word[1]
    if not first.isalnum():
        if first in "#~≥≤±>" and text[text.rfind(" ", start, stop) + 1 : stop].lstrip(_OPENING).lower() in ANNOUNCES:
            return False  # "Cat. #10009437", "i.e. ~8-fold"
        return first in "•●■▪◦>§#*±~≥≤" and text[stop] == "."
    if first.islower() and not NAMED_IN_LOWER_CASE.match(following_word):
        return False
    if text[stop] != "." or text.find(").", stop, following) > 0:
        return True

    if stop > start and text[stop - 1] == " ":
        stop -= 1  # PDF parses set stops apart: "Fig . 2"
    before = max(text.rfind(" ", start, stop) + 1, start)
    word = text[before:stop].lstrip(_OPENING)
    if not word:
        return not first.islower()
    lower = word.lower()
    if len(word) > 1 and word.isalpha() and (lower not in ANNOUNCES or word in OTHER_WORDS):
        return True  # as most words
    if lower in NEVER_ENDS or word in NEVER_ENDS_CAPITALISED:
        return False
    is_capitalised = first.isupper() and following_word[1:].rstrip(",").islower()
    is_before_clause = is_capitalised and text[blank + 1 : blank + 2].islower()
    starter = following_word.rstrip(",:;") in _STARTERS or (
        following_word in _COMMON and text[blank + 1 : blank + 2].islower()
    )
    if lower in BEFORE_NUMBER:
        if any(map(str.isdigit, following_word)) or following_word.rstrip(".").lower() in _NUMBER_WORDS:
            return False
        if lower in BEFORE_LETTER and _is_letter(word, following_word):
            return _word_before(text, start, before)[-1:].isdigit() and lower != "deg"
    if _may_end_before_capital(text, start, before, lower, blank, following_word):
        return True
    if lower in SELDOM_ENDS:
        return starter or (lower == "al" and is_before_clause)
    if "." in word and _DOTTED.fullmatch(word):
        if lower in ("a.m", "p.m") and following_word.rstrip(",.").lower() in _CALENDAR:
            return False
        return starter or (lower in MAY_END and is_capitalised)
    if first.isdigit() and word.isdigit() and len(word) != 4:
        return _word_before(text, start, before) in _COUNTED
    if word[-1:].isdigit() and stop - start < 24 and _NUMBERED.fullmatch(text, start, stop):
        return False  # a heading's or a list's number, or a legend's
    if len(word) == 1 and word.isupper():
        return starter or _names_no_person(text, start, before, word, is_before_clause)
    return True


def _is_letter(word: str, following_word: str) -> bool:
    """Whether a letter or a Roman number follows; "A" and "I" begin sentences, too, but not behind "App."."""
    letter = following_word.strip("()[],;:.")
    if letter in ("A", "I"):
        return word[0].isupper() or letter != following_word
    return (len(letter) == 1 and letter.isupper()) or _ROMAN.fullmatch(letter) is not None


def _names_no_person(text: str, start: int, before: int, letter: str, is_before_clause: bool) -> bool:
    """Whether the single capital at ``before`` is a name's end ("hepatitis B"), a unit ("4 ° C") or a panel's, and so
    neither an initial nor a genus."""
    previous = _word_before(text, start, before)
    if previous in _LETTERED or (letter in "CF" and (previous in _DEGREES or previous[-1:] == "°")):
        return True
    if letter == "R" and previous in ("in", "using"):
        return is_before_clause
    if previous in ("and", "or"):
        other = text[max(start, before - 12) : before].split(" ")[-3:-2]
        return bool(other) and other[0].strip("(,")[-1:].isupper() and _LABEL.fullmatch(other[0]) is not None
    return False


def _may_end_before_capital(text: str, start: int, before: int, word: str, blank: int, following_word: str) -> bool:
    """Whether the abbreviation ``word`` at ``before`` ends its sentence, as a word follows that is large only then."""
    if word not in _UNDER_CONDITIONS or not following_word[0].isupper():
        return False
    previous = _word_before(text, start, before)
    if word in ENDS_AFTER_TIME and (previous in _TIMES or previous[-1:].isdigit()):
        return True
    if word in ENDS_AFTER_NUMBER and previous[-1:].isdigit():
        return True
    if not following_word[1:].rstrip(",").islower():
        return False
    if word in ENDS_BEFORE_CAPITAL:
        return True
    if word not in ENDS_BEFORE_CLAUSE or blank < 0:
        return False
    end = text.find(" ", blank + 1)
    if text[blank + 1 : end if end >= 0 else len(text)] not in _VERBS:
        return False
    if previous != "the":
        return True
    return _word_before(text, start, before - len("the ")) in _WHERE


def _word_before(text: str, start: int, place: int) -> str:
    """The word of the sentence begun at ``start`` before the one at ``place``, in small letters."""
    end = max(place - 1, start)
    return text[max(text.rfind(" ", start, end) + 1, start) : end].lower()

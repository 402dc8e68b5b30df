"""Where sentences end in biomedical English: a regular expression proposes, a few rules decide."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

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

_NEVER_ENDS = words(
    "fig figs eq eqs eqn ref refs tab suppl dr drs prof mr mrs ms st vs cf viz approx ca e.g i.e eg ie aka "
    "ext reg fam ord incl excl subsp var cv gen dept univ assoc natl intl supp sect ser eur aka mt ft w.r.t a.k.a "
    "subfam superfam subgen asst pers approv govt"
)
"""A word that announces the next one."""

_SELDOM_ENDS = words(
    "al etc resp spp sp inc ltd co corp plc gmbh jr sr ph.d m.d u.s u.k temp conc wt mol avg max min "
    # of journals' names
    "biol med virol immunol nat proc acad sci commun clin exp chem biochem biophys microbiol infect pharmacol "
    "epidemiol pathol physiol toxicol neurosci genet nutr pediatr oncol cardiol neurol psychiatr surg vet trop hyg "
    "appl environ int annu curr opin lett bull hosp inst symp comm unpubl"
)
"""Ends a sentence only where the next word is one that sentences begin with."""

_BEFORE_NUMBER = words(
    "no nos p pp vol ch sec cat lot par chap v ver aa nt art ed figure figures table equation section supplementary "
    "jan feb mar apr jun jul aug sep sept oct nov dec acc chr rev equiv isol str cats sfig sfigs"
)
"""Announces a number; before anything else an ordinary word."""

_ANNOUNCES = _NEVER_ENDS | _SELDOM_ENDS | _BEFORE_NUMBER
_KEYS = np.array(sorted(word.encode() for word in _ANNOUNCES if word.isalpha()), "S16")
_KEYS_ADDRESS = address(_KEYS)

_MAY_END = words(
    "p.i h.p.i d.p.i hp.i dp.i w.p.i p.c i.v i.p i.m i.n i.c i.t i.d s.c p.o b.w a.m p.m s.d s.e s.e.m b.i.d t.i.d q.d "
    "q.i.d p.r.n r.t b.p w.t s.l v.p r.p.m"
)
"""Ends a sentence before a word that only a sentence's beginning makes large: "24 h p.i. Mice"."""

_CALENDAR = words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december"
)
"""None of these begins a sentence after a time of day: "at 10 p.m. Monday"."""

_NUMBER_WORDS = words("no nos number numbers")

_ENDS_BEFORE_CAPITAL = words("etc u.s.a e.u u.a.e p.r.c d.c a.d b.c")
"""Ends a sentence before any word that is large only at its beginning: "and rats, etc. Samples were taken"."""

_ENDS_AFTER_NUMBER = words("min max hrs sec wt conc temp mol avg")
"""So do these after a number: "for 30 min. Cells were washed"."""

_ENDS_BEFORE_CLAUSE = words("u.s u.k inc ltd co corp plc gmbh ph.d m.d jr sr")
"""So do these if a verb follows that word: a name seldom goes on so ("the U.S. Centers for Disease Control")."""

_VERBS = words(
    "was were is are had has have did do does can could may might will would should must remained showed became rose "
    "fell grew began came"
)
_WHERE = words("in within across throughout from outside to")
"""Before "the U.K.", which is then a place and not the beginning of a name."""

_STARTERS = words(
    "A Accordingly Additionally After All Alternatively Although Among An And As At Because Before Besides Both "
    "Briefly But By Collectively Consequently Conversely Despite Due During Each Finally First Firstly For From "
    "Furthermore Given Hence Here Herein How However If Importantly In Indeed Lastly Later Meanwhile Nonetheless "
    "Previously Remarkably Secondly Specifically Subsequently Surprisingly Unfortunately Whilst "
    "Interestingly It Its Moreover Nevertheless Next No Notably Of On One Other Others Our Overall Patients Recently "
    "Results Second Several She Similarly Since So Some Such Taken That The Their Then There Therefore These They "
    "Third This Those Through Thus To Together Two Under Unlike Until Upon Using We What When Where Whereas "
    "Whether Which While With Within Yet"
)
_LETTERED = words(
    "vitamin vitamins type types group groups hepatitis influenza panel panels class strain grade category phase "
    "stage part appendix subtype clade serotype genotype case model arm cohort protein proteins gene genes factor "
    "chromosome chain domain site lane lanes region segment patient patients compound allele antigen immunoglobulin "
    "cytochrome coenzyme haemophilia hemophilia batch cluster level score lineage variant"
)
"""After these a single capital is a name's end (hepatitis B), not an initial or a genus (B. subtilis)."""

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
    number, start, text = -1, 0, ""
    for at, stop, end, verdict in rows[:found].tolist():
        if at != number:
            if start < len(text):
                sentences[number].append(text[start:])
            number, start, text = at, 0, texts[at]
            after = 0
        if stop < after:
            continue  # the sign before has taken this one
        if verdict == _UNREAD:
            match = _CANDIDATE.match(text, stop)
            if match is None:
                continue
            end = match.end()
        after = end
        if verdict == _END or _ends(text, start, stop, end):
            sentences[number].append(text[start : end - 1])
            start = end
    if start < len(text):
        sentences[number].append(text[start:])
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
    if not first.isalnum():
        if first in "#~≥≤±>" and text[text.rfind(" ", start, stop) + 1 : stop].lstrip(_OPENING).lower() in _ANNOUNCES:
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
    if len(word) > 1 and word.isalpha() and lower not in _ANNOUNCES:
        return True  # as most words
    starter = following_word.rstrip(",:;") in _STARTERS
    if lower in _NEVER_ENDS and not (lower == "ser" and word != lower):  # Ser is serine
        return False
    if _may_end_before_capital(text, start, before, lower, blank, following_word):
        return True
    if lower in _SELDOM_ENDS:
        return starter
    if "." in word and _DOTTED.fullmatch(word):
        if lower in ("a.m", "p.m") and following_word.rstrip(",.").lower() in _CALENDAR:
            return False
        return starter or (lower in _MAY_END and first.isupper() and following_word[1:].rstrip(",").islower())
    if lower in _BEFORE_NUMBER and (
        any(map(str.isdigit, following_word)) or following_word.rstrip(".").lower() in _NUMBER_WORDS
    ):
        return False
    if first.isdigit() and word.isdigit() and len(word) != 4:
        return _word_before(text, start, before) in _COUNTED
    if word[-1:].isdigit() and stop - start < 24 and _NUMBERED.fullmatch(text, start, stop):
        return False  # a heading's or a list's number, or a legend's
    if len(word) == 1 and word.isupper():
        return starter or _word_before(text, start, before) in _LETTERED
    return True


def _may_end_before_capital(text: str, start: int, before: int, word: str, blank: int, following_word: str) -> bool:
    """Whether the abbreviation ``word`` at ``before`` ends its sentence, as a word follows that is large only then."""
    if not (following_word[0].isupper() and following_word[1:].rstrip(",").islower()):
        return False
    if word in _ENDS_BEFORE_CAPITAL:
        return True
    if word in _ENDS_AFTER_NUMBER:
        return _word_before(text, start, before)[-1:].isdigit()
    if word not in _ENDS_BEFORE_CLAUSE or blank < 0:
        return False
    end = text.find(" ", blank + 1)
    if text[blank + 1 : end if end >= 0 else len(text)] not in _VERBS:
        return False
    if _word_before(text, start, before) != "the":
        return True
    article = text.rfind(" ", start, before - 1)
    return _word_before(text, start, article + 1) in _WHERE


def _word_before(text: str, start: int, place: int) -> str:
    """The word of the sentence begun at ``start`` before the one at ``place``, in small letters."""
    end = max(place - 1, start)
    return text[text.rfind(" ", start, end) + 1 : end].lower()

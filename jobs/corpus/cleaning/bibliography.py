"""Entries of a bibliography, and the halves of them that a parse left among sentences."""

from __future__ import annotations

import re

from jobs.corpus.cleaning.word_set import words

_ENTRY = re.compile(
    r"(?>(?:[A-Z][\w'’-]+ [A-Z]{1,3}(?:, | and )){1,12})(?:[A-Z][\w'’-]+ [A-Z]{1,3}|et al)\.|"
    r"(?>(?:[A-Z][\w'’-]+, (?>(?:[A-Z]\.[ -]?){1,3}),? ?(?:and |& |, )?){2,12})(?:et al\.?)? ?(?:[0-9]{1,4} )?"
    r"\(?(?:19|20)[0-9]{2}[a-z]?\)? ?\.?|"
    r"[A-Z][a-z]*+(?>(?: [A-Za-z]++){0,7})\.? (?:(?:19|20)[0-9]{2} ?; ?[0-9]{1,4}(?: ?\([0-9]{1,3}\))?|"
    r"[0-9]{1,4} ?\([0-9]{1,3}\)) ?: ?[0-9]{1,6}(?:[–-][0-9]{1,6})?\.?"
)
"""An entry's authors, or the journal and its pages."""
_PLACE = re.compile(
    r"[0-9]{1,4}(?: ?\([0-9 –-]{1,7}\))? ?[,:;.] ?(?:pp?\.? ?)?e?[0-9]{2,8}(?: ?[–-] ?[0-9]{1,8})?[.,;]?"
    r"(?: ?(?:doi|DOI):? ?\S+)?(?: ?\(?(?:19|20)[0-9]{2}\)?)?[. ]{0,3}(?:[0-9]{1,4})?"
)
"""Volume and page, behind a journal's name."""
_SMALL = words("of and the in for & et al al. de la van von der den di da du le et., al., y e")
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,4}[,;:]?")
_SURNAME = re.compile(r"[A-Z][\w'’-]*[a-z],?")
_YEAR = re.compile(r"\(?(?:19|20)[0-9]{2}[a-z]?\)?[.,;:]?")
_FEWEST_AUTHORS = 2
_WORD_IN_SMALL = re.compile(r"\s[a-z]{4}")
"""None of the above, and most sentences have it soon: found faster than word by word."""


def is_entry(sentence: str) -> bool:
    """Most sentences are passed over by their last two characters: an initial, a number, or "et al."."""
    last = sentence.rstrip(" .)")[-2:]
    if not (last[-1:].isdigit() or last[-1:].isupper() or last == "al"):
        return False
    return _ENTRY.fullmatch(sentence) is not None or _names_journal(sentence) or _names_authors(sentence)


def _names_journal(sentence: str) -> bool:
    """Whether large words are before a volume and its page, and nothing behind: "PLoS One 13, e0200919."."""
    place = 0
    while not sentence[place : place + 1].isdigit():
        end = sentence.find(" ", place)
        if end < 0 or not (sentence[place : place + 1].isupper() or sentence[place:end] in _SMALL):
            return False
        place = end + 1
    return place > 0 and _PLACE.fullmatch(sentence, place) is not None


def _names_authors(sentence: str) -> bool:
    """Whether it is authors, with initials and at most a year: "Ahlgren, N. A., et al. (2016).", "Balcan et al."."""
    if _WORD_IN_SMALL.search(sentence):
        return False
    surnames = initials = years = others = 0
    tokens = sentence.split()
    for token in tokens:
        if token in _SMALL or token in (".", ",", "&", "a,"):
            continue
        if _YEAR.fullmatch(token):
            years += 1
        elif _INITIALS.fullmatch(token):
            initials += 1
        elif _SURNAME.fullmatch(token):
            surnames += 1
        elif token.isdigit():
            others += 1
        else:
            return False
    if others > 1 or not surnames:
        return False
    if "al." in tokens[-1] or tokens[-1] == "al":
        return surnames <= _FEWEST_AUTHORS or initials * 2 >= surnames
    return surnames + years >= _FEWEST_AUTHORS <= initials and initials * 2 >= surnames

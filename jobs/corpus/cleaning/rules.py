"""Text as released -> text as trained on: an ordered list of small pure rules."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from jobs.corpus.cleaning import citations, genotypes, latex, letter_spacing, references
from jobs.corpus.cleaning import preprint_notice as boilerplate
from jobs.corpus.cleaning import publisher_notices as notices
from jobs.corpus.cleaning.cutting import CUT, close_cuts
from jobs.corpus.cleaning.prefilter import Needs
from jobs.corpus.cleaning.symbol_font import read_symbols
from jobs.corpus.cleaning.whitespace import normalise_space
from jobs.unicode_forms import is_normalised, normalised


@dataclass(frozen=True)
class Rule:
    name: str
    apply: Callable[[Sequence[str]], Iterable[str]]
    """What becomes of each of several texts."""
    needs: tuple[str | bytes, ...]
    """A text has one of these patterns of ``Needs``, or the rule leaves it as it is."""


def _each(change: Callable[[str], str]) -> Callable[[Sequence[str]], Iterable[str]]:
    return partial(map, change)


_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def unescape_html(text: str) -> str:
    """HTML entities as characters, twice: the dataset has ``&amp;lt;``.

    Only entities with their semicolon: ``html.unescape`` alone would turn ``R&notch`` into ``R¬ch``.
    """
    for _ in range(2):
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text


_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(_SUPERSCRIPTS + "⁺⁻", "0123456789+-")
# Each begins with the character that is looked for, which is found faster than what precedes it.
_EXPONENT = re.compile(
    rf"[⁺⁻{_SUPERSCRIPTS}](?<=[0-9].)(?:(?<=[⁺⁻])[{_SUPERSCRIPTS}]|(?<=[{_SUPERSCRIPTS}]))[{_SUPERSCRIPTS}]*"
)
_DEGREE = re.compile(r"[º˚](?=\s?[CFK]\b)")
_SPACING_ACCENTS = re.compile(r"[´¨¯¸˘˙˚˛˜˝]")
_AROUND_ACCENTS = re.compile(f"({_SPACING_ACCENTS.pattern})")
_VULGAR_FRACTION = re.compile(r"[¼½¾⅐-⅞](?<=[0-9].)")
_READ_APART = re.compile(f"[⁺⁻{_SUPERSCRIPTS}º˚¼½¾⅐-⅞{_SPACING_ACCENTS.pattern[1:]}")
"""What the patterns above look for."""


def normalise_unicode(text: str) -> str:
    """NFKC, except where it would change what is said.

    It joins what should be one (micro sign and Greek mu, ligatures, full-width forms, ``℃``), leaves Greek
    letters as they are, and makes ``m²`` the usual plain ``m2``. But an exponent would become part
    of its number, so ``10⁵`` is written ``10^5``; ``2½`` becomes ``2 1/2``; the ordinal sign that
    stands for a degree is made one; and spacing accents stay (NFKC would make them blank + accent).
    """
    if text.isascii() or (is_normalised("NFKC", text) and "⁄" not in text):
        return text
    if not _READ_APART.search(text):
        return normalised("NFKC", text).replace("⁄", "/")
    text = _EXPONENT.sub(lambda match: "^" + match[0].translate(_PLAIN), text)
    text = _DEGREE.sub("°", text)
    text = _VULGAR_FRACTION.sub(r" \g<0>", text)
    if _SPACING_ACCENTS.search(text):
        parts = _AROUND_ACCENTS.split(text)
        text = "".join(p if _SPACING_ACCENTS.fullmatch(p) else normalised("NFKC", p) for p in parts)
    else:
        text = normalised("NFKC", text)
    return text.replace("⁄", "/")


_INVISIBLE = re.compile("[\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufffe\uffff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufffd]")


def remove_control_characters(text: str) -> str:
    """Soft hyphens, zero-width and direction marks vanish; other control characters, private-use glyphs
    (symbol fonts in PDFs) and replacement characters leave a blank, since they stood for something."""
    if text.isprintable() and "\ufffd" not in text:
        return text
    return _CONTROL.sub(" ", _INVISIBLE.sub("", text))


_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
# In any case, which is written out, as ignoring it is several times slower; "httpſ" has always been one.
_URL = re.compile(
    r"[hHfFwW](?<!\w.)(?:(?:(?<=[hH])[tT][tT][pP][sSſ]?|(?<=[fF])[tT][pP])\s?:\s?//|(?<=[wW])[wW][wW]\.)\S+"
)
_ADDRESS_SIGNS = ("@", "://", "www.", "WWW.")
_LED_TO = re.compile(rf" (?:at|from|via|on|in):?\s?{CUT}(?=\s?(?:[.;)]|$))")
"""What leads to an address that ends its sentence: "available at https://example.org."."""
_URL_TAIL = ".,;:!?)]}>\"'"


def remove_addresses(text: str) -> str:
    """URLs and e-mail addresses go; the punctuation that follows them and an emptied bracket do not stay wrong."""
    if not any(map(text.__contains__, _ADDRESS_SIGNS)):
        return text

    def without_tail(match: re.Match[str]) -> str:
        address = match[0]
        return CUT + address[len(address.rstrip(_URL_TAIL)) :]

    text = _URL.sub(without_tail, text.replace(CUT, " "))
    text = _EMAIL.sub(CUT, text) if "@" in text else text
    text = close_cuts(_LED_TO.sub(CUT, text))
    return text.replace("<>", "")


_ENOUGH = 16
"""Characters of a longer anchor tell enough."""


def _literally(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(re.escape(text[:_ENOUGH]) for text in texts)


_OTHER_CONTROLS = (
    *(b"\xc2[\x80-\x84\x86-\x9f\xad]", b"\xe2\x80[\x8b-\x8f\xaa-\xae]", b"\xe2\x81[\xa0-\xaf]"),
    *(b"\xee", b"\xef[\x80-\xa3\xbb\xbf]"),  # private use; U+FEFF, U+FFFD to U+FFFF
)
_OTHER_BLANKS = (
    *(b"\xc2[\x85\xa0]", b"\xe1\x9a\x80", b"\xe2\x80[\x80-\x8a\xa8\xa9\xaf]", b"\xe2\x81\x9f", b"\xe3\x80\x80"),
)
_OTHER_FORMS = (
    *(b"\xc2[\xa0\xa8\xaa\xaf\xb2-\xb5\xb8-\xba\xbc-\xbe]", b"\xce[\x84-\x87]", b"\xcf[\x90-\xbf]"),
    *(b"\xe2\x80[\x80-\x8a\x91\x97\xa4-\xbf]", b"\xe2\x88[\xac-\xb0]", b"\xe2[\x81-\x86\x8c\x91-\x93\xa8-\xbf]"),
    b"[\xc4-\xcd\xd0-\xe1\xe3-\xf4]",
)
"""Beyond ASCII, in UTF-8: the last are what may have another form in NFKC, alone or behind another character."""

RULES = (
    Rule(
        "symbols", _each(read_symbols), (b"\xef[\x80-\x83]", "³".encode())
    ),  # private use of symbols: U+F020 to U+F0FF
    Rule("html", _each(unescape_html), ("&",)),
    Rule("latex", _each(latex.plain_formulas), latex.NEEDS),
    Rule("citations", _each(citations.remove_citations), citations.NEEDS),
    Rule("references", _each(references.remove_references), references.NEEDS),
    Rule("unicode", _each(normalise_unicode), _OTHER_FORMS),
    Rule("control", _each(remove_control_characters), ("[\x00-\x08\x0e-\x1b\x7f]", *_OTHER_CONTROLS)),
    Rule("boilerplate", boilerplate.remove_boilerplate, _literally(boilerplate.ANCHORS)),
    Rule("notices", _each(notices.remove_notices), _literally(notices.ANCHORS)),
    Rule("addresses", _each(remove_addresses), _literally(_ADDRESS_SIGNS)),
    Rule("genotypes", _each(genotypes.complete_knockouts), genotypes.NEEDS),
    Rule("letter_spacing", _each(letter_spacing.join_spaced_letters), letter_spacing.NEEDS),
    Rule("space", _each(normalise_space), ("^ ", "  ", " $", "[\t-\r\x1c-\x1f]", *_OTHER_BLANKS)),
)
"""In the order in which they apply to a paragraph: glyphs are read before anything erases them, superscripts are
citations while they are superscripts, boilerplate is recognised with its addresses still in it."""

_NEEDS = Needs([rule.needs for rule in RULES])


def clean_each(texts: Sequence[str], changed: Counter[str] | None = None) -> list[str]:
    """``texts`` after every rule; ``changed`` counts, by rule name, those that a rule changed."""
    cleaned = list(texts)
    met = _NEEDS.met(cleaned)
    for number, rule in enumerate(RULES):
        places = met[:, number].nonzero()[0].tolist()
        if not places:
            continue
        altered = []
        for place, after in zip(places, rule.apply([cleaned[place] for place in places]), strict=True):
            if after != cleaned[place]:
                cleaned[place] = after
                altered.append(place)
        if altered:
            met[altered, number + 1 :] = _NEEDS.met([cleaned[place] for place in altered], number + 1)
            if changed is not None:
                changed[rule.name] += len(altered)
    return cleaned


def clean(text: str) -> str:
    """``text`` after every rule."""
    return clean_each([text])[0]

"""References to figures, tables, equations and supplements: in brackets, "(see Table S1)", and as whole sentences."""

from __future__ import annotations

import re
from itertools import product

from jobs.corpus.cleaning.cutting import CUT, close_cuts


def _any_case(words: str) -> str:
    """An alternation, each word small, capitalised or large. (Ignoring case is several times slower.)"""
    return "|".join(f"[{word[0]}{word[0].upper()}]{word[1:]}|{word.upper()}" for word in words.split())


_THINGS = (
    "figures figure figs fig tables table tabs tab equations equation eqns eqn eqs eq supplementary supplemental "
    "supplements supplement suppl supp movies movie videos video schemes scheme appendix appendices datasets dataset"
)
_COMPANIONS = (
    "data files file information info materials material methods method texts text notes note online section panels "
    "panel left right top bottom upper lower middle inset see also and or to in the main compare cf"
)
_REQUESTS = "insert about near here legend legends caption captions"
_THING = rf"(?:(?:{_any_case(_THINGS)}|[Ee]xtended\s[Dd]ata|[Aa]dditional\s[Ff]iles?)\b\.?)"
_COMPANION = rf"(?:(?:{_any_case(_COMPANIONS)}|e\.g|i\.e)\b\.?)"
_DESIGNATOR = r"(?:[Ss]?[0-9]{1,3}(?:\.[0-9]{1,2})?[A-Za-z]{0,3}|[A-Za-z][0-9]{0,2}|[ivxIVX]{1,4})\b[’'′]?"
MARK = "\x02"
"""On both sides of a reference that the parse marked."""

_TOKEN = rf"(?:{MARK}[^{MARK}]*+{MARK}|{_DESIGNATOR}|{_THING}|{_COMPANION})"
_RUN = rf"(?:(?![)\]])(?>{_TOKEN})[\s,;:&–‐./-]*+)"
_ALONE = re.compile(rf"[(\[]\s*+(?>{_RUN}{{1,24}})[)\]]")
_FIRST = re.compile(rf"^[(\[]\s*+{_RUN}{{1,8}}(?:(?<=[,;]\s)|(?<=[,;]\s\s))")
_LAST = re.compile(rf"[,;]\s*+(?>{_RUN}{{1,8}})(?=[)\]]$)")
# Not equivalents: "(2.5 eq)".
_NAMES_ONE = re.compile(rf"{MARK}|(?<![0-9])(?<![0-9] )\b(?=[Ee][Qq]){_THING}|\b(?![Ee][Qq]){_THING}")
_BETWEEN = r"[\s,;:&–‐./()\[\]-]*+"
_LABEL = re.compile(
    rf"{_BETWEEN}(?>(?:(?:{_TOKEN}|{_any_case(_REQUESTS)}|[0-9.]++)"
    rf"(?:(?=\W)|$){_BETWEEN}){{1,16}})"
)
_BEGINNING = 3
"""Characters."""
_BEGINNINGS = {word[:_BEGINNING] for word in f"{_THINGS} {_COMPANIONS} {_REQUESTS} extended additional".split()}
_BEGINNINGS |= set(map("".join, product("ivx", repeat=_BEGINNING)))
"""How a label begins, where it begins with three letters: most sentences are passed over by it."""
LONGEST_LABEL = 80
"""Characters of a sentence that may be a label: what is longer is not looked at."""
# Parts of the names, of those in capitals the usual three: most brackets are passed over by them. Each is in two, the
# second from its rarest letter on, which is looked for.
_HINTS = (
    ("", MARK), ("[Ff]i", "g"), ("[Tt]a", "b"), ("u", "pp"), ("[Ee]", "q"), ("", "dditional"), ("i", "deo"),
    ("o", "vie"), ("", "ppend"), ("che", "me"), ("", "xtended"), ("ata", "set"), ("FI", "G"), ("TA", "B"), ("U", "PP"),
)  # fmt: skip
_BRACKETS, _ROUND_BRACKETS = (re.compile(rf"{opening}[^()\[\]]{{3,300}}[)\]]") for opening in (r"[(\[]", r"\("))
"""The second finds its sign faster, and most texts have no other."""
_HINT = re.compile("|".join(rf"{rest[0]}(?<={first}{rest[0]}){rest[1:]}" for first, rest in _HINTS))
NEEDS = (CUT, *(rf"[(\[][^()\[\]]*{first}{rest}" for first, rest in _HINTS))


def remove_references(text: str) -> str:
    """What else the bracket says stays: "(Fig. 2; P < 0.05)" becomes "(P < 0.05)"; and so does
    a reference that is part of the sentence: "as Fig. 2 shows".
    """
    return close_cuts((_BRACKETS if "[" in text else _ROUND_BRACKETS).sub(_shortened, text))


def is_label(sentence: str) -> bool:
    """Whether it says nothing but what is to be looked at: "Table 1 ).", "[ Figure 2 near here]"."""
    beginning = sentence[:_BEGINNING]
    if len(sentence) > LONGEST_LABEL or (beginning.isalpha() and beginning.lower() not in _BEGINNINGS):
        return False
    return bool(_LABEL.fullmatch(sentence)) and bool(_NAMES_ONE.search(sentence))


def _shortened(match: re.Match[str]) -> str:
    content = match[0]
    if MARK not in content and not (_HINT.search(content) and _NAMES_ONE.search(content)):
        return content
    if content[1:-1].split(MARK)[::2] == ["", ""] or _ALONE.fullmatch(content):  # as most are marked as one
        return CUT
    return _LAST.sub(_drop_if_named, _FIRST.sub(_drop_if_named, content))


def _drop_if_named(match: re.Match[str]) -> str:
    """The bracket that it begins with stays."""
    return match[0][:1].strip(",;") if _NAMES_ONE.search(match[0]) else match[0]

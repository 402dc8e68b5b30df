"""How a paper cites, told from all of it, and the citations of that style that neither parse nor shape give away.

"(12, 13)" and "growth 42,43 ." are citations in one paper and numbers in another. What the parse marked tells which;
where it marked nothing, numbers in parentheses that run from 1 up through the text, several in some of them, do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from jobs.corpus.cleaning.citations import is_needed
from jobs.corpus.cleaning.cutting import CUT, close_cuts
from jobs.corpus.cleaning.intervals import is_interval
from jobs.corpus.cleaning.prefilter import Needs
from jobs.corpus.cleaning.word_set import words
from jobs.corpus.documents.paragraph import Paragraph

_NUMBER = r"[1-9][0-9]{0,2}"
_JOIN = r"\s?[,;–‐-]\s?"
# Each begins with one character, which is found faster than a set or what lies behind.
_GROUP = re.compile(
    r"\((?=\s?[1-9])(?:(?<=[A-Za-z0-9)\]”’%\"']\()|(?<=[A-Za-z0-9)\]”’%\"'] \())"
    rf"\s?{_NUMBER}(?>(?:{_JOIN}{_NUMBER})*)\s?\)(?=\s?[.,;:)]|\s|$)"
)
# A lone stop may begin a preprint's notice, before which a line's number stands.
_BARE = re.compile(
    rf" [1-9](?<=[a-z]{{2}}[a-z)\]”’] [1-9])[0-9]{{0,2}}(?:(?>(?:{_JOIN}{_NUMBER})+)(?=\s?[.,;:)]\s|\s?[.,;]?$)|"
    r"(?=\s[.,;](?:\s(?!CC-|https?:|The copyright|i?It? is)|$)))"
)
_AFTER_STOP = re.compile(r"\.[1-9](?<=[a-z]{5}\.[1-9])[0-9]{0,2}(?=\s[A-Z])")
# Nothing is counted by what only opens a sentence.
_OPENINGS = (
    "The|In|This|These|However|We|It|As|For|To|Thus|Therefore|Although|While|When|Moreover|Furthermore|Additionally|"
    "Here|Our|There|Since|If|Because|Indeed|Interestingly|Similarly|Finally|Hence|Such|They|Their|Its|On|At|By|From|"
    "With|During|After|Despite|Another|An|A|Of|Recently|Also|Importantly|Notably|Consequently|Meanwhile|Overall|"
    "Specifically|Where|That|Both"
)
_BEFORE_OPENING = re.compile(
    rf"\. [1-9](?<=[a-z)\]”’]\. [1-9])[0-9]{{0,2}}(?>(?:{_JOIN}{_NUMBER})*)(?=\s(?:{_OPENINGS})[,\s])"
)
_BEFORE_WORD = re.compile(
    rf" [1-9](?<=[a-z]{{3}}[a-z)\]”’] [1-9])[0-9]{{1,2}}(?>(?:{_JOIN}{_NUMBER})*)"
    r"(?=\s(?:is|was|are|has|that|which|to|by|for|with|on|in|and|as|from|using|may|can|we|who|but)\s)"
)
"""Behind a noun in the middle of a sentence; of two digits, as most smaller numbers name or count something."""
_AFTER_COMMA = re.compile(rf",[1-9](?<=[a-z]{{5}},[1-9])[0-9]{{0,2}}(?>(?:[,–-]{_NUMBER})*)(?=\s[a-z])")
_BARE_NUMBERS = (_BARE, _AFTER_STOP, _BEFORE_OPENING, _AFTER_COMMA, _BEFORE_WORD)
_NEEDS = Needs(
    [
        ("[a-z][a-z][a-z)\\]”’] [1-9]",),
        ("[a-z][a-z][.][1-9][0-9]*[\\s][A-Z]",),
        ("[a-z)\\]”’][.] [1-9]",),
        ("[a-z][a-z],[1-9]",),
        ("[a-z][a-z][a-z][a-z)\\]”’] [1-9][0-9]",),
    ]
)
"""What each of them needs of a text."""
_GOES_ON = re.compile(r",?\s(?:and|or|to)\s[0-9]")
_EACH = re.compile(_NUMBER)
_YEAR = re.compile(r"(?:19|20)(?<!\w..)[0-9]{2}")

_QUARTER = 4
_FEWEST_MARKS = 5
_FEWEST_GROUPS, _FEWEST_LISTS = 12, 3
"""Citations of an unmarked paper: groups in parentheses, and those with several numbers, which equations and lists
lack."""
_FEWEST_STEPS, _MANY_STEPS, _LONGEST_STEP = 8, 15, 6
"""Steps to the next number in a paper of which the parse lost the first ones, and how long they may be."""
_FEWEST_FILLED = 5
"""Numbers that no mark has and bare ones do, at least."""
_HIGHEST = 8
_WIDE = 20
_BEYOND = 5
"""An unmarked number is at most so much higher than the highest that is known to be a citation."""
BEFORE_QUANTITIES = words(
    "for after before until was were is are be been had have has about approximately around least most only "
    "between all over nearly some every first last next those these the a an into within than equals equal"
)
LABELS = words(
    "day days week weeks month months year years figure figures fig table tables group groups type types "
    "grade grades stage phase class panel step steps aged age number no nos equation equations eq lane level "
    "log chapter section version line score cycle cycles residue residues position positions amino acid exon "
    "exons parameter parameters variant variants isoform isoforms compound compounds vitamin experiment "
    "experiments case lines lanes panels patient"
)
"""A number after one of these is its own."""
_COUNTED = LABELS | BEFORE_QUANTITIES
_NAMED_OR_COUNTED = _COUNTED | words(
    "january february march april june july august september october november december spring summer autumn winter "
    "which whom who that there found detected exceeding using including scored among remaining below above under here "
    "particular when where protein proteins codon codons helix strain strains helices values value scores only than "
    "minutes hours minus plus times overall total followed include includes included yielded gave reached reaching "
    "serves contains containing additional another other hour sites site nucleotide nucleotides product products"
)
"""After one of these a number in a sentence's middle is a name's or a quantity, too."""
_NUMBERED_KIND = ("amide", "amides", "ester", "esters", "aldehyde", "aldehydes", "acid", "acids", "virus", "viruses")
"""So it is after these endings: compounds have numbers, and viruses ("enterovirus 68")."""


@dataclass(frozen=True)
class CitationStyle:
    """``bare`` numbers, as superscripts come out of a PDF; numbers in ``parentheses``; both up to ``highest``."""

    bare: bool = False
    parentheses: bool = False
    highest: int = 0


def style_of(paragraphs: Sequence[Paragraph]) -> CitationStyle:
    """The style of a paper, given as its paragraphs. A quarter of the marks tells a style, in 449 papers."""
    marks = bare = parentheses = others = 0
    marked: set[int] = set()
    for paragraph in paragraphs:
        text = paragraph.text
        for start, end in paragraph.cite_spans:
            marks += 1
            span = text[start:end]
            others += "[" in span or (len(span) > 3 and _YEAR.search(span) is not None)
            core = span.strip("()[],;. ")
            if not core.isdecimal():  # "²" is a digit, but no number
                continue
            marked.add(int(core[:3]))
            before = text[max(0, start - 1) : start]
            bare += span.rstrip(",").isdigit() and before not in ("[", "(")
            parentheses += span.startswith("(") or before == "("
    # Many a mark is the number of a line; numbers in parentheses are equations where citations are of another style.
    is_other = others >= _FEWEST_MARKS and others * 4 >= 3 * marks
    runs = CitationStyle() if is_other else _running(paragraph.text for paragraph in paragraphs)
    if marks == 0:
        return runs
    highest = max(marked, default=0)
    is_bare = bare * _QUARTER >= marks or _fills_gaps(paragraphs, marked, highest)
    in_parentheses = runs.parentheses or parentheses * _QUARTER >= marks >= _FEWEST_MARKS
    return CitationStyle(is_bare, in_parentheses, runs.highest or highest)


def _fills_gaps(paragraphs: Sequence[Paragraph], marked: set[int], highest: int) -> bool:
    """Whether bare numbers are those that no mark has, in their order.

    Parses write a range of superscripts out, "[13] [14] [15]", and leave single ones unmarked.
    """
    missing = set(range(1, highest + 1)) - marked
    if len(missing) < _FEWEST_FILLED:
        return False
    firsts: dict[int, None] = {}
    for paragraph in paragraphs:
        for match in _BARE.finditer(paragraph.text):
            firsts |= dict.fromkeys(number for number in _numbers(match[0]) if number in missing)
    order = list(firsts)
    rising = sum(earlier < later for earlier, later in pairwise(order))
    return len(order) >= _FEWEST_FILLED and len(order) * 2 >= len(missing) and rising * 5 >= 4 * (len(order) - 1)


def _running(texts: Iterable[str]) -> CitationStyle:
    """The style told by numbers that count up, each as it is first cited: from 1, or so many of them in so short steps
    that the first ones were lost. (Residues of a protein are not cited so.)
    """
    groups = lists = 0
    cited: dict[int, None] = {}
    firsts: dict[int, None] = {}
    for text in texts:
        for match in _GROUP.finditer(text):
            numbers = _numbers(match[0])
            if _is_wide(match[0], numbers):
                continue
            groups += 1
            lists += len(numbers) > 1
            cited |= dict.fromkeys(range(numbers[0], numbers[1] + 1) if _is_range(match[0], numbers) else numbers)
            firsts |= dict.fromkeys(numbers[:1])
    order = list(cited)
    if groups < _FEWEST_GROUPS or lists < _FEWEST_LISTS or max(order) < _HIGHEST:
        return CitationStyle()
    rising = sum(earlier < later for earlier, later in pairwise(order))
    if not (rising * 5 >= 4 * (len(order) - 1) and len(order) * 10 >= 7 * max(order)) and not _steps_on(list(firsts)):
        return CitationStyle()
    return CitationStyle(parentheses=True, highest=_highest(sorted(order)))


def _steps_on(firsts: Sequence[int]) -> bool:
    """Whether most numbers are a short step from the one before: two thirds, or of many three fifths."""
    steps = len(firsts) - 1
    near = sum(0 < later - earlier <= _LONGEST_STEP for earlier, later in pairwise(firsts))
    return near >= _FEWEST_STEPS and (near * 3 >= 2 * steps or (near >= _MANY_STEPS and near * 5 >= 3 * steps))


def _highest(ordered: Sequence[int]) -> int:
    """The last number before a gap that no bibliography has."""
    place = len(ordered) // 2
    while place + 1 < len(ordered) and ordered[place + 1] - ordered[place] <= _WIDE:
        place += 1
    return ordered[place]


def remove_in_style(texts: Sequence[str], style: CitationStyle) -> list[str]:
    """The ``texts`` without the citations of the paper's style that are not marked; what a sentence needs stays."""

    def without(pattern: re.Pattern[str], text: str) -> str:
        return close_cuts(pattern.sub(partial(_unless_needed, style.highest), text))

    cleaned = [without(_GROUP, text) if "(" in text else text for text in texts] if style.parentheses else list(texts)
    if style.bare:
        met = _NEEDS.met(cleaned)
        for number, pattern in enumerate(_BARE_NUMBERS):
            for place in met[:, number].nonzero()[0].tolist():
                after = without(pattern, cleaned[place])
                if after != cleaned[place]:
                    cleaned[place] = after
                    met[place, number + 1 :] = True  # it may have what the others need now
    return cleaned


def _unless_needed(highest: int, match: re.Match[str]) -> str:
    text, group = match.string, match[0]
    start = match.start() + len(group) - len(group.lstrip())
    numbers = _numbers(group)
    if numbers != sorted(numbers) or numbers[-1] > highest + _BEYOND or _is_wide(group, numbers):
        return group
    if match.re is _BEFORE_WORD and _is_named(text, start):
        return group
    if is_needed(text, start, group.strip()) or _is_label(text, start) or _GOES_ON.match(text, match.end()):
        return group
    if group.lstrip()[0] != "(" and text.rfind("(", 0, start) > text.rfind(")", 0, start):
        return group  # "(plants 3, 5)"
    return group if is_interval(text, start, group.strip()) else group[0].strip(" (") + CUT


def _numbers(group: str) -> list[int]:
    return [int(number) for number in _EACH.findall(group)]


def _is_range(group: str, numbers: Sequence[int]) -> bool:
    return len(numbers) == 2 and "," not in group and ";" not in group and numbers[0] < numbers[1]


def _is_wide(group: str, numbers: Sequence[int]) -> bool:
    """Whether it is a range of more than one cites at a time: of residues, say."""
    return _is_range(group, numbers) and numbers[1] - numbers[0] >= _WIDE


def _is_label(text: str, start: int) -> bool:
    word = text[max(0, start - 16) : start].rstrip().rpartition(" ")[2]
    return word.lower().strip(".(") in _COUNTED


def _is_named(text: str, start: int) -> bool:
    word = text[max(0, start - 16) : start].rstrip().rpartition(" ")[2].lower()
    return word in _NAMED_OR_COUNTED or word.endswith(_NUMBERED_KIND)

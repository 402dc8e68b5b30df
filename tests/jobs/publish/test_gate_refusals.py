"""The gate lets through what agrees and refuses, naming it, what does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.publish.gate import ADVERSARIAL, check_logits, check_tokenizers

MLM = np.linspace(-9, 9, 2 * 3 * 5).reshape(2, 3, 5)
NSP = np.array([[0.5, -0.5], [2.0, 1.0]])


def by_character(text: str) -> list[int]:
    return [ord(character) for character in text]


def test_equal_tokenizers_pass_and_are_counted() -> None:
    agreement = check_tokenizers(by_character, by_character, ["one", "two words"])
    assert agreement.sentences == 2 + len(ADVERSARIAL)
    assert agreement.ids == len("one") + len("two words") + sum(map(len, ADVERSARIAL))


def test_the_first_difference_is_shown() -> None:
    with pytest.raises(ConfigurationError, match=r"piece 1 of 'aBc': training \[66, 99\], exported \[98, 99\]"):
        check_tokenizers(by_character, lambda text: by_character(text.lower()), ["abc", "aBc"])


def test_a_shorter_sequence_differs() -> None:
    with pytest.raises(ConfigurationError, match=r"piece 2 of 'abc'"):
        check_tokenizers(by_character, lambda text: by_character(text)[:2], ["abc"])


def test_a_difference_outside_the_corpus_is_found() -> None:
    with pytest.raises(ConfigurationError, match=r"tokenizer\.json"):
        check_tokenizers(by_character, lambda text: by_character(text.replace("\ue000", "")), ["plain text"])


def test_no_corpus_is_no_proof() -> None:
    with pytest.raises(ConfigurationError, match="no corpus sentence"):
        check_tokenizers(by_character, by_character, [])


def test_close_logits_pass_and_are_measured() -> None:
    agreement = check_logits((MLM, NSP), (MLM + 5e-5, NSP - 2e-5))
    assert (agreement.examples, agreement.mlm_logits) == (2, 30)
    assert agreement.mlm_max_difference == pytest.approx(5e-5)
    assert agreement.nsp_max_difference == pytest.approx(2e-5)


@pytest.mark.parametrize(
    ("exported", "reason"),
    [
        ((np.where(MLM == 9, 9.0002, MLM), NSP), "MLM logits differ from training's by up to 0.0002"),
        ((MLM, NSP + np.diag([0, 1e-3])), "NSP logits differ from training's by up to 0.001"),
        ((np.where(MLM == 9, np.nan, MLM), NSP), "MLM logits differ from training's by up to nan"),
        ((MLM[:, :2], NSP), r"MLM logits have shape \(2, 2, 5\)"),
    ],
    ids=["one-mlm-logit", "one-nsp-logit", "nan", "shape"],
)
def test_other_logits_are_refused(exported: tuple[NDArray[Any], NDArray[Any]], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        check_logits((MLM, NSP), exported)


def test_no_example_is_no_proof() -> None:
    with pytest.raises(ConfigurationError, match="no held-out example"):
        check_logits((MLM[:0], NSP[:0]), (MLM[:0], NSP[:0]))

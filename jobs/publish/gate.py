"""What must hold before a model is published: rule 9, "the published tokenizer is the training tokenizer".

Pure comparisons that raise. The refusals are ``ConfigurationError``: a repetition would find the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError

LOGIT_TOLERANCE = 1e-4
"""Largest absolute difference. float32 rounding made up to 4e-5 of it (base and large, logits to ±21);
the erf form of gelu makes 6e-4."""

ADVERSARIAL = (
    "COVID-19 covid-19 Covid-19 SARS-CoV-2",
    "naïve naïve café cafe\u0301 Müller ÅNGSTRÖM İstanbul straße",
    "IFN-γ, TNF-α and IL-1β; Δ32 µg/mL ≥10⁻⁶ χ² β₂",
    "新型コロナウイルス (新冠肺炎) 코로나 \U0002b820\U0002b921 豈",
    "🦠😷👩‍⚕️ 🇮🇹 \U0001f9ec",
    '"quotes" “curly” «guillemets» ‘single’ … – — ― ‐ ·•† $5+3=8 ^`~|<>',
    "a\u00a0b\u2009c\u3000d\u2028e\u2029f\tg\r\nh\u000bi\u0085j",
    "soft\u00adhyphen zero\u200bwidth \ufeffbom re\ufffdplaced nul\x00 bell\x07 \u202eright-to-left",
    "\ue000 private\ue001use \U000f0000 \U0010fffd \ufdd0 \u0378 \u1c80",
    "ٱلْعَرَبِيَّة עִבְרִית हिन्दी ไทย ქართული",
    "[CLS] text [MASK] more [SEP] [PAD] [UNK] [mask] ##ing ## #",
    f"{'x' * 100} {'x' * 101} {'y' * 200} {'y' * 201} {'ACGT' * 60}",
    "https://doi.org/10.1101/2020.03.22.002386v1?x=[1]&y={2}",
    "",
    " \t ",
)
"""Text at the tokenizers' edges, compared besides the corpus's: a small corpus may hold none of it."""

Encode = Callable[[str], list[int]]


@dataclass(frozen=True)
class TokenizerAgreement:
    sentences: int
    ids: int


@dataclass(frozen=True)
class LogitAgreement:
    examples: int
    mlm_logits: int
    mlm_max_difference: float
    nsp_max_difference: float


def check_tokenizers(training: Encode, exported: Encode, corpus: Iterable[str]) -> TokenizerAgreement:
    """Both give the same ids for every corpus sentence and for ``ADVERSARIAL``; special tokens' names are text.

    Raises ``ConfigurationError`` with the first sentence that differs, or when ``corpus`` is empty.
    """
    sentences = list(corpus)
    if not sentences:
        raise _refusal("tokenizer.json", "there is no corpus sentence to compare it on")
    ids = 0
    for sentence in (*sentences, *ADVERSARIAL):
        expected, found = training(sentence), exported(sentence)
        if expected != found:
            at = next((i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), None)
            at = min(len(expected), len(found)) if at is None else at
            raise _refusal(
                "tokenizer.json",
                f"ids differ from training's at piece {at} of {_excerpt(sentence)}: "
                f"training {expected[at : at + 3]}, exported {found[at : at + 3]}",
            )
        ids += len(expected)
    return TokenizerAgreement(len(sentences) + len(ADVERSARIAL), ids)


def check_logits(
    training: tuple[NDArray[Any], NDArray[Any]],
    exported: tuple[NDArray[Any], NDArray[Any]],
    tolerance: float = LOGIT_TOLERANCE,
) -> LogitAgreement:
    """MLM logits [B, P, V] and NSP logits [B, 2] of either side differ by at most ``tolerance``.

    Raises ``ConfigurationError`` when they differ by more, in shape, are not finite or are none at all.
    """
    differences = []
    for head, expected, found in zip(("MLM", "NSP"), training, exported, strict=True):
        if expected.shape != found.shape:
            raise _refusal("model.safetensors", f"{head} logits have shape {found.shape}, training's {expected.shape}")
        if not expected.size:
            raise _refusal("model.safetensors", "there is no held-out example to compare logits on")
        difference = float(np.abs(expected.astype(np.float64) - found.astype(np.float64)).max())
        if not difference <= tolerance:  # so that a NaN is refused
            raise _refusal(
                "model.safetensors",
                f"{head} logits differ from training's by up to {difference:.3g}, allowed are {tolerance:g}",
            )
        differences.append(difference)
    mlm, _ = training
    return LogitAgreement(len(mlm), int(mlm.size), *differences)


def _excerpt(sentence: str) -> str:
    return repr(sentence if len(sentence) <= 80 else f"{sentence[:80]}…")


def _refusal(thing: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        thing, f"{reason}; nothing is published", "report this: the export does not reproduce the trained model"
    )

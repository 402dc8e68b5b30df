"""Which characters words are made of, and what they are folded to, as the compiled part of screening looks them up."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_SEVERAL = 0xFFFF


@cache
def folded_letters() -> NDArray[np.uint16]:
    """By character of the basic plane: what it is when its case is folded, where that is a letter or digit; else 0.

    ``_SEVERAL`` where it is folded to several characters.
    """
    folded = [chr(code).casefold() for code in range(0xFFFF)]
    return np.array([_code(text) for text in folded], np.uint16)


def _code(folded: str) -> int:
    if len(folded) > 1:
        return _SEVERAL
    return ord(folded) if folded.isalnum() else 0

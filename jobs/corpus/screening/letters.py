"""Which characters words are made of, as the compiled part of screening looks them up."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def letters_and_digits() -> NDArray[np.bool_]:
    """Whether a character of the basic plane is a letter or digit; the last entry serves the planes above."""
    return np.array([chr(code).isalnum() for code in range(0xFFFF)] + [True])

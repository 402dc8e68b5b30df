"""MinHash: how alike two texts are, from 256 bytes of each.

Broder, "On the resemblance and containment of documents" (1997): the chance that the smallest hashed
shingle of two texts is the same one equals the Jaccard similarity of their shingles. Of each smallest
hash 16 bits are kept (b-bit minwise hashing, Li and König 2010); by chance these agree once in 65,536.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.corpus.screening.letters import folded_letters
from jobs.corpus.screening.native import library
from jobs.native import address, joined

SHINGLE_WORDS = 3
"""On a sample of CORD-19 the PDF and the PMC parse of one paper share 65 to 94 % of their runs of three words
(of five words 59 to 93 %); of 180,000 pairs of different papers four share more than 10 %, one of them 68 %."""

PERMUTATIONS = 128
"""The estimate of a similarity s is off by sqrt(s * (1 - s) / 128): by 0.035 at 0.8."""

_WINDOW = 1 << 16
"""Characters after which a word ends, even one that goes on."""


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64 bits in which every input bit moves every output bit (MurmurHash3's finaliser)."""
    values = values ^ (values >> np.uint64(33))
    values *= np.uint64(0xFF51AFD7ED558CCD)
    values ^= values >> np.uint64(33)
    values *= np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


# Permutation i of 32-bit values is x -> x * _FACTORS[i] + _TERMS[i]. Numbers of our own making: they are
# part of the format, and NumPy's generators may change.
_NUMBERS = _mixed(np.arange(1, 2 * PERMUTATIONS + 1, dtype=np.uint64)).astype(np.uint32)
_FACTORS = _NUMBERS[:PERMUTATIONS] | np.uint32(1)
_TERMS = _NUMBERS[PERMUTATIONS:]
# The factor of a word's n-th character, and of a shingle's n-th word.
_CHARACTER = _mixed(np.arange(1001, 1065, dtype=np.uint64))
_PLACE = _mixed(np.arange(2001, 2001 + SHINGLE_WORDS, dtype=np.uint64))


def word_hashes(texts: Iterable[str]) -> NDArray[np.uint64]:
    """A hash of each word, in order. A word is a run of letters and digits, case folded: what stays the
    same when a text is set anew. Of a word longer than 64 characters the rest is hashed without its order.
    """
    texts = list(texts)
    hashes = _hashes(texts, is_folded=False)
    if hashes is None:
        hashes = _hashes(["\n".join(texts).casefold()], is_folded=True)
    return np.zeros(0, np.uint64) if hashes is None else hashes


def _hashes(texts: Sequence[str], *, is_folded: bool) -> NDArray[np.uint64] | None:
    """None where the texts must be folded first, as that changes their length."""
    encoded = joined(texts)
    hashes = np.empty(len(encoded) // 2 + 2, np.uint64)  # what is not written takes no memory
    arguments = (address(folded_letters()), is_folded, address(_CHARACTER), address(hashes))
    words = library.hash_words(encoded, len(encoded), _WINDOW, *arguments)
    return None if words < 0 else hashes[:words]


def signature(words: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """``PERMUTATIONS`` numbers of 16 bits, a pure function of the set of runs of ``SHINGLE_WORDS`` words.

    ``words`` are their hashes; a shorter text counts as one run.
    """
    if len(words) < SHINGLE_WORDS:
        words = np.concatenate([words, np.zeros(SHINGLE_WORDS - len(words), np.uint64)])
    smallest = np.empty(PERMUTATIONS, np.uint32)
    runs, numbers = len(words) - SHINGLE_WORDS + 1, (address(_FACTORS), address(_TERMS))
    library.smallest_hashes(address(words), runs, address(_PLACE), SHINGLE_WORDS, *numbers, address(smallest))
    # The high bits of a minimum are nearly all zero; the low ones tell minima apart.
    return smallest.astype(np.uint16)


def similarities(one: NDArray[np.uint16], others: NDArray[np.uint16]) -> NDArray[np.float64]:
    """The estimated Jaccard similarity, from 0 to 1, of one text to each of ``others``, by their signatures.

    Shapes ``(PERMUTATIONS,)`` and ``(n, PERMUTATIONS)`` to ``(n,)``.
    """
    shares: NDArray[np.float64] = np.count_nonzero(others == one, axis=1) / PERMUTATIONS
    return shares

"""A small text and vocabulary made from a fixed seed, for tests of the examples."""

import random

from jobs.vocabulary import SPECIALS, Vocabulary

_ONSETS = ["vir", "pro", "cell", "anti", "immun", "lung", "spike", "Ig", "β", "fe"]
_ENDINGS = ["us", "tein", "s", "body", "ity", "al", "ver", "G", "2"]

VOCABULARY = Vocabulary(
    (
        *SPECIALS,
        *_ONSETS,
        *("the", "of", "a", "binds", ".", ",", "-", "(", ")"),
        *(f"##{ending}" for ending in _ENDINGS),
        *(f"[unused{n}]" for n in range(100)),
    )
)


def synthetic_documents(count: int = 40, seed: int = 7) -> list[list[str]]:
    """Documents of 1 to 30 sentences of 1 to 40 words; some words are unknown to the vocabulary."""
    rng = random.Random(seed)

    def word() -> str:
        if rng.random() < 0.4:
            return rng.choice(["the", "of", "a", "binds", "unknown", ",", "(a)"])
        return rng.choice(_ONSETS) + "".join(rng.choices(_ENDINGS, k=rng.randint(0, 4)))

    return [
        [" ".join(word() for _ in range(rng.randint(1, 40))) + " ." for _ in range(rng.randint(1, 30))]
        for _ in range(count)
    ]

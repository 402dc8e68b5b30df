"""Training examples as the model sees them: with what is hidden from it, and what it has to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.report.markup import Markup, element, join

CONTINUATION = "##"


def seen_examples(examples: Sequence[Mapping[str, Any]]) -> list[Markup]:
    if not examples:
        return []
    return [
        element("h2", "Examples as the model sees them"),
        element(
            "p", f"{len(examples)} of the training set. Marked: what the model sees in place of a piece that it has to "
            "predict; the piece itself follows in small type. Pieces of one word are joined.",
        ),
        *(
            element(
                "article",
                element("h3", _second_part(example["is_next"])),
                element("p", *_pieces(example), class_="seen"),
            )
            for example in examples
        ),
    ]  # fmt: skip


def _second_part(is_next: bool) -> str:
    return "The second part follows the first" if is_next else "The second part is random"


def _pieces(example: Mapping[str, Any]) -> list[Markup]:
    hidden = dict(example["hidden"])
    parts = []
    for place, piece in enumerate(example["pieces"]):
        truth = hidden.get(place)
        is_joined = piece.startswith(CONTINUATION) and truth is None and place - 1 not in hidden
        text = piece.removeprefix(CONTINUATION) if is_joined else piece
        space = "" if is_joined or not place else " "
        if truth is None:
            parts.append(join(space, text))
        else:
            parts.append(join(space, element("mark", text), " ", element("span", truth, class_="truth")))
    return parts

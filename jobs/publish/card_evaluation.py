"""The card's section on how good the model is, on documents that it was not trained on."""

from __future__ import annotations

from jobs.publish.facts import Card
from jobs.publish.markdown import code, one_line, table

_SCORES = {
    "mlm_loss": ("masked-word loss", "{:.3f}"),
    "perplexity": ("perplexity", "{:.2f}"),
    "mlm_accuracy": ("masked-word accuracy", "{:.1%}"),
    "nsp_loss": ("next-sentence loss", "{:.3f}"),
    "nsp_accuracy": ("next-sentence accuracy", "{:.1%}"),
}


def evaluation_section(card: Card) -> str:
    parts = [_while_training(card), _judged(card)]
    return "\n\n".join(part for part in parts if part)


def _while_training(card: Card) -> str:
    ordered = card.run.scored
    if not ordered:
        return ""
    shown = [ordered[0], *ordered[-1:]] if len(ordered) > 1 else ordered
    known = [name for name in _SCORES if any(name in evaluation for evaluation in shown)]
    rows = [
        (
            f"{int(evaluation['step']):,}",
            *(_SCORES[n][1].format(evaluation[n]) if n in evaluation else "" for n in known),
        )
        for evaluation in shown
    ]
    found = table(("step", *(_SCORES[name][0] for name in known)), rows)
    text = "Perplexity and accuracy are those of masked words: they cannot be compared with a left-to-right model's."
    picture = f"\n\n![Masked-word loss on held-out documents by training step]({card.curve})" if card.curve else ""
    return f"## Scores on held-out documents\n\n{found}\n\n{text}{picture}"


def _judged(card: Card) -> str:
    """The evaluation's own words: they claim no more than its intervals do."""
    if not card.evaluation:
        return ""
    start = "its initial checkpoint" if card.initial_checkpoint else "the same model, untrained"
    lines = "\n".join(
        one_line(line) if not line.startswith(" ") else f"  {line.strip()}" for line in card.evaluation.lines
    )
    fence = "```text"
    return (
        f'## Evaluation\n\nCompared with {start} ("base") and with BM25 on held-out documents, by the step '
        f"{code(card.evaluation.step)}:\n\n{fence}\n{lines.replace('```', chr(39) * 3)}\n```\n\n"
        "Differences are paired, with bootstrap intervals; those that so few documents cannot show are not resolved. "
        "`evaluation/report.html` and `evaluation/report.json` have every figure."
    )

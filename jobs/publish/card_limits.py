"""The card's section on what the model is not good for, with figures where the run has them."""

from __future__ import annotations

from jobs.publish.facts import Card
from jobs.publish.markdown import listed, plain


def limits_section(card: Card) -> str:
    lines = [
        "**Not medical advice.** It predicts words. It holds no checked facts, was not tested on any clinical task, "
        "and must not be used to decide about patients.",
        "**English scientific text.** It is not for other languages or everyday text, and cannot know what was "
        "published after its corpus. Papers can be wrong or retracted: it learned from all of them alike.",
        _guesses(card),
        _search(card),
        _abstracts(card),
        _unknown(card),
        _length(card),
        '**Special tokens.** The text "[SEP]", "[MASK]" and so on in your input becomes the special token, as with '
        "every BERT in `transformers`. In training it was plain text; here it is with `split_special_tokens=True`.",
        _random(card),
        "" if card.next_sentence else f"**Next sentence.** It was not trained: {_untrained(card)}.",
        _licence(card),
    ]
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines if line)


def _guesses(card: Card) -> str:
    last = card.run.scored[-1] if card.run.scored else {}
    if "mlm_accuracy" not in last:
        return ""
    wrong = 1 - last["mlm_accuracy"]
    return f"**Its guesses.** It fills in {wrong:.1%} of the masked pieces of held-out documents wrongly."


def _search(card: Card) -> str:
    if not card.evaluation or card.evaluation.beats_bm25 is None or card.evaluation.beats_bm25:
        return ""
    figures = {result.key: result.value for result in card.evaluation.results}
    scores = ""
    if {"tuned.mrr", "bm25.mrr"} <= figures.keys():
        scores = f": a mean reciprocal rank of {figures['tuned.mrr']:.3f} against {figures['bm25.mrr']:.3f}"
    return f"**Search.** Its embedder was not shown to find held-out papers better than BM25 does{scores}."


def _abstracts(card: Card) -> str:
    found, documents = card.data.full_texts or (0, 0)
    if not documents or found == documents:
        return ""
    missing = documents - found
    return f"**Abstracts.** It saw no full text of {missing:,} of {documents:,} papers ({missing / documents:.0%})."


def _unknown(card: Card) -> str:
    unknown, pieces = card.data.unknown_pieces or (0, 0)
    if not unknown or not pieces:
        return ""
    return f"**Unknown characters.** {unknown / pieces:.2%} of the corpus's pieces are [UNK] to its vocabulary."


def _length(card: Card) -> str:
    text = f"**Length.** It was trained on at most {card.max_seq_length} tokens"
    if card.max_seq_length < card.positions:
        untrained = f"positions from {card.max_seq_length + 1} to {card.positions}"
        text += (
            f"; its {untrained} are those of {plain(card.initial_checkpoint)}, not trained further"
            if card.initial_checkpoint
            else f"; its {untrained} are still random, and the tokenizer truncates before them"
        )
    return f"{text}."


def _random(card: Card) -> str:
    if not card.random_at_start:
        return ""
    random = listed(list(map(plain, card.random_at_start)))
    return f"**Random at the start.** {plain(card.initial_checkpoint)} was published without {random}."


def _licence(card: Card) -> str:
    if card.license:
        return ""
    terms = f", and the terms of {plain(card.initial_checkpoint)} apply." if card.initial_checkpoint else "."
    return f"**Licence.** The weights have no stated licence. The papers keep their own licences{terms}"


def _untrained(card: Card) -> str:
    """Where the weights come from that only next-sentence prediction would train."""
    random = [part for part in ("the next-sentence head", "the pooler") if part in card.random_at_start]
    if not card.initial_checkpoint or len(random) == 2:
        return "its head, and the pooler before it, are still random"
    theirs = f"those of {plain(card.initial_checkpoint)}, unchanged"
    if not random:
        return f"its head, and the pooler before it, are {theirs}"
    other = "the pooler before it is" if "head" in random[0] else "its head is"
    return f"{random[0]} is still random, {other} {theirs.replace('those', 'that')}"

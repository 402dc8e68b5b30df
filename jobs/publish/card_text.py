"""The card's section on the text that the model was trained on: where it is from, and what became of each document."""

from __future__ import annotations

from jobs.publish.facts import Card, Corpus, Data
from jobs.publish.markdown import code, plain, table

_SHOWN = 12
"""Licences that are listed; the others are counted together."""


def data_section(card: Card) -> str:
    data = card.data
    rows = [
        ("documents read", data.read),
        *((f"dropped: {plain(reason.replace('_', ' '))}", count) for reason, count in sorted(data.dropped.items())),
        ("quarantined (unreadable)", data.quarantined),
        ("documents kept", data.kept),
        ("of these without usable text", data.without_text),
        ("of these held out", data.held_out),
        ("sentences", data.sentences),
        ("training examples", data.train_examples),
        ("held-out examples", data.validation_examples),
    ]
    accounts = table(("", "count"), [(name, f"{count:,}") for name, count in rows if count is not None])
    if not accounts and not card.corpus:
        return ""
    parts = ["## Training data", _corpus(card.corpus, data) if card.corpus else "", accounts]
    if accounts:
        parts.append(_held_out(data))
    parts.append(_licenses(data))
    return "\n\n".join(part for part in parts if part)


def _corpus(corpus: Corpus, data: Data) -> str:
    if data.made_up:
        return "The corpus is covid-ctl's built-in sample of made-up papers."
    release = f", release of {plain(corpus.release)}" if corpus.release else ""
    text = f"The corpus is {plain(corpus.name)}{release}."
    if not corpus.files:
        return text
    files = table(
        ("file as released", "bytes", "SHA-256"),
        [(code(file.name), f"{file.size:,}", code(file.sha256)) for file in corpus.files],
    )
    more = f"\n\n{corpus.files_not_named:,} more files are not listed." if corpus.files_not_named else ""
    return f"{text} Compare your copy with `sha256sum`:\n\n{files}{more}"


def _held_out(data: Data) -> str:
    text = (
        "Held-out documents were chosen by `cord_uid` before anything was duplicated or masked: the model was trained "
        "on none of them, in any masked copy."
    )
    if data.full_texts:
        found, documents = data.full_texts
        share = f" ({found / documents:.0%})" if documents else ""
        text += f" Of {documents:,} documents, {found:,}{share} were read in full text, the others as abstracts."
    return text


def _licenses(data: Data) -> str:
    if not data.licenses:
        return ""
    ranked = sorted(data.licenses.items(), key=lambda item: (-item[1], item[0]))
    rows = [(plain(name) or "not stated", f"{count:,}") for name, count in ranked[:_SHOWN]]
    if rest := ranked[_SHOWN:]:
        rows.append((f"{len(rest)} others", f"{sum(count for _, count in rest):,}"))
    found = table(("licence of the text, as the corpus states it", "documents"), rows)
    return f"{found}\n\nThe text itself is not part of this repository and keeps its licences."

"""The card's sections on what made the model, and on how to cite it."""

from __future__ import annotations

import re

from jobs.publish.facts import Card, MadeBy
from jobs.publish.markdown import code, facts, one_line, plain, table


def provenance_section(card: Card) -> str:
    steps = [step for step in card.steps if step.name]
    head = ["step", "name", "version"]
    columns = [
        ("finished", [step.finished for step in steps]),
        ("hours", ["" if step.hours is None else f"{step.hours:.2f}" for step in steps]),
        ("dollars", ["" if step.dollars is None else f"{step.dollars:.2f}" for step in steps]),
        ("covid-ctl", [_code(step.covid_ctl) for step in steps]),
        ("image", [_code(step.image) for step in steps]),
    ]
    known = [(name, cells) for name, cells in columns if any(cells)]
    rows = [
        (step.kind, _code(step.name), "" if step.version is None else str(step.version), *(c[i] for _, c in known))
        for i, step in enumerate(steps)
    ]
    parts = [
        "## Provenance\n\nMade by covid-ctl. A step's name ends in a hash of everything that determines its output.",
        table((*head, *(name for name, _ in known)), rows),
        _totals(steps),
    ]
    if card.corpus and card.corpus.fingerprint:
        parts.append(f"The corpus has the fingerprint {code(card.corpus.fingerprint)}.")
    if card.published:
        parts.append(
            "`covid-ctl.json` has each step's settings, `SHA256SUMS` every file's digest: `covid-ctl verify DIRECTORY` "
            "checks both, `sha256sum --check SHA256SUMS` only the files."
        )
    return "\n\n".join(part for part in parts if part)


def _totals(steps: list[MadeBy]) -> str:
    hours = [step.hours for step in steps if step.hours is not None]
    dollars = [step.dollars for step in steps if step.dollars is not None]
    rows = [
        ("hours of all containers", f"{sum(hours):.2f}" if hours else None),
        (
            "dollars of all containers, by the profile's prices or the dated list",
            f"{sum(dollars):.2f}" if dollars else None,
        ),
    ]
    text = "Hours are those of committed work: work that was lost with a container is not counted."
    return f"{facts(rows)}\n\n{text}" if hours else ""


def _code(text: str) -> str:
    return code(text) if text else ""


def citation_section(card: Card) -> str:
    """By the authors whom the recipe names; without them there is nobody to cite."""
    if not card.published:
        return ""
    authors = listed_authors(card)
    year = card.published[:4]
    key = re.sub(r"[^a-z0-9]", "", card.title.lower()) or "model"
    fields = [
        ("title", one_line(card.title)),
        ("author", authors),
        ("year", year),
        ("howpublished", f"https://huggingface.co/{card.repository}" if card.repository else ""),
        ("note", f"made by covid-ctl as {card.name}" if card.name else ""),
    ]
    lines = [f"  {name} = {{{_bibtex(value)}}}," for name, value in fields if value]
    by = f"By {plain(', '.join(card.authors))}. " if card.authors else ""
    entry = "\n".join([f"@misc{{{key}{year},", *lines, "}"])
    return f"## Citation\n\n{by}Made on {card.published}.\n\n```bibtex\n{entry}\n```"


def listed_authors(card: Card) -> str:
    return " and ".join(map(one_line, card.authors))


def _bibtex(text: str) -> str:
    return re.sub(r"[{}\\`]", "", text)

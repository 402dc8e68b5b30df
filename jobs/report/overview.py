"""The head of the report: five numbers, what became of the corpus, and what deserves a look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.report.chart import bars
from jobs.report.markup import Markup, element
from jobs.report.summary import share
from jobs.report.verdicts import Verdict, verdicts

Report = Mapping[str, Any]


def corpus_name(corpus: Mapping[str, Any]) -> str:
    """The corpus by name and release, as the ingest step noted them."""
    return " ".join(filter(None, (corpus.get("name"), corpus.get("release")))) or "a corpus without a name"


def first_numbers(report: Report) -> list[tuple[str, str]]:
    """Five, each with what it counts."""
    pieces = report["pieces"]
    return [
        (f"{report['documents']['kept']:,}", "documents kept"),
        (f"{report['sentences']['kept']:,}", "sentences"),
        (f"{pieces['all']:,}", "pieces"),
        (f"{report['examples']['train']:,}", "training examples"),
        (share(pieces["unknown"], pieces["all"]), "unknown pieces"),
    ]


def funnel_steps(report: Report) -> dict[str, int]:
    """From what was released to what is trained on."""
    documents, files = report["documents"], report["full_texts"]
    return {
        **({"parse files": files["files"]} if files else {}),
        "documents read": documents["read"],
        "documents kept": documents["kept"],
        "trained on": documents["kept"] - documents["held_out"],
    }


def overview(report: Report) -> list[Markup]:
    numbers = [
        element("li", element("strong", number), element("span", what)) for number, what in first_numbers(report)
    ]
    found = verdicts(report)
    missed = sum(not verdict.is_met for verdict in found)
    judged = "all as expected" if not missed else f"{missed} of {len(found)} deserve a look"
    steps = funnel_steps(report)
    return [
        element("ul", *numbers, class_="numbers"),
        bars(
            "From the release to the training set", steps, steps["documents read"], name="stage", ranked=False,
            note="Shares of the documents read.",
        ),
        element("h2", f"Verdicts: {judged}"),
        element("ul", *map(_verdict, found), class_="verdicts"),
    ]  # fmt: skip


def _verdict(verdict: Verdict) -> Markup:
    word, kind = ("ok", "ok") if verdict.is_met else ("look at this", "look")
    advice = "" if verdict.is_met else f"; {verdict.advice}"
    return element(
        "li",
        element("span", word, class_=f"verdict {kind}"),
        element(
            "span", f"{verdict.subject}: ", element("strong", verdict.shown), " ",
            element("span", f"({verdict.expected} expected{advice})", class_="truth"),
        ),
    )  # fmt: skip

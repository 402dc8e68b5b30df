"""Filters by licence, source and date: what passes, what does not, and which reason comes first."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.screening.metadata_filters import filtered_out
from jobs.recipe import Filters


def document(license: str = "cc-by", source: str = "PMC", published: str = "2020-03-16") -> Document:
    return Document("u", "Title", plain(["Abstract."]), (), "", license, published, source)


@pytest.mark.parametrize(
    ("filters", "paper", "reason"),
    [
        ({}, document("", "", ""), ""),
        ({"licenses": ["cc-by", "cc0"]}, document("cc0"), ""),
        ({"licenses": ["cc-by"]}, document("CC-BY"), ""),
        ({"licenses": ["cc-by"]}, document("cc-by-nc"), "license"),
        ({"licenses": ["cc-by"]}, document(""), "license"),
        ({"licenses": ["cc-by", ""]}, document(""), ""),
        ({"sources": ["pmc"]}, document(source="Elsevier; Medline; PMC"), ""),
        ({"sources": ["MedRxiv"]}, document(source="medrxiv"), ""),
        ({"sources": ["PMC"]}, document(source="Elsevier; Medline"), "source"),
        ({"sources": ["PMC"]}, document(source=""), "source"),
        ({"licenses": ["cc0"], "sources": ["WHO"], "published_from": "2021"}, document(), "license"),
        ({"sources": ["WHO"], "published_from": "2021"}, document(), "source"),
    ],
)
def test_licence_and_source(filters: dict[str, Any], paper: Document, reason: str) -> None:
    assert filtered_out(paper, Filters(**filters)) == reason


@pytest.mark.parametrize(
    ("published", "earliest", "latest", "passes"),
    [
        ("2020-03-16", "2020-03-16", "2020-03-16", True),
        ("2020-03-16", "2020-03-17", None, False),
        ("2020-03-16", None, "2020-03-15", False),
        ("2020-03-16", "2020", None, True),
        ("2020-03-16", None, "2020", True),
        ("2020-03-16", None, "2020-03", True),
        ("2020-03-16", "2020-04", None, False),
        ("2020", "2020-06", None, True),
        ("2020", None, "2019-12-31", False),
        ("2019", "2020", None, False),
        ("2020-12", "2020-12-31", None, True),
        ("2020 Mar 16", "2020", "2020", True),
        ("2020 Mar 16", "2021", None, False),
        ("05-31-2019", "2019-01", "2019-02", True),
        ("05-31-2019", "2020", None, False),
        ("", "1900", None, False),
        ("", None, None, True),
        ("in press", None, "2030", False),
    ],
)
def test_a_date_passes_when_a_day_it_can_mean_does(
    published: str, earliest: str | None, latest: str | None, passes: bool
) -> None:
    filters = Filters(published_from=earliest, published_until=latest)
    assert filtered_out(document(published=published), filters) == ("" if passes else "date")


@pytest.mark.parametrize("bad", ["2020-13", "2020-1-1", "March 2020", "20", "2020-02-32"])
def test_a_bound_is_a_year_a_month_or_a_day(bad: str) -> None:
    with pytest.raises(ValidationError, match="published_until"):
        Filters(published_until=bad)


@pytest.mark.parametrize(("earliest", "latest"), [("2021", "2020"), ("2020-03-02", "2020-03-01"), ("2021-01", "2020")])
def test_bounds_are_in_order(earliest: str, latest: str) -> None:
    with pytest.raises(ValidationError, match="is after"):
        Filters(published_from=earliest, published_until=latest)


@pytest.mark.parametrize(("earliest", "latest"), [("2020-03", "2020"), ("2020", "2020-03"), ("2020-05-07", "2020-05")])
def test_a_bound_means_all_of_it(earliest: str, latest: str) -> None:
    Filters(published_from=earliest, published_until=latest)

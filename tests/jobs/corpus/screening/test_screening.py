"""Screening: the checks in their order, each document counted once, and no twin lost with what was filtered out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.artifact import add_counts
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import plain
from jobs.corpus.screening.decision import decide
from jobs.corpus.screening.screening import MOST_LABELS, OTHER, Screening, most_frequent_labels
from jobs.corpus.screening.signature_shards import SignatureShard
from jobs.recipe import Filters

ENGLISH = (
    "We enrolled patients who were admitted with fever and dry cough to a hospital in the city during April. "
    "The virus was found in throat swabs of all of them, and most were treated with oxygen for several days."
)
SPANISH = (
    "Los pacientes ingresados en el hospital presentaban fiebre y tos seca durante el mes de abril. "
    "El virus se encontró en muestras de todos ellos, y la mayoría recibió oxígeno durante varios días."
)
PAPER = Document("u0", "A study", plain([ENGLISH]), (), "", "cc-by", "2020-04-01", "PMC")


def screen(documents: list[Document], **filters: Any) -> tuple[SignatureShard, dict[str, Any]]:
    screening = Screening(Filters(**filters))
    for document in documents:
        screening.add(document)
    return screening.shard(), screening.counts()


STRICT = {"licenses": ["cc-by"], "sources": ["PMC"], "published_from": "2020"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"abstract": plain([SPANISH])}, "language:es"),
        ({"abstract": plain([SPANISH]), "publish_time": "2019"}, "date"),
        ({"abstract": plain([SPANISH]), "publish_time": "2019", "source": "WHO"}, "source"),
        ({"abstract": plain([SPANISH]), "publish_time": "2019", "source": "WHO", "license": "no-cc"}, "license"),
    ],
)
def test_the_first_check_that_fails_is_the_reason(changes: dict[str, Any], reason: str | None) -> None:
    shard, counts = screen([replace(PAPER, **changes)], **STRICT)
    assert shard.dropped.get("u0") == reason
    assert counts["documents"]["dropped"] == ({reason: 1} if reason else {})


@pytest.mark.parametrize(
    ("filters", "dropped"),
    [({}, True), ({"languages": []}, False), ({"languages": ["es", "en"]}, False), ({"language_score": 1.0}, False)],
    ids=str,
)
def test_a_language_is_dropped_only_where_it_is_certain_and_not_wanted(filters: dict[str, Any], dropped: bool) -> None:
    shard, _ = screen([replace(PAPER, abstract=plain([SPANISH]))], **filters)
    assert bool(shard.dropped) is dropped


def test_the_twin_of_a_filtered_document_stays() -> None:
    better = replace(PAPER, cord_uid="u1", parse="pmc_json", license="no-cc")
    shard, _ = screen([PAPER, better])
    assert decide([shard], len(shard.passed), 0.8).shards[0] == {"u0": "near_duplicate"}
    shard, _ = screen([PAPER, better], licenses=["cc-by"])
    assert decide([shard], len(shard.passed), 0.8).shards[0] == {"u1": "license"}


def test_languages_licences_and_sources_are_counted_of_all_documents() -> None:
    documents = [
        PAPER,
        replace(PAPER, cord_uid="u1", abstract=plain([SPANISH]), license="", source="WHO; PMC"),
        replace(PAPER, cord_uid="u2", title="", abstract=plain(["12 %"]), source=""),
    ]
    _, counts = screen(documents, licenses=["cc-by"])
    assert counts == {
        "documents": {"read": 3, "kept": 2, "dropped": {"license": 1}, "quarantined": 0},
        "languages": {"en": 1, "es": 1, "uncertain": 1},
        "licenses": {"cc-by": 2, "unknown": 1},
        "sources": {"PMC": 2, "WHO": 1, "unknown": 1},
    }


def test_a_licence_that_is_a_book_is_counted_by_its_beginning() -> None:
    _, counts = screen([replace(PAPER, license="L" * 5000)])
    assert counts["licenses"] == {"L" * 100: 1}


def test_the_most_frequent_licences_are_named_and_the_rest_summed() -> None:
    counts = {f"l{number:03d}": 1 for number in range(150)} | {"z": 5, OTHER: 900}
    named = most_frequent_labels(counts)
    assert named == {**{f"l{number:03d}": 1 for number in range(99)}, OTHER: 951, "z": 5}
    assert list(named) == sorted(named)
    assert most_frequent_labels(dict(reversed(counts.items()))) == named


@given(st.lists(st.dictionaries(st.integers(0, 150).map("l{}".format), st.integers(1, 3)), min_size=1, max_size=4))
def test_bounded_counts_of_shards_add_up_and_stay_bounded(shards: list[dict[str, int]]) -> None:
    merged = most_frequent_labels(add_counts(map(most_frequent_labels, shards)))
    assert sum(merged.values()) == sum(sum(shard.values()) for shard in shards)
    assert len(merged) <= MOST_LABELS + 1


def test_counts_name_no_more_licences_or_sources_than_the_bound() -> None:
    short = replace(PAPER, abstract=plain(["Ok."]))
    _, counts = screen([replace(short, cord_uid=f"u{n}", license=f"l{n}", source=f"a{n}; b{n}") for n in range(120)])
    for key, whole in (("licenses", 120), ("sources", 240)):
        assert len(counts[key]) == MOST_LABELS + 1
        assert sum(counts[key].values()) == whole


@given(
    st.lists(
        st.builds(
            Document,
            cord_uid=st.just(""),
            title=st.text(max_size=20),
            abstract=st.sampled_from([plain([ENGLISH]), plain([SPANISH]), ()]),
            body=st.just(()),
            parse=st.sampled_from(["pmc_json", "pdf_json", ""]),
            license=st.sampled_from(["cc-by", "no-cc", ""]),
            publish_time=st.sampled_from(["2020", "2019-05-01", ""]),
            source=st.sampled_from(["PMC", "WHO; PMC", ""]),
        ),
        max_size=12,
    ),
    st.sampled_from([{}, STRICT, {"licenses": ["none of these"]}]),
)
def test_every_document_is_counted_once(documents: list[Document], filters: dict[str, Any]) -> None:
    documents = [replace(document, cord_uid=f"u{i}") for i, document in enumerate(documents)]
    shard, counts = screen(documents, **filters)
    read = counts["documents"]
    assert read["read"] == len(documents) == read["kept"] + sum(read["dropped"].values())
    assert sum(counts["languages"].values()) == sum(counts["licenses"].values()) == len(documents)
    assert set(shard.dropped).isdisjoint(shard.passed.cord_uids)
    dropped = decide([shard], len(shard.passed), 0.8).shards[0]
    assert shard.dropped.items() <= dropped.items()
    # Of each group one stays, so something stays where something passed.
    assert bool(set(shard.passed.cord_uids) - set(dropped)) is bool(shard.passed.cord_uids)

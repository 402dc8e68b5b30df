"""``judge``: how good an index is, by relevance judgements such as TREC-COVID's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from controller.cli.options import output_option, place_options
from controller.cli.output import show
from controller.cli.place import open_bucket, profile_of
from controller.cli.searching import chosen_indexes, complete_index, open_indexes, prepare_search
from controller.cli.terminal import echo

if TYPE_CHECKING:
    from rich.table import Table

_EXAMPLE = "judged.dense.ndcg_at_10>=0.5"


@click.command("judge", short_help="Measure an index by relevance judgements.")
@click.option(
    "--qrels", required=True, type=click.Path(exists=True, dir_okay=False), help="Judgements in TREC's format."
)
@click.option(
    "--topics", required=True, type=click.Path(exists=True, dir_okay=False), help="Topics in TREC-COVID's XML."
)
@click.option(
    "--index",
    metavar="NAME",
    shell_complete=complete_index,
    help="The index to judge, or a recipe for its newest. [default: the newest complete one]",
)
@click.option(
    "--against",
    metavar="NAME",
    shell_complete=complete_index,
    help="A second index of the same corpus, or a recipe for its newest, to compare with.",
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="MEASURE>=VALUE",
    help="Exit with 1 if MEASURE is below VALUE, for example judged.dense.ndcg_at_10>=0.5. May be repeated.",
)
@place_options
@output_option
def judge(
    qrels: str, topics: str, index: str | None, against: str | None, gates: tuple[str, ...], output: str, **place: Any
) -> None:
    """Rank the papers of an index for every topic and compare the rankings with human judgements.

    "judged" ranks only a topic's judged papers, "full" all papers. Differences come with a randomization test; below
    the smallest difference that this number of topics can show, the table says "not resolved".
    """
    from jobs.evaluation.gate import Gate, check_gates, flattened

    asked_gates = [Gate.parse(gate, _EXAMPLE) for gate in gates]
    prepare_search()
    from pathlib import Path

    from jobs.evaluation.relevance import to_json
    from jobs.evaluation.trec import parse_qrels, parse_topics
    from jobs.search.judging import judge as judged

    grades = parse_qrels(Path(qrels).read_bytes(), qrels)
    asked = parse_topics(Path(topics).read_bytes(), topics)
    store = open_bucket(profile_of(place))
    names = chosen_indexes(store, index, against)
    ours, *others = [judged(one.engine, asked, grades, qrels) for one in open_indexes(store, names)]
    result = {
        "index": names[0],
        "against": names[-1] if against else None,
        **to_json(ours, others[0] if others else None),
    }
    show(output, lambda: judgement_table(result), result)
    if output == "text":
        echo(f"{result['topics']:,} topics; the index lacks {result['absent']:.1%} of the relevant papers")
    check_gates(asked_gates, dict(flattened(result)), names[0])


def judgement_table(result: Mapping[str, Any]) -> Table:
    from controller.cli.tables import table_of

    columns = ["RANKED", "BY", "NDCG@10", "P@5", "JUDGED@10", "AGAINST BM25"]
    table = table_of(*columns, *(["AGAINST OTHER"] if result["against"] else []))
    for way in ("judged", "full"):
        for name, row in result[way].items():
            measures = [f"{row[measure]:.3f}" for measure in ("ndcg_at_10", "p_at_5", "judged_at_10")]
            compared = [_said(row.get("against_bm25"))]
            compared += [_said(row["against_other"])] if result["against"] else []
            table.add_row(way, name, *measures, *compared)
    return table


def _said(difference: Mapping[str, Any] | None) -> str:
    if difference is None:
        return ""
    words = "better" if difference["mean"] > 0 else "worse"
    verdict = words if difference["resolved"] else "not resolved"
    return f"{difference['mean']:+.3f} (p {difference['p_value']:.3f}) {verdict}"

"""TREC's files: relevance judgements (qrels) and topics. Both are text from outside."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING

from jobs.errors import ConfigurationError

if TYPE_CHECKING:
    from jobs.evaluation.measures import Grades

_LONGEST_LINE = 200
_TOPIC = re.compile(r"<topic\b([^<>]{0,200})>")
_NUMBER = re.compile(r"\bnumber\s?=\s?[\"']([^\"']{1,40})[\"']")
FIELDS = ("query", "question", "narrative")


@dataclass(frozen=True)
class Topic:
    """One information need, in up to three wordings."""

    number: str
    query: str
    question: str = ""
    narrative: str = ""


def parse_qrels(data: bytes, source: str) -> dict[str, Grades]:
    """Topic number to the grades of its judged documents.

    A line is ``topic iteration document grade``. The second column is ignored, as trec_eval does: TREC-COVID has
    the judging round there, 0.5 to 5. Of a document that is judged twice the last line holds. Raises
    ``ConfigurationError`` naming the line.
    """
    topics: dict[str, dict[str, int]] = defaultdict(dict)
    for number, line in enumerate(_text(data, source).split("\n"), 1):
        if not line.strip():
            continue
        fields = line.split()
        if len(line) > _LONGEST_LINE or len(fields) != 4 or not re.fullmatch(r"-?\d{1,4}", fields[3]):
            raise ConfigurationError(
                f"{source}, line {number}",
                f"{line[:60]!r} is not of the form TOPIC ITERATION DOCUMENT GRADE",
                "give a qrels file as TREC publishes it, such as qrels-covid_d5_j0.5-5.txt",
            )
        topics[fields[0]][fields[2]] = int(fields[3])
    if not topics:
        raise ConfigurationError(source, "it holds no judgement", "give a qrels file as TREC publishes it")
    return dict(topics)


def parse_topics(data: bytes, source: str) -> list[Topic]:
    """The topics of a TREC-COVID topics file, in its order: ``<topic number="1"><query>...</query>...``.

    Read leniently by tags, not by an XML parser: nothing in the file can name another file or expand. Raises
    ``ConfigurationError`` when there is no topic, when one has no query, or when a number occurs twice.
    """
    text = _text(data, source)
    starts = list(_TOPIC.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)][: len(starts)]
    topics = [_topic(match, text[match.end() : end], source) for match, end in zip(starts, ends, strict=True)]
    if not topics:
        raise ConfigurationError(source, "it holds no <topic>", "give a topics file as TREC publishes it, in XML")
    numbers = [topic.number for topic in topics]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise ConfigurationError(source, f"topic {twice[0]} occurs twice", "give each topic a number of its own")
    return topics


def judged_topics(topics: Sequence[Topic], qrels: Mapping[str, Grades], source: str) -> list[Topic]:
    """Those of ``topics`` that ``qrels`` judge. Raises ``ConfigurationError``, naming ``source``, for none."""
    found = [topic for topic in topics if topic.number in qrels]
    if not found:
        raise ConfigurationError(source, "it judges none of the topics", "give the topics that belong to these qrels")
    return found


def _topic(match: re.Match[str], body: str, source: str) -> Topic:
    number = _NUMBER.search(match[1])
    if not number:
        raise ConfigurationError(source, f"{match[0]!r} has no number", 'write <topic number="1">')
    fields = {name: _field(body, name) for name in FIELDS}
    if not fields["query"]:
        raise ConfigurationError(
            f"{source}, topic {number[1]}", "it has no query", "give it a <query> with words in it"
        )
    return Topic(number[1], **fields)


def _field(body: str, name: str) -> str:
    _, opened, rest = body.partition(f"<{name}>")
    content, closed, _ = rest.partition(f"</{name}>")
    return " ".join(unescape(content).split()) if opened and closed else ""


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(source, f"it is not UTF-8 ({error.reason})", "save it as UTF-8 text") from error

"""The reference page of `--output json`: the fields of each command's answer, from the code where it has them."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

from code_text import NOTE, docs_below, prose

from controller.costs.estimate import StepEstimate
from controller.doctor.check import Check
from controller.planning.dry_run import DryRun, PlannedStep
from controller.status.derive import State
from controller.status.explain import Explanation
from controller.status.gc import Removal
from controller.status.log_reading import LogLine
from controller.status.spending import Spending
from controller.status.step_status import StepProgress, StepState
from controller.status.verify import Problem, Verified
from jobs.corpus.documents.balance import Spread
from jobs.evaluation import record
from jobs.ranges import Range
from jobs.records import Manifest, Output
from jobs.spec import Spec

JSON = """`--output json` of each command that has it: the interface for programs, see
[Use it from Python](../how-to/use-from-python.md). Fields may be added; those that are here keep their names and
meaning. What goes wrong is told by the [exit code](exit-codes.md) and, in words, on standard error."""

Fields = list[tuple[str, str, str]]
"""Name, type and meaning of each field."""

COMMON = {
    "name": "the step's name",
    "kind": "kind of step",
    "recipe": "the recipe in its name; empty if several recipes share the step",
    "state": "one of the [states](#states)",
    "progress": "how far it is",
    "submitted_at": "seconds since 1970",
    "retries": "how often a shard was tried again",
    "spec": "everything that determines its output",
    "outputs": "the files it wrote",
    "counts": "documents, examples and so on",
    "facts": "what else it recorded, by kind of step",
    "steps": "in their order",
    "text": "as it is printed",
    "notes": "what else is printed",
    "complete": "whether its manifest exists",
    "files": "files that were read",
    "bytes": "size of all of them",
    "problems": "what is damaged or gone",
    "why": "why no step needs it",
    "paths": "paths in the bucket",
    "reason": "why",
    "query": "as it was given",
    "private": "whether only its owners see the repository",
    "meaning": "what it does",
    "default": "value in a recipe that does not set it; null if it is required",
    "required": "whether a recipe must set it",
    "shards_done": "shards that are committed",
    "shards": "number of shards",
    "total": "all that there is to do, in `unit`",
    "unit": "what is counted: documents, steps and so on",
    "loss": "of the last training step",
    "eta_seconds": "until the end, at this pace; null if that is not known",
    "expected_dollars": "by the estimate; null if no price is known",
    "settings": "by name",
    "inputs": "their names, by what they are",
    "version": "of its kind of step",
    "path": "below the step's folder",
    "size": "bytes",
    "label": "what people call it",
    "documents": "number of documents",
    "smallest": "bytes of text of the smallest shard",
    "mean": "bytes of text of a shard on average",
    "largest": "bytes of text of the largest shard",
    "largest_document": "bytes of text of the largest document",
    "dollars": "null if no price is known",
    "low": "at least",
    "high": "at most",
    "events": "number of events in the ledger",
}
"""Meanings of fields that say none themselves."""

REPORT: Fields = [
    ("summary", "list of text", "what the command prints"),
    ("step", "text", "the step's name"),
    ("corpus", "object", "`name` and `release`, empty text where it has none; for several tables of metadata also "
        "`metadata`, the one that was read, and a list of `metadata_not_read`"),
    ("inputs", "object", "identity of each input, by what it is"),
    ("versions", "object", "version of each kind of step that took part"),
    ("settings", "object", "settings of each kind of step that took part"),
    ("shards", "whole number", ""),
    ("vocabulary_size", "whole number", "entries"),
    ("documents", "object", "`read`, `kept`, `held_out`, `quarantined`, and `dropped` by reason"),
    ("quarantine", "text", "path of the whole list of malformed documents"),
    ("quarantined", "list of objects", "its first rows: `file`, `position`, `reason`"),
    ("near_duplicates", "object", "`dropped`; `list`, the path of all pairs; `least_alike`, the pairs least alike; "
     "`dropped_for_one`, kept documents with the number dropped for each"),
    ("papers", "list of objects", "papers that `near_duplicates` names: `cord_uid`, `title`, `published`, `source`, "
     "`opening`"),
    ("parses", "object", "documents by the kind of parse that their full text is from"),
    ("full_texts", "object or null", "`of`, `found`, `promised`, `files`, `files_not_used`; null for a corpus without "
     "parses"),
    ("languages", "object", "documents by language"),
    ("licenses", "object", "documents by licence"),
    ("sources", "object", "documents by source"),
    ("years", "object", "kept documents by year of publication"),
    ("paragraphs", "object", "`read`, `changed` by rule, and `ignored_spans`"),
    ("sentences", "object", "`read`, `kept`, and taken out `by_rule`"),
    ("pieces", "object", "`all`, `unknown`, and `words`, the pieces that begin a word"),
    ("unknown_words", "object", "words that became [UNK], and how often"),
    ("examples", "object", "`train` and `validation`"),
    ("lengths", "object", "histograms, each with `bounds`, `counts`, `total` and `largest`"),
    ("samples", "list of objects", "paragraphs before and after cleaning"),
    ("seen_examples", "list of objects", "training examples: `pieces`, `hidden` places with their pieces, `is_next`"),
    ("residual_markers", "object", "words of boilerplate in `documents` of the corpus, `before` and `after` cleaning"),
    ("repeats", "object", "`sentences` compared, `repeated` ones, and the `most` frequent"),
]  # fmt: skip
EVALUATION: Fields = [
    ("summary", "list of text", "what the command prints"),
    ("measures", "object", "numbers by these names, which `--gate` takes"),
    ("step", "text", "the step's name"),
    ("lineage", "object", "what was judged: `tune`, `pretrain`, `control`, `preprocess`, `base`"),
    ("retrieval", "object", "title to abstract: `queries`, and the `systems` with their measures"),
    ("masked_words", "object or null", "masked words of held-out documents, `ours` and `theirs`; null if not compared"),
    ("masked_words_absent", "text", "why they are not compared"),
    ("random_pair_cosine", "object", "mean cosine of random abstracts, by model"),
    ("topics", "object or null", "with `--qrels`: `judged` and `full`"),
    ("files", "object", "files that were given, by SHA-256"),
    ("labelled", "object", "each set of `--data`, with its `systems`"),
]
COMPARISON: Fields = [
    ("step", "text", "the first step"),
    ("against", "text", "the second step"),
    ("numbers", "object", "by section and name: `ours` and `theirs`"),
    ("differing_settings", "object", "by setting: `ours` and `theirs`"),
]
ANSWERS: Fields = [
    ("query", "text", ""),
    ("answers", "list of objects", "for each index: `index`, `mode` (the ranking that was used) and `hits`"),
]
HIT: Fields = [
    ("rank", "whole number", "from 1"),
    *((name, "text", "as the corpus has it") for name in ("cord_uid", "title", "abstract")),
    ("year", "whole number", "0 where the corpus does not say"),
    *((name, "text", "as the corpus has it") for name in ("journal", "license", "source", "doi", "url")),
    ("link", "text", "where to read the paper"),
    ("passage", "text", "the passage that fits the query best"),
    ("bm25", "number or null", "score by words; null if this ranking did not find it"),
    ("cosine", "number or null", "score by meaning; null if this ranking did not find it"),
]
JUDGEMENT: Fields = [
    ("index", "text", "the index that was judged"),
    ("against", "text or null", "the second index"),
    ("topics", "whole number", "topics with judgements"),
    ("absent", "number", "share of the relevant papers that the index lacks"),
    ("judged", "object", "measures by ranking, each topic's judged papers alone"),
    ("full", "object", "measures by ranking, all papers"),
]
PUBLISHED: Fields = [
    ("export", "text", "the export that was published"),
    ("embedder", "text or null", "the tuning whose embedder is part of it"),
    ("evaluation", "text or null", "the evaluation that is part of it"),
]
TO_DIRECTORY: Fields = [
    ("directory", "text", "as it was given"),
    ("files", "whole number", "files in it"),
]
TO_HUB: Fields = [
    ("url", "text", "of the repository"),
    ("commit", "text", "the commit that holds it"),
    ("changed", "true or false", "whether this call made that commit"),
    ("private", "true or false", ""),
]
CHECKED: Fields = [
    ("directory", "text", "as it was given"),
    ("title", "text", "the model's"),
    ("proved", "list of text", "what was proved"),
    ("problems", "list of text", "what is wrong"),
]
EXTENSION: Fields = [
    ("base_entries", "whole number", "entries of the published vocabulary"),
    ("entries", "whole number", "entries with the added words"),
    ("documents", "whole number", "training documents that were read"),
    ("candidates", "whole number", "words that could have been added"),
    (
        "before",
        "object",
        "`words`, `whole`, `unknown`, `pieces`, `pieces_per_word`, `whole_share` with the published one",
    ),
    ("after", "object", "the same with the added words"),
    ("added", "list of objects", "`word`, `count`, `documents`, `pieces` that it was cut into, and `saved` pieces"),
]
RECIPES = "A recipe as an object, with the fields of [Recipe settings](recipe.md)"
EXPLAINED: Fields = [
    ("setting", "text", "the setting by its full name"),
    ("meaning", "text", ""),
    ("value", "any", "in this recipe; null where the recipe does not have its section"),
    ("default", "any", ""),
    ("required", "true or false", ""),
    ("names", "list of text", "kinds of step whose name it is part of"),
]


def json_page() -> str:
    estimate = [
        ("steps", "list of StepEstimate", "one for each step, in their order"),
        ("total", "object", "`hours` and `dollars` of all: Range or null"),
        ("notes", "list of text", ""),
    ]
    of_cluster = [
        ("name", "text", "the step's name"),
        ("label", "text", "what people call it"),
        ("outcome", "text", "`created`, `created again`, `is there already` or `already complete`"),
        ("waits_for", "list of text", "its inputs that are not complete"),
    ]
    cancelled = [
        ("name", "text", "the step's name"),
        ("was", "text", "`cancelled`, or why there was nothing to cancel"),
        ("behind", "list of text", "the steps that wait for it"),
    ]
    discarded = ("discarded", "text or null", "what `--discard` did")
    checked = [("name", "text", "what was checked"), ("state", "text", "`ok`, `failed` or `skipped`")]
    state = _fields_of(StepState, last_heartbeat_at="heard_at")
    label = ("label", "text", "what people call the step")
    spending = [("spending", "Spending or null", "what it has cost")]
    parts: list[tuple[str, str, Fields]] = [
        ("status, watch", "A list of steps, also for one; of `watch` an object per line.", [*state, *spending]),
        ("submit, artifacts", "What is complete: a list; of `artifacts NAME` one.", [*_fields_of(Manifest), label]),
        ("submit, on a cluster without --wait", "A list, one for each step.", of_cluster),
        ("submit --dry-run", "One object.", _fields_of(DryRun)),
        ("explain", "One object.", _fields_of(Explanation, remedies="next")),
        ("estimate", "One object.", estimate),
        ("report", "One object.", REPORT),
        ("report evaluate", "One object.", EVALUATION),
        ("report --against", "One object.", COMPARISON),
        ("logs", "An object per line.", _fields_of(LogLine)),
        ("verify", "A list, of all that the step read and itself last.", [*_fields_of(Verified), discarded]),
        ("gc", "One object: `removed`, `bytes`, `notes`, and of `removals` each:", _fields_of(Removal)),
        ("doctor", "A list of checks.", [*checked, *_fields_of(Check, remedy="fix")[2:]]),
        ("cancel", "A list, of the steps that were cancelled.", cancelled),
        ("search", "One object.", ANSWERS),
        ("search: a hit", "One paper that was found.", HIT),
        ("judge", "One object.", JUDGEMENT),
        ("publish --to", "One object.", [*PUBLISHED, *TO_DIRECTORY]),
        ("publish --repo", "One object.", [*PUBLISHED, *TO_HUB]),
        ("verify DIRECTORY", "One object.", CHECKED),
        ("vocab report, vocab extend", "One object.", EXTENSION),
        ("recipes, recipes show", f"{RECIPES}; of `recipes` a list.", []),
        ("recipes show --explain", "A list of all settings.", EXPLAINED),
    ]
    lines = [NOTE, "# JSON output", "", JSON]
    for command, words, fields in parts:
        lines += ["", f"## {command}", "", words, *(["", *_table(fields)] if fields else [])]
        if command == "report evaluate":
            lines += ["", "```text", inspect.cleandoc(record.__doc__ or ""), "```"]
    for part in (StepProgress, Spending, Spec, Output, PlannedStep, Spread, StepEstimate, Range, Problem):
        more = [("unevenness", "number", "the largest in means")] if part is Spread else []
        lines += ["", f"## {part.__name__}", "", *_table([*_fields_of(part), *more])]
    lines += ["", "## States", "", "| state | meaning |", "| --- | --- |"]
    meanings = docs_below(State)
    lines += [f"| `{state}` | {prose(meanings.get(state.name, ''))} |" for state in State]
    return "\n".join(lines) + "\n"


def _table(fields: Fields) -> list[str]:
    rows = [
        f"| `{name}` | {kind.replace('|', chr(92) + '|')} | {meaning or COMMON.get(name, '')} |"
        for name, kind, meaning in fields
    ]
    return ["| field | type | meaning |", "| --- | --- | --- |", *rows]


def _fields_of(record: type[Any], **renamed: str) -> Fields:
    """The fields of a dataclass; ``renamed`` has other names for some of them in JSON."""
    docs = docs_below(record)
    return [
        (
            renamed.get(field.name, field.name),
            _type_words(str(field.type)),
            prose(docs.get(field.name, "")).replace("None", "null"),
        )
        for field in dataclasses.fields(record)
    ]


_WORDS = (
    (r"Annotated\[(.*), (?:AfterValidator|Field)\(.*\)\]", r"\1"),
    (r"(?:tuple|Sequence)\[(\w+)(?:, \.\.\.)?\]", r"list of \1"),
    (r"(?:dict|Mapping)\[.*\]|\bCounts\b", "object"),
    (r" \| None", " or null"),
    (r"\b(?:str|State|CheckState|Kind)\b", "text"),
    (r"\b(?:int|WholeNumber)\b", "whole number"),
    (r"\b(?:float|Seconds)\b", "number"),
    (r"\bbool\b", "true or false"),
)


def _type_words(annotation: str) -> str:
    for pattern, words in _WORDS:
        annotation = re.sub(pattern, words, annotation)
    return annotation

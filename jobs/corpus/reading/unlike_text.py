"""Files that are no running text though they can be read as text: tables, markup, JSON of another shape. Light."""

from __future__ import annotations

import csv
import re

from jobs.corpus.documents.format import ACCEPTED
from jobs.errors import ConfigurationError
from jobs.files.wide_text import refuse_wide_text

_BINARY = re.compile(
    rb"%PDF-|PK\x03\x04|\xd0\xcf\x11\xe0|\x89PNG|GIF8[79]a|\xff\xd8\xff|II\*\0|MM\0\*|\x7fELF|SQLite format 3"
)
"""PDF, Office's formats, images, programs and databases."""
_FEW = 1024
"""Bytes at a file's beginning, none of which is 0 in text."""
_BOM = b"\xef\xbb\xbf"
_MARKUP = "XML or HTML"
_HEADS = (
    (
        re.compile(rb"\[\s*(\{|\[|\"|\]|-?\d+(\.\d+)?\s*[,\]]\s*[\d\"{\[-])"),
        "a JSON array",
        "write one object a line: jq -c '.[]' FILE > FILE.jsonl",
    ),
    (
        re.compile(rb"\{[ \t]*\r?\n"),
        "JSON over several lines",
        "write one object a line: jq -c . FILE > FILE.jsonl",
    ),
    (re.compile(rb"<(\?xml|!doctype|!--)|<[a-z][\w:.-]*(\s[^<>]*)?/?>", re.IGNORECASE), _MARKUP, ""),
    (re.compile(rb"\{\\rtf"), "RTF", ""),
    (
        re.compile(rb"TY  - |PMID- ?\d|FN (Clarivate|Thomson|ISI)|%0 [A-Z]|@[A-Za-z]+\s?\{\s?[\w:./-]+,"),
        "a list of references (RIS, MEDLINE, EndNote or BibTeX)",
        "",
    ),
    (re.compile(rb">[^\n]{1,300}\n[A-Za-z*-]{30,}\r?\n|@[^\n]{1,300}\n[ACGTN]{20,}\r?\n\+"), "sequences (FASTA)", ""),
    (re.compile(rb"From \S{1,99}@\S{1,99} [^\n]{1,99}[0-9]{4}\r?\n"), "a mailbox", ""),
    (
        re.compile(rb"WEBVTT\b|[0-9]{1,4}\r?\n[0-9][0-9:]{6,10}[,.][0-9]{3} --> "),
        "subtitles",
        "",
    ),
    (re.compile(rb"\\(documentclass|begin|section|title)\b|%!(PS|TEX)"), "TeX or PostScript", ""),
    (
        re.compile(rb"[A-Za-z_$][\w.$]{0,60}\(\s?[\[{]\s?[\[{\"]"),
        "JavaScript",
        "write one JSON object a line, with the fields id, title, abstract and text",
    ),
    (
        re.compile(rb"---[ \t]*\r?\n(\w[\w ]{0,40}:[^\n]*\n){2}|- \w[\w ]{0,40}: [^\n]*\r?\n  \w[\w ]{0,40}: "),
        "YAML",
        "",
    ),
    (re.compile(rb"(CREATE|DROP) (TABLE|DATABASE)\b|INSERT INTO [\w\"`]|SET @?\w+ ?="), "SQL", ""),
    (
        re.compile(rb"HTTP/[12][.0-9]{0,2} [1-5][0-9]{2}\b|(Return-Path|Received|MIME-Version|Message-ID): |"
                   rb"From: [^\n]*\r?\n(Subject|Date|To|MIME-Version|Message-ID|Content-Type|Snapshot-\w+): "),
        "a mail, or a page with its headers", "",
    ),
    (
        re.compile(rb"\x1e\s*[\[{]"),
        "a JSON text sequence",
        r"write one object a line: tr -d '\036' < FILE > FILE.jsonl",
    ),
    (re.compile(rb"##fileformat="), "a table of variants (VCF)", ""),
    (
        re.compile(rb"version https://git-lfs\.github\.com/spec/"),
        "a pointer of Git LFS to a file that was not fetched",
        "fetch it: git lfs pull",
    ),
)  # fmt: skip
_COMMENTS = re.compile(rb"(?:(?://|%(?!!)|--(?!-))[^\n]*\n\s*|/\*[^*]*\*/\s*)+")
"""What may be before the beginning that tells."""
_PAGE = re.compile(rb"\n[ \t]*<(html|body|!doctype)\b", re.IGNORECASE)
_JSON_OBJECT = re.compile(rb"\{\s*[\"'}]")
_PUBMED_ID = re.compile(rb"\nPMID: ?[0-9]{1,9}\b[^\n]{0,60}\n")
"""Ends each abstract of a PubMed download, beside its authors and where they work."""
_TEXT_ALONE = "take its text out: a .txt file with a blank line between documents, or a .jsonl file"
_TABLE_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_COLUMN = re.compile(r"[^\W\d](?:[\w .#-]{0,38}[^\W_])?")
_FEWEST_ROWS, _FEWEST_TABBED = 3, 5
_DRAWN = re.compile(r"\|[^\n]*\|[ \t]*\r?\n\|[-:| ]+\|")
"""A table as Markdown draws it."""
_SEPARATOR_NAMED = re.compile(r"sep=.\r?\n")
_KNOWN_COLUMNS = frozenset(
    ("id", "cord_uid", "sha", "title", "abstract", "text", "body", "doi", "pmid", "pmcid", "authors", "journal", "year")
)
"""Two of them tell a table, though it has but one row."""


def refuse_other_content(head: bytes, path: str, source: str) -> None:
    """Raises ``ConfigurationError`` for a file at ``path`` whose unpacked bytes begin with ``head``, and that is none
    of plain text and JSON lines; ``source`` is what errors call it.
    """
    refuse_wide_text(head, source)
    if _BINARY.match(head) or b"\0" in head[:_FEW]:
        raise ConfigurationError(source, "it is neither an archive nor text", ACCEPTED)
    text = head.removeprefix(_BOM).lstrip()
    comments = _COMMENTS.match(text)
    bare = text[comments.end() :] if comments else text
    for shape, name, remedy in _HEADS:
        if shape.match(text) or (comments and shape.match(bare)) or (name == _MARKUP and _PAGE.search(text)):
            raise ConfigurationError(source, f"it is {name}, which is not read as text", remedy or _TEXT_ALONE)
    if len(_PUBMED_ID.findall(text)) > 1:
        raise ConfigurationError(
            source, "it is a list of abstracts from PubMed, which is not read as text", _TEXT_ALONE
        )
    if path.lower().endswith(_TABLE_ENDINGS) or _is_table(text.decode(errors="replace")):
        raise ConfigurationError(
            source,
            "it is a table of separated values, which is not read as text",
            "write one JSON object a line, with the fields id, title, abstract and text",
        )


def refuse_other_than_text(head: bytes, path: str, source: str) -> None:
    """The same for what is to be read as plain text, and so must not be lines of JSON either."""
    refuse_other_content(head, path, source)
    if holds_json_objects(head):
        reason = "it holds JSON objects, though its name says plain text"
        raise ConfigurationError(source, reason, "give it a name that ends in .jsonl")


def holds_json_objects(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is one of JSON objects, well formed or not."""
    return bool(_JSON_OBJECT.match(head.removeprefix(_BOM).lstrip()))


def _is_table(text: str) -> bool:
    """Whether the first lines have one number of fields, and the first of them names of columns; or all have tabs."""
    if _DRAWN.match(text) or _SEPARATOR_NAMED.match(text):
        return True
    lines = [line for line in text.splitlines()[:20] if not line.startswith("#")]
    tabs = {line.strip().count("\t") for line in lines[:-1] if line.strip()}
    if len(tabs) == 1 and 0 not in tabs and len(lines) > _FEWEST_TABBED:
        return True
    if len(lines) == _FEWEST_ROWS - 1 and len(_KNOWN_COLUMNS.intersection(lines[0].replace('"', "").split(","))) > 1:
        return True
    for separator in ("\t", ",", ";", "|"):
        try:
            rows = [row for row in csv.reader(lines, delimiter=separator) if row]
        except csv.Error:
            continue
        # The last may be cut, or go on beyond what was looked at.
        head, body = rows[:1], rows[1:-1] if len(rows) > _FEWEST_ROWS else rows[1:]
        if len(rows) < _FEWEST_ROWS or len(head[0]) < 2:
            continue
        names = [name.strip() for name in head[0]]
        named = len(set(names)) == len(names) and all(map(_COLUMN.fullmatch, names))
        if named and all(len(row) == len(names) for row in body):
            return True
    return False

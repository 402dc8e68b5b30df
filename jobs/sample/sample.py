"""The built-in sample corpus: a small CORD-19 directory, made on the spot, with the dataset's own difficulties.

Its papers are made up (see ``jobs.sample.word_lists``) and read by the very code that reads the real ones.
Light: the controller imports it for the fingerprint.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jobs.corpus.cord19.layouts import COLUMNS
from jobs.sample.papers import PaperSection, SamplePaper, write_foreign_paper, write_paper

SAMPLE = "sample"
"""Names this corpus where a location is expected."""

SAMPLE_VERSION = 1
"""Raised by one whenever ``write_sample`` writes other bytes; a golden test watches."""

_SEED = 20200316  # the day of CORD-19's first release


def sample_fingerprint() -> str:
    """The identity of the sample corpus; costs nothing, unlike that of a real one."""
    return f"{SAMPLE}-{SAMPLE_VERSION}"


@dataclass(frozen=True)
class _Case:
    """The files of one paper in the directory; ``count`` papers have them like this."""

    count: int
    pdfs: int = 0
    pmc: bool = False
    abstract: str = "both"
    """Location of the abstract: ``metadata``, ``json``, ``both`` or nowhere (empty)."""
    preprint: bool = False
    """Its PDF parse has the server's notice woven in."""
    language: str = "en"
    rows: int = 1
    damage: str = ""
    """``truncated`` (the JSON stops half-way), ``missing`` (the file is not there) or ``copied``
    (its text appears again under another cord_uid)."""


_CASES = (
    _Case(88, pdfs=1, pmc=True),
    _Case(38, pdfs=1),
    _Case(30, pdfs=1, preprint=True),
    _Case(30, pmc=True, abstract="metadata"),
    _Case(10, pdfs=2),
    _Case(10, pdfs=1, pmc=True, rows=2),
    _Case(12, pdfs=1, abstract="json"),
    _Case(12, pdfs=1, pmc=True, abstract="metadata"),
    _Case(8, pdfs=1, abstract=""),
    _Case(40, abstract="metadata"),
    _Case(16, abstract=""),
    _Case(1, pdfs=1, language="es"),
    _Case(1, pdfs=1, language="de"),
    _Case(1, pdfs=1, damage="copied"),
    _Case(1, pdfs=1, damage="truncated"),
    _Case(1, pdfs=1, damage="missing"),
)

_NOTICES = (
    "The copyright holder for this preprint (which was not peer-reviewed) is the author/funder, who has granted "
    "medRxiv a license to display the preprint in perpetuity.",
    "author/funder. All rights reserved. No reuse allowed without permission. The copyright holder for this preprint "
    "(which was not peer-reviewed) is the . https://doi.org/10.1101/{doi} doi: bioRxiv preprint",
    "is the (which was not peer-reviewed) The copyright holder for this preprint . https://doi.org/10.1101/{doi} doi: "
    "medRxiv preprint . CC-BY-NC-ND 4.0 International license It is made available under a",
    "The copyright holder for this preprint this version posted April 9, 2020. . https://doi.org/10.1101/{doi} doi: "
    "medRxiv preprint",
)


def write_sample(directory: Path) -> None:
    """Write the sample corpus into ``directory``, which is made: the same bytes on every machine."""
    rng = random.Random(_SEED)
    cases = [replace(case, count=1) for case in _CASES for _ in range(case.count)]
    rng.shuffle(cases)
    for kind in ("pdf_json", "pmc_json"):
        (directory / "document_parses" / kind).mkdir(parents=True, exist_ok=True)
    rows = []
    for case in cases:
        paper = write_paper(rng) if case.language == "en" else write_foreign_paper(rng, case.language)
        rows += _write(directory, case, paper, rng)
        if case.damage == "copied":
            rows += _write(directory, case, paper, rng)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS.split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (directory / "metadata.csv").write_bytes(text.getvalue().encode())


def _write(directory: Path, case: _Case, paper: SamplePaper, rng: random.Random) -> list[dict[str, str]]:
    """The paper's parse files; returns its rows of metadata.csv."""
    uid = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=8))
    authors = rng.sample(("Chen", "Rossi", "Kim", "Müller", "Okafor", "Silva", "Tanaka", "Novák", "Dubois"), 3)
    pdfs: dict[str, str] = {}
    for index in range(case.pdfs):
        sha = hashlib.sha1(f"{uid}-{index}".encode()).hexdigest()
        # A second PDF is the supplement: the end of the paper only.
        part = paper if index == 0 else replace(paper, sections=paper.sections[-1:])
        body = _woven(part.sections, rng) if case.preprint else part.sections
        pdfs[sha] = path = f"document_parses/pdf_json/{sha}.json"
        data = _parse(sha, replace(part, sections=body), authors, case.abstract in ("json", "both"))
        if case.damage != "missing":
            (directory / path).write_bytes(data[: len(data) // 2] if case.damage == "truncated" else data)
    pmcid = f"PMC7{rng.randint(0, 999999):06d}" if case.pmc else ""
    pmc = f"document_parses/pmc_json/{pmcid}.xml.json" if pmcid else ""
    if pmc:
        (directory / pmc).write_bytes(_parse(pmcid, paper, authors, None))

    row = {
        "cord_uid": uid,
        "sha": "; ".join(pdfs),
        "source_x": "PMC" if pmcid else "MedRxiv" if case.preprint else "Elsevier",
        "title": paper.title,
        "doi": f"10.1101/{uid}" if case.preprint else "",
        "pmcid": pmcid,
        "license": rng.choice(("cc-by", "cc-by-nc", "no-cc", "els-covid", "cc0")),
        "abstract": paper.abstract if case.abstract in ("metadata", "both") else "",
        "publish_time": f"2020-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "authors": "; ".join(f"{name}, {initial}." for name, initial in zip(authors, "ABC", strict=True)),
        "journal": "" if case.preprint else "Journal of Sample Virology",
        "pdf_json_files": "; ".join(pdfs.values()),
        "pmc_json_files": pmc,
    }
    if case.rows == 1:
        return [row]
    # As in the dataset: one source knows the PDF, the other the abstract and the PMC parse.
    first = {**row, "abstract": "", "pmcid": "", "pmc_json_files": "", "source_x": "WHO"}
    return [first, {**row, "sha": "", "pdf_json_files": ""}]


def _woven(sections: tuple[PaperSection, ...], rng: random.Random) -> tuple[PaperSection, ...]:
    """The sections with the preprint server's notice in some paragraphs: before, after or between two words."""

    def weave(paragraph: str) -> str:
        if rng.random() < 0.6:
            return paragraph
        notice = rng.choice(_NOTICES).replace(
            "{doi}", f"2020.04.{rng.randint(1, 28):02d}.20{rng.randint(10000, 99999)}"
        )
        words = paragraph.split(" ")
        place = rng.choice((0, len(words), rng.randint(1, len(words) - 1)))
        return " ".join([*words[:place], notice, *words[place:]])

    return tuple(replace(section, paragraphs=tuple(map(weave, section.paragraphs))) for section in sections)


def _parse(paper_id: str, paper: SamplePaper, authors: list[str], with_abstract: bool | None) -> bytes:
    """A parse file in CORD-19's schema. ``with_abstract`` None: pmc_json, which has no such key."""
    parse: dict[str, Any] = {
        "paper_id": paper_id,
        "metadata": {
            "title": paper.title,
            "authors": [
                {"first": "A", "middle": [], "last": name, "suffix": "", "affiliation": {}, "email": ""}
                for name in authors
            ],
        },
    }
    if with_abstract is not None:
        parse["abstract"] = [_paragraph(paper.abstract, "Abstract")] if with_abstract else []
    parse["body_text"] = [
        _paragraph(text, section.heading) for section in paper.sections for text in section.paragraphs
    ]
    parse |= {"bib_entries": {}, "ref_entries": {}, "back_matter": []}
    return json.dumps(parse, ensure_ascii=False, indent=1).encode()


def _paragraph(text: str, section: str) -> dict[str, Any]:
    return {"text": text, "cite_spans": [], "ref_spans": [], "section": section, "eq_spans": []}

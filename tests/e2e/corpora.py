"""Small CORD-19 directories for tests: text of our own in the release's format."""

import csv
import json
from pathlib import Path

# fmt: off
COLUMNS = [
    "cord_uid", "sha", "source_x", "title", "doi", "pmcid", "pubmed_id", "license", "abstract", "publish_time",
    "authors", "journal", "mag_id", "who_covidence_id", "arxiv_id", "pdf_json_files", "pmc_json_files", "url", "s2_id",
]
# fmt: on

SUBJECTS = ("The spike protein", "A soluble receptor", "The main protease", "Patient serum", "The viral envelope")
VERBS = ("binds", "inhibits", "cleaves", "stabilises", "escapes")
OBJECTS = ("human ACE2", "type I interferon", "the nucleocapsid", "a neutralising antibody", "the cell membrane")


def sentences(document: int, count: int) -> str:
    return " ".join(
        f"{SUBJECTS[(document + i) % 5]} {VERBS[(document * 3 + i) % 5]} {OBJECTS[(document + 2 * i) % 5]} "
        f"at {document * 10 + i} nM in assay {i}."
        for i in range(count)
    )


def write_corpus(directory: Path, documents: int = 12, paragraphs: int = 4) -> Path:
    """``documents`` papers with one PDF parse each."""
    parses = directory / "document_parses" / "pdf_json"
    parses.mkdir(parents=True)
    rows = []
    for number in range(documents):
        sha = f"{number:040x}"
        body = [{"text": sentences(number * 7 + p, 6), "cite_spans": [], "ref_spans": []} for p in range(paragraphs)]
        parse = {"paper_id": sha, "metadata": {"title": "", "authors": []}, "abstract": [], "body_text": body}
        (parses / f"{sha}.json").write_text(json.dumps(parse))
        rows.append(
            {
                "cord_uid": f"uid{number:05d}",
                "sha": sha,
                "title": f"Binding study {number}",
                "abstract": sentences(number, 3),
                "pdf_json_files": f"document_parses/pdf_json/{sha}.json",
            }
        )
    write_metadata(directory, rows)
    return directory


def write_metadata(directory: Path, rows: list[dict[str, str]]) -> None:
    with (directory / "metadata.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)

"""What the data steps write for a few papers of our own, byte for byte: a change of theirs must change their names."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from jobs.artifact import Artifact
from jobs.spec import VERSIONS, Kind
from jobs.store import Store

from .pipeline import Pipeline

GOLDEN = {
    Kind.INGEST: (5, "f13ba0aed3539e30"),
    Kind.SIGNATURES: (2, "832b70329df16246"),
    Kind.VOCABULARY: (7, "ca9d84a075a536f3"),
    Kind.PREPROCESS: (8, "c5679e014d0dca5c"),
}
NOTICE = (
    ". CC-BY-NC-ND 4.0 International license It is made available under a author/funder, who has granted medRxiv a "
    "license to display the preprint in perpetuity. is the (which was not peer-reviewed) The copyright holder for this "
    "preprint . https://doi.org/10.1101/2020.03.01.20029999 doi: medRxiv preprint"
)
LINES = (
    "Swabs were taken from two hundred bats before dawn",
    "and put on ice until the cell cultures were made,",
    "which took four hours. Of each swab one half went",
    "to the archive, so that others may repeat the work.",
    "The animals were set free where they were caught.",
)
PAPERS = {
    "pdf": [
        ("A new coronavirus (2019-nCoV) was found in S. aureus carriers [1]. It grows at 37 ℃ in Vero E6.", ["[1]"]),
        (f"As expected, men had a higher load of it. However, male {NOTICE}", []),
        ("patients also had more antibodies (Fig. 2; P &lt; 0.05).12 Later the corona- virus was gone.", ["12"]),
        (" ".join(f"{number} {LINES[number % 5]}" for number in range(31, 61)), []),
        ("The a b s t r a c t and all data are at https://example.org/data (mail me@example.org). Table 1 ).", []),
    ],
    "pmc": [
        ("The α-helix binds at 3 × 10⁻⁵ M (Li et al., 2020). mRNA le\u00advels stayed [3].", ["Li et al., 2020"]),
        (r"We set \documentclass[12pt]{minimal} \begin{document}$$\alpha$$\end{document} to one. It was enough.", []),
        ("Since January 2020 Elsevier has created a COVID-19 resource centre with free information. It rose.", []),
        ("It was enough. " + "Samples 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20.", []),
    ],
}  # fmt: skip


def unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()


def parse(body: list[tuple[str, list[str]]]) -> dict[str, Any]:
    def spans(text: str, marks: list[str]) -> list[dict[str, Any]]:
        return [{"start": text.index(m), "end": text.index(m) + len(m), "text": m, "ref_id": "BIBREF0"} for m in marks]

    texts = [{"text": text, "cite_spans": spans(text, marks), "ref_spans": [], "section": "S"} for text, marks in body]
    return {"metadata": {"title": "", "authors": []}, "abstract": [], "body_text": texts}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight papers: each body from PDF and from PMC, and with another closing paragraph; two twins among them."""
    root = tmp_path_factory.mktemp("corpus")
    rows = []
    for number in range(8):
        kind = ("pdf", "pmc")[number % 2]
        own: list[tuple[str, list[Any]]] = [
            (f"Paper {n} counts {n * 7 + 3} bats in cave {n % 5}, and none of them coughs.", [])
            for n in range(number % 6, 9)
        ]
        place = f"document_parses/{kind}_json/{'PMC' * (kind == 'pmc')}{number:06d}{'.xml' * (kind == 'pmc')}.json"
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        written = parse([*PAPERS[kind], *own])
        stem = Path(place).name.removesuffix(".json").removesuffix(".xml")
        (root / place).write_text(json.dumps({"paper_id": stem, **written}), "utf-8")
        fields = {"cord_uid": f"paper{number:03d}", "title": f"On bats, part {number}", "publish_time": "2020-04-01"}
        rows.append(
            fields
            | {"abstract": "We counted bats. None of them coughed.", "license": "cc0", f"{kind}_json_files": place}
        )
    columns = ("cord_uid", "title", "abstract", "publish_time", "license", "pdf_json_files", "pmc_json_files", "sha")
    with (root / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.fixture(scope="module")
def steps(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Artifact]:
    pipeline = Pipeline(tmp_path_factory.mktemp("pipeline"), corpus, shards=2, similarity=0.95)
    screened = pipeline.screened()
    manifest = pipeline.preprocessed(screened)
    store = Store(str(pipeline.root / "bucket"))
    names = {
        Kind.INGEST: screened.spec.inputs["documents"],
        Kind.SIGNATURES: screened.name,
        Kind.VOCABULARY: manifest.spec.inputs["vocabulary"].split("/")[0],
        Kind.PREPROCESS: manifest.name,
    }
    return {kind: Artifact.open(store, name) for kind, name in names.items()}


@pytest.mark.parametrize("kind", GOLDEN)
def test_the_bytes_and_the_number_change_together(kind: Kind, steps: dict[Kind, Artifact]) -> None:
    digest = hashlib.sha256()
    for output in steps[kind].require().outputs:
        data = steps[kind].read(output)
        # What Zstandard makes of them is its version's business.
        digest.update(output.path.encode() + (unpacked(data) if output.path.endswith(".zst") else data))
    assert (VERSIONS[kind], digest.hexdigest()[:16]) == GOLDEN[kind], (
        f"{kind} writes other bytes than it did: raise VERSIONS[Kind.{kind.name}] in jobs/spec.py by one (once between "
        "two releases), then note the new number and digest in GOLDEN. Begin with the first kind that fails."
    )

"""The report and the clean text of a real run, on papers that try to break the page."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from jobs.artifact import Artifact
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.examples.creation import write_examples
from jobs.examples.encoded import DocumentEncoder
from jobs.examples.wordpiece import WordPiece
from jobs.files.place import locate
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import Examples, Filters
from jobs.report.statistics import SAMPLES
from jobs.spec import Kind, Spec
from jobs.steps import ingest, preprocess, signatures
from jobs.steps.context import StepContext
from jobs.store import Store
from jobs.vocabulary import SPECIALS, parse_vocabulary
from tests.e2e.command import answer

HOSTILE = "</style><script src='https://evil.example/x.js'>alert(1)</script> & <img onerror=x> \x01"
WORDS = (
    "virus",
    "protein",
    "cell",
    "binds",
    "inhibits",
    "enters",
    "the",
    "human",
    "receptor",
    "serum",
    "assay",
    "dose",
)
LETTERS = [chr(code) for code in range(33, 127)]
ENTRIES = [*SPECIALS, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS), ""]
EXAMPLES = Examples(max_seq_length=32, max_predictions_per_seq=5, whole_word_mask=True, dupe_factor=2)
SCREENING = {**Filters(languages=()).model_dump(mode="json"), "near_duplicate_similarity": 0.8}


def papers() -> list[dict[str, str]]:
    found = []
    for number in range(30):
        lines = [
            f"The {WORDS[number * k % 12]} {WORDS[(number + k) % 12]} of run {number * 31 + k} is known [{k}]."
            for k in range(1, 7)
        ]
        text = f"{' '.join(lines)} The authors of this paper have seen many bats. See {HOSTILE} here."
        found.append({"id": f"<b>{number}</b>", "title": f"On {HOSTILE} study {number}", "text": text})
    return [*found, {"id": "empty", "text": " "}, {"id": "twin", "text": found[3]["text"] + " Revised."}]


@dataclass(frozen=True)
class Run:
    """The steps on ``papers``, cut into so many shards."""

    root: Path
    shards: int
    backwards: bool = False

    def step(self, module: Any, kind: Kind, settings: dict[str, Any], inputs: dict[str, str], shards: int) -> Artifact:
        artifact = Artifact(Store(str(self.root / "bucket")), Spec(kind, settings, inputs, shards))
        artifact.submit()
        for shard in sorted(range(shards), reverse=self.backwards):
            scratch = self.root / f"{kind}-{shard}"
            scratch.mkdir()
            module.run(StepContext(artifact, shard, scratch, lambda: False, str(self.root / "papers.jsonl")))
        assert artifact.finish(getattr(module, "finalize", None))
        return artifact

    def preprocessed(self) -> Artifact:
        self.root.mkdir()
        corpus = self.root / "papers.jsonl"
        corpus.write_text("".join(json.dumps(paper) + "\n" for paper in papers()))
        vocabulary = give_vocabulary(Store(str(self.root / "bucket")), "\n".join(ENTRIES).encode())
        settings = {"document_shards": self.shards, "validation_share": 0.2, "max_quarantined_share": 0.1}
        documents = self.step(ingest, Kind.INGEST, settings, {"corpus": fingerprint(locate(str(corpus)))}, 1).name
        screened = self.step(signatures, Kind.SIGNATURES, SCREENING, {"documents": documents}, self.shards).name
        inputs = {"documents": documents, "signatures": screened, "vocabulary": vocabulary}
        kept = {"sections": ["title", "abstract", "body"], "clean_text": True}
        return self.step(preprocess, Kind.PREPROCESS, {**EXAMPLES.model_dump(), **kept}, inputs, self.shards)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return Run(tmp_path_factory.mktemp("three") / "run", shards=3).preprocessed()


@pytest.fixture(scope="module")
def report(artifact: Artifact) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output(artifact, "report.json"))
    return found


def output(artifact: Artifact, path: str) -> bytes:
    return next(artifact.read(output) for output in artifact.require().outputs if output.path == path)


def test_every_document_and_sentence_is_accounted_for(report: dict[str, Any]) -> None:
    documents, sentences = report["documents"], report["sentences"]
    assert documents["read"] == 32
    assert documents["dropped"] == {"near_duplicate": 1, "no_text": 1, "without_text": 0}
    assert documents["read"] == documents["kept"] + sum(documents["dropped"].values()) + documents["quarantined"]
    by_rule = sentences["by_rule"]
    assert sentences["read"] == sentences["kept"] + by_rule["junk"] + by_rule["repeated"] + by_rule["fragment"]
    lengths = {name: sum(histogram["counts"]) for name, histogram in report["lengths"].items()}
    assert lengths == {
        "pieces_per_sentence": sentences["kept"],
        "sentences_per_document": documents["kept"],
        "pieces_per_example": report["examples"]["train"],
    }
    assert report["lengths"]["pieces_per_sentence"]["total"] == report["pieces"]["all"]
    assert report["lengths"]["sentences_per_document"]["total"] == sentences["kept"]


def test_the_settings_of_every_step_are_told(artifact: Artifact, report: dict[str, Any]) -> None:
    settings = report["settings"]
    assert settings["ingest"] == {"document_shards": 3, "validation_share": 0.2, "max_quarantined_share": 0.1}
    assert settings["signatures"] == SCREENING
    assert settings["preprocess"] == json.loads(json.dumps(dict(artifact.spec.settings)))
    assert list(settings) == list(report["versions"])
    (chosen,) = (line for line in report["summary"] if line.startswith("Selected: "))
    assert "20.0% to be held out" in chosen
    assert "language" not in chosen
    text = output(artifact, "report.html").decode()
    assert all(f"<h3>{step}</h3>" in text for step in settings)
    assert "max_quarantined_share" in text


def test_near_duplicates_are_named_with_what_they_were_dropped_for(artifact: Artifact, report: dict[str, Any]) -> None:
    found = report["near_duplicates"]
    [twin] = found["least_alike"]
    assert found["dropped"] == 1
    assert found["dropped_for_one"] == [[twin["kept"], 1]]
    assert {twin["cord_uid"], twin["kept"]} == {"twin", "<b>3</b>"}
    assert artifact.store.exists(found["list"])
    text = output(artifact, "report.html").decode()
    assert found["list"] in text
    page = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    (pair,) = (one for one in page.iter("article") if one.find("h4") is not None)
    head, dropped, kept, shared = ("".join(part.itertext()) for part in pair)
    assert head == f"They share {twin['similarity']:.0%}"
    assert dropped == "Dropped: twin"
    assert kept.startswith("Kept: On </style>")
    assert kept.endswith(" study 3 · <b>3</b>")
    assert " of run 94 is known " in shared
    assert " of run 94 is known " not in "".join(part.text or "" for tag in ("del", "ins") for part in pair.iter(tag))


def test_the_page_begins_with_numbers_verdicts_and_what_became_of_the_corpus(artifact: Artifact) -> None:
    text = output(artifact, "report.html").decode()
    page = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    assert [element.tag for element in page.iterfind("body/*")] == ["header", "main", "footer"]
    assert len(page.findall(".//ul[@class='numbers']/li")) == 5
    said = ["".join(item.itertext()) for item in page.iterfind(".//ul[@class='verdicts']/li")]
    assert any(line.startswith("look at thisheld-out documents: ") for line in said)
    assert any(line.startswith("okdocuments kept: 9") for line in said)
    assert "trained on" in text


def test_examples_are_shown_as_the_model_sees_them(artifact: Artifact, report: dict[str, Any]) -> None:
    seen = report["seen_examples"]
    assert len(seen) == 5
    for example in seen:
        assert example["pieces"][0] == "[CLS]"
        assert example["pieces"][-1] == "[SEP]"
        assert 0 < len(example["hidden"]) <= EXAMPLES.max_predictions_per_seq
        assert all(0 < place < len(example["pieces"]) for place, _ in example["hidden"])
    shown = [example["pieces"][place] for example in seen for place, _ in example["hidden"]]
    assert shown.count("[MASK]") > len(shown) / 2
    assert output(artifact, "report.html").decode().count("<mark>") == len(shown)


def test_unknown_words_years_and_pieces_per_word_are_told(report: dict[str, Any]) -> None:
    assert sum(report["unknown_words"].values()) == report["pieces"]["unknown"]
    assert sum(report["years"].values()) == report["documents"]["kept"]
    assert 0 < report["pieces"]["words"] <= report["pieces"]["all"]


def test_what_remains_is_found(report: dict[str, Any]) -> None:
    most = {text: count for count, text in report["repeats"]["most"]}
    assert most["The authors of this paper have seen many bats ."] > 1
    assert report["repeats"]["repeated"] >= report["documents"]["kept"] - report["documents"]["held_out"] - 3
    assert report["residual_markers"]["before"]["http"] > report["residual_markers"]["after"]["http"] == 0


def test_the_same_bytes_in_any_order_of_shards(artifact: Artifact, tmp_path: Path) -> None:
    again = Run(tmp_path / "run", shards=3, backwards=True).preprocessed()
    assert again.require().outputs == artifact.require().outputs


def test_the_number_of_shards_changes_no_sample_and_no_sum(report: dict[str, Any], tmp_path: Path) -> None:
    one = json.loads(output(Run(tmp_path / "run", shards=1).preprocessed(), "report.json"))
    assert len(one["samples"]) == SAMPLES
    for part in (
        "samples",
        "residual_markers",
        "documents",
        "sentences",
        "paragraphs",
        "pieces",
        "licenses",
        "sources",
    ):
        assert one[part] == report[part], part
    assert one["lengths"]["pieces_per_sentence"] == report["lengths"]["pieces_per_sentence"]


def test_the_page_is_whole_and_asks_for_nothing(artifact: Artifact) -> None:
    text = output(artifact, "report.html").decode()
    page = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))  # well-formed, or this raises
    assert {element.tag for element in page.iter()}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "base", "a"}
    )
    attributes = {name for element in page.iter() for name in element.attrib}
    assert attributes.isdisjoint({"src", "href", "style", "action"}), attributes
    assert not [name for name in attributes if name.startswith("on")]
    (style,) = page.iter("style")
    assert not re.search(r"url\(|@import|</", style.text or "")
    figures = list(page.iter("figure"))
    assert len(figures) >= 8
    for figure in figures:
        assert figure.find("svg") is not None
        assert figure.find(".//tbody/tr") is not None, ElementTree.tostring(figure)


def test_text_of_papers_stays_text(artifact: Artifact) -> None:
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: set[str] = set()
            self.text = ""

        def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
            self.seen.add(tag)

        def handle_data(self, data: str) -> None:
            self.text += data

    parser = Tags()
    parser.feed(output(artifact, "report.html").decode())
    assert "script" not in parser.seen
    assert "<script" in parser.text
    assert "\x01" not in parser.text


def test_the_clean_text_makes_the_same_examples(artifact: Artifact, tmp_path: Path) -> None:
    vocabulary = parse_vocabulary("\n".join(ENTRIES).encode(), "a vocabulary")
    wordpiece = WordPiece(vocabulary)
    for shard in range(3):
        encoder = DocumentEncoder(tmp_path / "ids", len(vocabulary))
        text = output(artifact, f"text/train/{shard:05d}.txt").decode()
        for document in text.removesuffix("\n\n").split("\n\n"):
            encoder.add(*wordpiece.encode_lines(document.split("\n")))
        path = tmp_path / "again"
        write_examples(
            encoder.finish(),
            vocabulary,
            EXAMPLES,
            path,
            dupe_factor=EXAMPLES.dupe_factor,
            random_seed=EXAMPLES.random_seed + shard,
            before_document=lambda: None,
        )
        assert path.read_bytes() == output(artifact, f"train/{shard:05d}.tfrecord")


def test_the_clean_text_is_a_corpus_again(artifact: Artifact, report: dict[str, Any], tmp_path: Path) -> None:
    documents = 0
    for part in ("train", "validation"):
        for shard in range(3):
            (tmp_path / f"{part}-{shard}.txt").write_bytes(output(artifact, f"text/{part}/{shard:05d}.txt"))
    with Workspace(tmp_path / "bench", lambda *_: None) as bench:
        corpus, _ = open_corpus(locate(str(tmp_path)), bench)
        documents = sum(outcome.document is not None for outcome in corpus.outcomes())
    assert documents == report["documents"]["kept"]


@pytest.fixture(scope="module")
def dupe_3(artifact: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The same papers, each masked once more."""
    spec = artifact.spec
    other = Artifact(artifact.store, Spec(spec.kind, {**spec.settings, "dupe_factor": 3}, spec.inputs, spec.shards))
    other.submit()
    for shard in range(spec.shards):
        scratch = tmp_path_factory.mktemp("dupe 3")
        preprocess.run(StepContext(other, shard, scratch, lambda: False))
    assert other.finish(preprocess.finalize)
    return other


def test_two_reports_side_by_side(artifact: Artifact, dupe_3: Artifact, tmp_path: Path) -> None:
    bucket = Path(artifact.store.location)
    asked = ("report", dupe_3.name, "--against", artifact.name)
    found = answer(*asked, "--output", "json", bucket=bucket).json()
    assert found["differing_settings"] == {"settings.preprocess.dupe_factor": {"ours": "3", "theirs": "2"}}
    numbers = found["numbers"]
    ours, theirs = numbers["Examples and pieces"]["training examples"].values()
    reports = [json.loads(output(step, "report.json")) for step in (dupe_3, artifact)]
    assert [ours, theirs] == [report["examples"]["train"] for report in reports]
    assert ours > theirs
    rows = {name: row for title, rows in numbers.items() if title != "Mean lengths" for name, row in rows.items()}
    differing = {name for name, row in rows.items() if row["ours"] != row["theirs"]}
    assert {"training examples"} <= differing <= {"training examples", "held-out examples", "padding"}

    page = tmp_path / "both.html"
    said = answer(*asked, "--html", str(page), bucket=bucket).out
    assert f"{ours - theirs:+,}" in said
    assert said.endswith(f"Page: {page}\n")
    ElementTree.fromstring(page.read_text().removeprefix("<!DOCTYPE html>"))
    assert f"{ours - theirs:+,}" in page.read_text()


def test_what_does_not_compare_is_refused_by_name(artifact: Artifact) -> None:
    (ingested,) = (name for name in artifact.spec.inputs.values() if name.startswith("ingest"))
    for other, reason in ((artifact.name, "compared with itself"), (ingested, "leaves no report")):
        refused = answer("report", artifact.name, "--against", other, bucket=Path(artifact.store.location))
        assert refused.code
        assert reason in refused.err
        assert "next: covid-ctl" in refused.err

"""Tables, markup and JSON of another shape are refused by name; running text that resembles them is read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from jobs.corpus.documents.format import Form
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.detect_format import form_of
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.errors import ConfigurationError
from jobs.files.place import locate

ROWS = "id,title,text\n" + "".join(f'{n},A title,"Text, number {n}."\n' for n in range(30))
REFUSED = {
    "csv": ("papers.csv", ROWS, "a table"),
    "csv under another name": ("papers.txt", ROWS, "a table"),
    "tsv": ("papers.txt", "id\ttitle\ttext\n" + "1\tA title\tIts text, and more.\n" * 30, "a table"),
    "two columns": ("papers.txt", 'title,text\nOne,"Some text, here."\nTwo,"And there."\nThree,x\n', "a table"),
    "semicolons": ("papers.txt", "id;title;text\n" + "1;A title;Its text.\n" * 5, "a table"),
    "metadata alone": (
        "metadata.csv",
        "cord_uid,title,abstract\n" + "u1,A title,A text.\n" * 9,
        "the metadata of a release",
    ),
    "csv by its name alone": ("papers.csv", "One line of prose.", "a table"),
    "html": ("page.txt", "<!DOCTYPE html>\n<html><body><p>Text.</p></body></html>", "XML or HTML"),
    "html without a type": ("page.txt", "\n<html lang='en'><p>Text.", "XML or HTML"),
    "xml": ("paper.txt", '<?xml version="1.0"?>\n<article><p>Text.</p></article>', "XML or HTML"),
    "xml without a declaration": ("paper.jsonl", "<article xmlns='x'>\n<p>Text.</p>", "XML or HTML"),
    "json array": ("papers.jsonl", json.dumps([{"id": "1", "text": "Text."}]), "a JSON array"),
    "json array, set out": ("papers.txt", json.dumps([{"id": "1", "text": "Text."}], indent=2), "a JSON array"),
    "json array of texts": ("papers.txt", json.dumps(["One.", "Two."]), "a JSON array"),
    "a json object, set out": (
        "papers.jsonl",
        json.dumps({"id": "1", "text": "Text."}, indent=1),
        "over several lines",
    ),
    "two bytes a character": ("papers.txt", "A text.".encode("utf-16-le").decode(), "UTF-16"),
    "two bytes, the other way": ("papers.jsonl", '{"text": "A."}'.encode("utf-16-be").decode(), "UTF-16"),
    "rtf": ("paper.txt", r"{\rtf1\ansi Text.}", "RTF"),
    "pubmed": (
        "abstracts.txt",
        "".join(f"{n}. J Virol. 2020.\n\nA title.\n\nText.\n\nPMID: {n}\n\n\n" for n in range(9)),
        "PubMed",
    ),
    "medline": ("papers.txt", "PMID- 1\nTI  - A title\nAB  - Its text.\n\n", "a list of references"),
    "ris": ("papers.txt", "TY  - JOUR\nTI  - A title\nAB  - Its text.\nER  - \n", "a list of references"),
    "bibtex": ("papers.txt", "@article{okoro2020,\n  abstract = {Its text.},\n}", "a list of references"),
    "fasta": ("genes.txt", ">NC_045512.2 Wuhan-Hu-1\n" + "ATTAAAGGTT" * 7 + "\nCCTTCC\n", "sequences"),
    "mailbox": ("mail.txt", "From a@example.org Mon Mar  2 10:00:00 2020\nSubject: x\n\nText.", "a mailbox"),
    "subtitles": ("talk.txt", "1\n00:00:01,000 --> 00:00:02,500\nText.\n\n", "subtitles"),
    "json array behind a comment": ("papers.txt", '// made\n[{"text": "Text."}]', "a JSON array"),
    "json text sequence": ("papers.txt", '\x1e{"text": "Text."}\n', "a JSON text sequence"),
    "json with padding": ("papers.txt", 'callback([{"text": "Text."}])', "JavaScript"),
    "yaml": ("papers.txt", "- id: a\n  title: Bats\n  text: Its text.\n", "YAML"),
    "yaml with a head": ("papers.txt", "---\nid: a\ntext: Its text.\n", "YAML"),
    "sql": ("papers.txt", "-- a dump\nCREATE TABLE papers (id int);\n", "SQL"),
    "mail": ("mail.txt", "Return-Path: <a@example.org>\nSubject: x\n\nText.", "a mail"),
    "saved page": ("page.txt", "From: <Saved by Blink>\nMIME-Version: 1.0\n\n<html>", "XML or HTML|a mail"),
    "html behind a line": ("page.txt", "A title\n<html><body><p>Text.</p></body></html>", "XML or HTML"),
    "tex behind a comment": ("paper.txt", "% a paper\n\\documentclass{article}\n", "TeX"),
    "tex, a part": ("paper.txt", "\\begin{abstract}\nText.\n\\end{abstract}", "TeX"),
    "bibtex behind a comment": ("refs.txt", "% refs\n@article{okoro2020,\n  title = {T},\n}", "a list of references"),
    "variants": ("genes.txt", "##fileformat=VCFv4.2\n#CHROM\tPOS\n", "VCF"),
    "pointer": ("a.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "git lfs pull"),
    "tabs without a head": ("papers.txt", "1\tA title\tIts text, and more.\n" * 30, "a table"),
    "a table of one row": ("papers.txt", "cord_uid,title\n1,Bats of the south\n", "a table"),
    "a table drawn": ("papers.txt", "| id | text |\n|----|:-----|\n| 1 | Text. |\n", "a table"),
    "a table behind a comment": ("papers.txt", f"# export\n{ROWS}", "a table"),
    "a table that names its separator": ("papers.txt", "sep=;\nid;text\n1;Text.\n", "a table"),
    "tex": ("paper.txt", "\\documentclass{article}\n\\begin{document}", "TeX"),
}
READ = {
    "a dash and a word": "- Bats: seen in caves.\n- Rats: seen in towns.\n",
    "a rule": "---\nThe bats were seen.\n",
    "a rule and a note": "---\nNote: the bats were seen.\nThey flew.\n",
    "a call": "See f([12] and others).\nMore.",
    "two lines with commas": "Bats, cats\nwere seen, too.\n",
    "a hash": "# Bats\nThe bats were seen, often, in caves.\n",
    "from whom": "From: Wuhan, it spread.\nThen it was everywhere.\n",
    "set": "SET domains are common.\nThey bind, too.\n",
    "per cent": "% of cases is shown.\nIt rose.\n",
    "dashes": "-- a dash begins it.\nIt ends, too.\n",
    "a tab": "The bats\twere seen.\nThey flew.\nMore of them\tcame.\nAll left.\nNone stayed.\nIt rained.\n",
    "angle": "Text.\n<5 cases were seen. <bodyweight fell.\n",
    "a citation first": "[1] Was the first to say so. It was true.\nMore.",
    "a list in brackets": "[see the note] The text begins. It ends.",
    "a comparison": "<5 % of patients had fever. The others had not.",
    "a lesser sign": "< 10 mg were given. All lived.",
    "prose with commas": "Hello, world, this is text.\nHello, again, this is more.\nHello, still, it goes on.\n",
    "short lines": "Introduction\nMethods were used.\nResults were found.\n",
    "braces": "{This} is no JSON. Nor is this.",
    "a single word a line": "One\nTwo\nThree\nFour\n",
    "backslash": "\\alpha is a letter. It is Greek.",
}


def texts(path: Path, scratch: Path) -> list[str]:
    scratch.mkdir()
    with Workspace(scratch) as workspace:
        corpus, _ = open_corpus(locate(str(path)), workspace)
        return [p.text for o in corpus.outcomes() if o.document for p in o.document.body]


@pytest.mark.parametrize("where", ["file", "gzipped", "directory"])
@pytest.mark.parametrize(("name", "text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_by_name(name: str, text: str, said: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "corpus" / (f"{name}.gz" if where == "gzipped" else name)
    path.parent.mkdir()
    path.write_bytes(gzip.compress(text.encode()) if where == "gzipped" else text.encode())
    if name == "metadata.csv" and where != "file":
        return  # in a directory it is a release, of abstracts
    if where == "directory" and path.suffix == ".csv":
        said = "there is nothing in it that is a corpus"
    with pytest.raises(ConfigurationError, match=said) as error:
        texts(path.parent if where == "directory" else path, tmp_path / "scratch")
    assert error.value.remedy


@pytest.mark.parametrize("text", READ.values(), ids=READ.keys())
def test_text_that_resembles_something_else_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(text)
    assert texts(tmp_path / "notes.txt", tmp_path / "scratch") == text.splitlines()


def test_lines_of_json_in_a_directory_of_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/a.txt").write_text("A text. It goes on.")
    (tmp_path / "corpus/b.txt").write_text('{"text": "A text."}\n')
    with pytest.raises(ConfigurationError, match=r"b\.txt: it holds JSON objects") as error:
        texts(tmp_path / "corpus", tmp_path / "scratch")
    assert "ends in .jsonl" in error.value.remedy


@pytest.mark.parametrize("ending", ["txt", "jsonl"])
def test_what_macos_leaves_beside_files_is_not_read(ending: str, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / f"corpus/a.{ending}").write_text("A text." if ending == "txt" else '{"text": "A text."}')
    (tmp_path / f"corpus/._a.{ending}").write_bytes(b"\0\5\x16\7Mac OS X")
    assert texts(tmp_path / "corpus", tmp_path / "scratch") == ["A text."]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["train.jsonl", "dataset_info.json"], r"it holds train\.jsonl.*, and dataset_info\.json"),
        (["a.ndjson.gz", "b.tar.gz"], r"it holds a\.ndjson\.gz.*, and b\.tar\.gz"),
        (["a.txt", "b.txt", "c.json"], r"it holds a\.txt.*, and c\.json"),
        (["a.txt", "b.zip", "c.txt"], r"it holds a\.txt.*, and b\.zip"),
        (["README.txt", "c.json"], ""),
        (["train.jsonl", "metadata.csv", "c.json"], ""),
    ],
)
def test_of_two_corpora_in_a_directory_neither_hides_the_other(names: list[str], said: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).touch()
    if not said:
        assert form_of(locate(str(tmp_path))) is Form.RELEASE
        return
    with pytest.raises(ConfigurationError, match=said):
        form_of(locate(str(tmp_path)))


def test_files_that_are_not_read_are_counted(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt.gz", "page.html", ".hidden/c.txt", ".git/config", "._a.txt"):
        (tmp_path / "corpus" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "corpus" / name).write_text("A text.")
    with Workspace(tmp_path) as workspace:
        corpus, _ = open_corpus(locate(str(tmp_path / "corpus")), workspace)
        assert corpus.counts() == {"files": 3, "unread_files": 1}


@pytest.mark.parametrize("ending", ["txt", "jsonl"])
def test_a_directory_whose_files_are_mostly_not_read_is_refused(ending: str, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / f"corpus/a.{ending}").write_text("A text." if ending == "txt" else '{"text": "A text."}')
    (tmp_path / "corpus/page1.html").write_text("<p>Text.</p>")
    assert texts(tmp_path / "corpus", tmp_path / "scratch") == ["A text."]
    (tmp_path / "corpus/page2.html").write_text("<p>Text.</p>")
    with pytest.raises(ConfigurationError, match=r"2 of its 3 files would not be read, first page1\.html"):
        texts(tmp_path / "corpus", tmp_path / "again")

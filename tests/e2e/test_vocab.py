"""``covid-ctl vocab``: what it shows, what it makes, and that training finds it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.command import Done, answer, covid_ctl

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BASE = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS), ".", ","]
TEXT = "\n\n".join(
    f"The coronavirus of bat {n} binds ACE2 in Vero cells. We counted {n * 7} of them. {word} came back to Wuhan."
    for n, word in enumerate(("None", "Some", "Many", "Hardly", "Twelve", "Nine", "Others", "Most", "Seven", "Six"))
)


def test_words_are_shown_added_and_trained_on(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(BASE) + "\n")
    (tmp_path / "papers.txt").write_text(TEXT)
    settings = ("--vocab", "vocab.txt", "--set", "corpus.languages=[]")

    def vocab(verb: str, *words: str, by: Callable[..., Done] = covid_ctl) -> Done:
        """``by`` answer: what runs no step."""
        given = ("vocab", verb, "tiny", *settings, "--min-documents", "4", *words)
        return by(*given, bucket=tmp_path / "bucket", cwd=tmp_path)

    early = vocab("report", "--add", "5", "--corpus", "papers.txt", by=answer)
    assert early.code == 3
    assert "next: covid-ctl vocab extend tiny --vocab vocab.txt --set" in early.err

    made = vocab("extend", "--add", "5", "--corpus", "papers.txt", "--out", "extended.txt")
    assert made.code == 0, made.err
    assert f"{len(BASE)} entries and 5 words, of " in made.out
    assert "  coronavirus  9 times in 9 documents, was c ##o ##r ##o ##n ##a ##v ##i ##r ##u ##s\n" in made.out
    extended = (tmp_path / "extended.txt").read_text().splitlines()
    assert extended[: len(BASE)] == BASE
    assert extended[len(BASE)] == "coronavirus"

    shown = vocab("report", "--add", "5", "--corpus", "papers.txt", "--output", "json").json()
    assert [new["word"] for new in shown["added"]] == extended[len(BASE) :]
    (ingest,) = (path.name for path in (tmp_path / "bucket").iterdir() if path.name.startswith("ingest-"))
    other = vocab("report", "--add", "2", "--documents", ingest, "--output", "json").json()
    assert other["added"] == shown["added"][:2]

    extension = "vocabulary.extend={add: 5, min_documents: 4}"
    published = ("--set", "vocabulary.learn=null", "--set", f"vocabulary.size={len(BASE)}", "--set", extension)
    preprocess = (
        "submit",
        "preprocess",
        *settings,
        *published,
        "--corpus",
        "papers.txt",
        "--dry-run",
        "--output",
        "json",
    )
    planned = answer(*preprocess, bucket=tmp_path / "bucket", cwd=tmp_path).json()
    assert [step["complete"] for step in planned["steps"]] == [True, True, True, False]

    many = vocab("extend", "--add", "1000", "--documents", ingest)
    assert many.code == 1
    assert (
        "words occur in at least 4 of 9 training documents and are cut into pieces; 1,000 are to be added" in many.err
    )
    cases: tuple[tuple[tuple[str, ...], str], ...] = (
        (("--add", "0"), "0 is less than 1"),
        (("--corpus", "papers.txt", "--documents", ingest), "give --corpus or --documents, not both"),
        (("--documents", "ingest-00000000"), "ingest-00000000"),
    )
    for words, message in cases:
        refused = vocab("extend", *words, by=answer)
        assert refused.code == 2 or message.startswith("ingest"), refused.err
        assert message in refused.err

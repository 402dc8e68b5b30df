"""Where a corpus lies, and directories that show what they do not hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.corpus.documents.format import Form
from jobs.corpus.reading.detect_format import form_of
from jobs.errors import ConfigurationError
from jobs.files.place import locate


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "corpus/parses/deep").mkdir(parents=True)
    (tmp_path / "corpus/parses/a.json").write_text("{}")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret.json").write_text("{}")
    return tmp_path / "corpus"


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "to a file outside": (
        lambda c: (c / "parses/l.json").symlink_to(c.parent / "elsewhere/secret.json"),
        r"parses/l\.json is a link that leads out of it, to .*elsewhere/secret\.json",
    ),
    "to a folder outside": (lambda c: (c / "l").symlink_to("../elsewhere"), r"l is a link that leads out of it"),
    "by way of another link": (
        lambda c: ((c / "b").symlink_to("../elsewhere"), (c / "a").symlink_to("b"))[0],
        r"is a link that leads out of it",
    ),
    "to a folder whose name begins alike": (
        lambda c: ((c.parent / "corpus2").mkdir(), (c / "l").symlink_to("../corpus2"))[0],
        r"l is a link that leads out of it",
    ),
    "to nothing": (lambda c: (c / "l.json").symlink_to("nowhere"), r"l\.json is a link that leads to nothing"),
    "to itself": (lambda c: (c / "l").symlink_to("l"), r"l is a link that leads to nothing"),
    "round": (lambda c: (c / "parses/deep/l").symlink_to(".."), r"parses/deep/l is a link to a folder that it lies in"),
    "to the top": (lambda c: (c / "parses/deep/l").symlink_to(c), r"is a link to a folder that it lies in"),
    "a pipe": (lambda c: os.mkfifo(c / "parses/p.json"), r"parses/p\.json is a pipe, a socket or a device"),
    "not UTF-8": (
        lambda c: Path(os.fsdecode(os.fsencode(c) + b"/\xff.json")).touch(),
        r"\\udcff\.json: a name that cannot be read",
    ),
    "a line end in a name": (lambda c: (c / "a\nb.json").touch(), r"a\\nb\.json: a name that cannot be read"),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_by_name(corpus: Path, make: Callable[[Path], None], reason: str) -> None:
    make(corpus)
    with pytest.raises(ConfigurationError, match=reason) as raised:
        form_of(locate(str(corpus)))
    assert raised.value.thing == str(corpus)
    assert "\n" not in raised.value.reason


def test_links_inside_are_read_and_the_corpus_itself_may_be_one(corpus: Path) -> None:
    (corpus / "parses/b.json").symlink_to("a.json")
    (corpus.parent / "l").symlink_to(corpus)
    place = locate(str(corpus.parent / "l"))
    assert form_of(place) is Form.RELEASE
    assert [info.path for info in place.store.objects()] == [
        "parses/a.json",
        "parses/b.json",
    ]


def test_a_single_file_may_be_a_link_to_anywhere(corpus: Path) -> None:
    (corpus / "l.txt").symlink_to("../elsewhere/secret.json")
    assert locate(str(corpus / "l.txt")).size == 2


def test_what_is_not_there_is_named(corpus: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such directory or file"):
        locate(str(corpus / "nothing"))

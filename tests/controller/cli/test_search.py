"""``covid-ctl search`` on a small index: what it shows, what it refuses, and what it makes of a cache that changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from click.testing import CliRunner, Result

from controller.cli.main import cli
from jobs.errors import ConfigurationError, CovidCtlError, InputNotCompleteError, PreflightError
from jobs.search.encoder import TextEncoder
from jobs.search.paper import Paper
from jobs.spec import Kind, Spec
from jobs.store import Store
from tests.e2e.command import COVID_CTL, environment
from tests.jobs.search.bucket import index_step
from tests.jobs.search.made import PAPERS, embedder
from tests.signals import as_from_a_terminal


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("searched")
    encoder = TextEncoder(model := embedder(root / "embedder"))
    vectors = encoder.encode([f"{paper.title} {paper.abstract}" for paper in PAPERS])
    index_step(root / "bucket", model, PAPERS, [vectors])
    return root / "bucket"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, bucket: Path) -> Path:
    """A cache that a search has filled."""
    cache = tmp_path_factory.mktemp("cache")
    assert found(search(bucket, cache, "mask")) == ["a1", "d4"]
    return cache


@pytest.fixture
def cache(tmp_path: Path, filled: Path) -> Path:
    """A copy of it: files with other inodes and times."""
    return Path(shutil.copytree(filled, tmp_path / "cache"))


def search(bucket: Path, cache: Path, *arguments: str) -> Result:
    environment = {"XDG_CACHE_HOME": str(cache), "COVID_CTL_BUCKET": str(bucket)}
    return CliRunner(env=environment).invoke(cli, ["search", *arguments, "--output", "json"])


def found(ran: Result, answer: int = 0) -> list[str]:
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return [hit["cord_uid"] for hit in json.loads(ran.stdout)["answers"][answer]["hits"]]


def staged(cache: Path) -> Path:
    (directory,) = (path for path in (cache / "covid-ctl").iterdir() if path.is_dir())
    return directory


def segment(directory: Path) -> Path:
    return max((directory / "words").iterdir(), key=lambda path: path.stat().st_size)


def same_length(path: Path) -> None:
    """Alter a file and put its size and time of modification back."""
    status = path.stat()
    path.write_bytes(b"\x55" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "vectors cut": lambda at: os.truncate(at / "vectors.faiss", 50),
    "vectors altered, size and time put back": lambda at: same_length(at / "vectors.faiss"),
    "words altered, size and time put back": lambda at: same_length(segment(at)),
    "weights altered": lambda at: same_length(at / "embedder/panels.safetensors"),
    "a file gone": lambda at: (at / "embedder/vocab.txt").unlink(),
    "a file too many": lambda at: (at / "embedder/more").write_text("x"),
    "words gone": lambda at: shutil.rmtree(at / "words"),
    "record cut": lambda at: os.truncate(at / "staged.json", 30),
    "staged by an earlier version": lambda at: replace_in(at / "staged.json", '"form": 2, ', ""),
    "record of another form": lambda at: (at / "staged.json").write_text('{"sizes": {}}'),
    "all gone": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_cache_that_was_altered_is_staged_anew(bucket: Path, cache: Path, damage: str) -> None:
    found(search(bucket, cache, "mask"))  # it knows the copied files by now
    DAMAGES[damage](staged(cache))
    ran = search(bucket, cache, "mask", "--mode", "hybrid")
    assert found(ran)[:2] == ["a1", "d4"]
    assert "fetching" in ran.stderr


def test_a_cache_that_was_only_touched_or_copied_is_used_and_not_read_again(bucket: Path, cache: Path) -> None:
    directory = staged(cache)
    before = (directory / "staged.json").read_bytes()
    assert "fetching" not in search(bucket, cache, "mask").stderr
    noted = (directory / "staged.json").read_bytes()
    assert noted != before
    search(bucket, cache, "mask")
    assert (directory / "staged.json").read_bytes() == noted
    os.utime(directory / "vectors.faiss")
    assert "fetching" not in search(bucket, cache, "mask").stderr


def test_searches_that_begin_at_once_stage_once(bucket: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "controller", "search", "mask"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "COVID_CTL_BUCKET": str(bucket)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    several = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    said = [process.communicate(timeout=300) for process in several]
    assert [process.returncode for process in several] == [0, 0]
    assert said[0][0] == said[1][0]
    assert "Masks in schools" in said[0][0]
    assert sum("fetching" in err for _, err in said) == 1


def test_a_person_sees_where_it_is_from_why_and_the_sentence(bucket: Path, filled: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(filled), "COVID_CTL_BUCKET": str(bucket)}
    ran = CliRunner(env=environment).invoke(cli, ["search", "bat virus", "--mode", "hybrid", "-n", "1"])
    title, facts, sentence = ran.stdout.splitlines()
    assert title == " 1  Bat virus"
    assert facts.startswith("    2019  Nature  https://doi.org/10.1/x  BM25 ")
    assert "cosine" in facts
    assert sentence == "    A virus of the bat."


def test_a_filter_that_no_paper_meets_says_what_there_is(bucket: Path, filled: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(filled), "COVID_CTL_BUCKET": str(bucket)}
    ran = CliRunner(env=environment).invoke(cli, ["search", "mask", "--license", "mit"])
    assert ran.stdout == (
        "no paper matches\nno paper has the licence mit; there are cc-by (1), cc0 (1), no-cc (1)\n"
    )  # fmt: skip


QUERIES = {
    "10,000 characters": ("mask " * 2000, ["a1", "d4"]),
    "one word of 10,000 characters": ("x" * 10_000, []),
    "another script": ("病毒 вирус ιός", []),
    "punctuation": ("?!", []),
    "a query language": ('abstract:(mask OR "', ["a1", "d4"]),
    "controls": ("mask\x1b[2J\x00", ["a1", "d4"]),
    "half a character": ("mask \udcff", ["a1", "d4"]),
}


@pytest.mark.parametrize("case", QUERIES)
def test_any_text_is_a_query(bucket: Path, filled: Path, case: str) -> None:
    text, expected = QUERIES[case]
    ran = search(bucket, filled, text)
    assert found(ran) == expected
    assert "\x1b" not in ran.stdout
    assert len(found(search(bucket, filled, text, "--mode", "dense"))) in (0, len(PAPERS))


def taken_port() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


def test_a_port_in_use_is_named_with_what_to_do(bucket: Path, filled: Path) -> None:
    with taken_port() as taken:
        ran = search(bucket, filled, "--serve", "--port", str(taken.getsockname()[1]))
    assert isinstance(ran.exception, ConfigurationError)
    assert "cannot listen there" in ran.exception.reason
    assert "--port" in ran.exception.remedy


def test_the_page_ends_in_good_order_when_its_pod_is_told_to(bucket: Path, filled: Path) -> None:
    with subprocess.Popen(
        [str(COVID_CTL), "search", "--serve", "--port", "0"],
        env=environment(bucket) | {"XDG_CACHE_HOME": str(filled)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_from_a_terminal,
    ) as serving:
        assert serving.stdout
        address = urlsplit(serving.stdout.readline().split()[0]).netloc
        connection = HTTPConnection(address, timeout=300)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
        connection.close()
        serving.send_signal(signal.SIGTERM)
        _, err = serving.communicate(timeout=300)
    assert (serving.returncode, err) == (0, "")


REFUSED: dict[str, tuple[tuple[str, ...], type[BaseException], str]] = {
    "no query": ((), SystemExit, "give either a QUERY or --serve"),
    "an empty query": (("  ",), SystemExit, "give either a QUERY or --serve"),
    "a query and a server": (("mask", "--serve"), SystemExit, "give either"),
    "years that are none": (("mask", "--year", "soon"), SystemExit, "--year soon"),
    "years the wrong way": (("mask", "--year", "2021-2020"), SystemExit, "2021 is after 2020"),
    "a mode that is none": (("mask", "--mode", "magic"), SystemExit, "'magic' is not one of"),
    "an index that is not there": (("mask", "--index", "index-tiny-0000"), ConfigurationError, "no such step"),
    "an index against itself": (("mask", "--index", "INDEX", "--against", "INDEX"), SystemExit, "name another"),
    "a path for an index": (("mask", "--index", "../secrets"), ConfigurationError, "no such step"),
    "a step of another kind": (("mask", "--index", "EMBED"), ConfigurationError, "only an index can be searched"),
    "an index under way": (("mask", "--index", "UNFINISHED"), InputNotCompleteError, "it is not complete"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_searched_is_refused_by_name(bucket: Path, filled: Path, case: str) -> None:
    arguments, error, message = REFUSED[case]
    store = Store(str(bucket))
    (embed,) = (name for name in store.folders() if name.startswith("embed-"))
    unfinished = Spec(Kind.INDEX, {}, {"vectors": embed, "evaluation": "none"}, recipe="later")
    store.create(f"{unfinished.name}/spec.json", json.dumps(unfinished.to_json()).encode())
    (index,) = (name for name in store.folders() if name.startswith("index-tiny"))
    named = {"INDEX": index, "EMBED": embed, "UNFINISHED": unfinished.name}
    ran = search(bucket, filled, *(named.get(word, word) for word in arguments))
    assert isinstance(ran.exception, error)
    assert message in (str(ran.exception) if isinstance(ran.exception, CovidCtlError) else ran.stderr)


def test_a_bucket_without_an_index_says_how_to_make_one(tmp_path: Path) -> None:
    ran = search(tmp_path, tmp_path, "mask")
    assert isinstance(ran.exception, PreflightError)
    assert ran.exception.remedy.startswith("covid-ctl submit index")


def test_an_index_of_another_model_is_refused_where_its_vectors_are_needed(tmp_path: Path) -> None:
    model = embedder(tmp_path / "embedder", width=16)
    name = index_step(tmp_path / "bucket", model, PAPERS, [np.eye(len(PAPERS), 8, dtype=np.float32)], width=8)
    assert found(search(tmp_path / "bucket", tmp_path, "mask")) == ["a1", "d4"]
    ran = search(tmp_path / "bucket", tmp_path, "mask", "--mode", "dense", "--index", name)
    assert isinstance(ran.exception, ConfigurationError)
    assert "8 numbers, the embedder makes 16" in ran.exception.reason


def test_papers_without_abstracts_are_found_by_their_titles(tmp_path: Path) -> None:
    papers = [Paper(f"p{number}", f"virus {word}") for number, word in enumerate(("mask", "lung", "bat"))]
    encoder = TextEncoder(model := embedder(tmp_path / "embedder"))
    index_step(tmp_path / "bucket", model, papers, [encoder.encode([paper.title for paper in papers])])
    for mode in ("bm25", "dense", "hybrid"):
        assert found(search(tmp_path / "bucket", tmp_path, "lung", "--mode", mode))[0] == "p1"


def test_two_indexes_are_compared_by_rank(tmp_path: Path) -> None:
    names = []
    for seed, recipe in enumerate(("ours", "base")):
        encoder = TextEncoder(model := embedder(tmp_path / recipe, seed=seed))
        names.append(index_step(tmp_path, model, PAPERS, [encoder.encode([p.title for p in PAPERS])], recipe=recipe))
    options = ("--index", names[0], "--against", names[1], "--mode", "dense", "-n", "2")
    ran = CliRunner(env={"XDG_CACHE_HOME": str(tmp_path)}).invoke(
        cli, ["search", "bat virus", *options, "--bucket", str(tmp_path)]
    )
    first, second = ran.stdout.split(f"{names[1]}, ranked by dense")
    assert first.startswith(f"{names[0]}, ranked by dense")
    for text, other in ((first, names[1]), (second, names[0])):
        assert text.count(f"of {other}") + text.count(f"not found by {other}") == 2


def test_each_vector_belongs_to_its_paper_whoever_embedded_it(tmp_path: Path) -> None:
    """Two workers wrote four files in turns: their manifest lists 0, 2, 1, 3."""
    encoder = TextEncoder(model := embedder(tmp_path / "embedder"))
    vectors = encoder.encode([paper.title for paper in PAPERS[:4]])
    index_step(tmp_path / "bucket", model, PAPERS[:4], [vectors], workers=2)
    for paper in PAPERS[:4]:
        assert found(search(tmp_path / "bucket", tmp_path, paper.title, "--mode", "dense"))[0] == paper.cord_uid

"""Looking at steps from the outside: what is printed, for people and programs, and what each command leaves alone."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import COVID_CTL, Done, answer, covid_ctl, environment
from tests.e2e.corpora import write_corpus
from tests.e2e.finished import Run
from tests.e2e.processes import start, wait_for
from tests.signals import as_from_a_terminal

STEP_FIELDS = {
    "name", "label", "kind", "recipe", "state", "reason", "remedy", "progress", "submitted_at", "command", "active",
    "failed", "retries", "preempted", "checkpoint", "heard_at", "missing", "spending", "events", "extends", "summary",
    "took_seconds",
}  # fmt: skip
PROGRESS_FIELDS = {"doing", "shards_done", "shards", "done", "total", "unit", "rate", "loss", "eta_seconds"}


@pytest.fixture(scope="module")
def bucket(run: Run) -> Path:
    """Four complete steps, not to be changed."""
    return run.bucket


@pytest.fixture(scope="module")
def preprocess(run: Run) -> str:
    return run.preprocess


def test_programs_find_the_same_fields_for_every_step(bucket: Path, preprocess: str) -> None:
    every, one = (answer("status", *name, "--output", "json", bucket=bucket).json() for name in ([], [preprocess]))
    assert len(every) == 4
    assert one == every[-1:]
    for step in every:
        assert (step.keys(), step["progress"].keys()) == (STEP_FIELDS, PROGRESS_FIELDS)
        assert (step["state"], step["reason"], step["missing"]) == ("complete", "", [])


def test_logs_of_shards(bucket: Path, preprocess: str) -> None:
    lines = answer("logs", preprocess, "--tail", "1", bucket=bucket).out.splitlines()
    assert [line.split()[0] for line in lines] == ["[0]", "[1]"]
    of_one = answer("logs", preprocess, "--index", "1", "--tail", "1", bucket=bucket).out
    assert of_one == lines[1].removeprefix("[1] ") + "\n"
    raw = answer("logs", preprocess, "--output", "json", bucket=bucket).out
    read = [json.loads(line) for line in raw.splitlines()]
    assert all(line.keys() == {"index", "attempt", "source", "text"} for line in read)
    assert {json.loads(line["text"])["event"] for line in read} >= {"shard.committed", "step.completed"}


HOSTILE = "(z+)+$"
"""Python's own engine tries for longer than the universe has existed on a line of some hundred letters. No hash that a
line ends in has its letter."""


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--grep", r"shard\.committed"], 2),
        (["--grep", r" SHARD\.committed"], 0),
        (["--grep", r"(?i) SHARD\.committed .*shard=1$", "-f"], 1),
        (["--grep", r'"event": ?"shard\.committed"', "--output", "json"], 2),
        (["--grep", HOSTILE], 0),
        (["--since", "1d", "--grep", "shard.committed"], 2),  # of two that end at once, both may complete the step
        (["--since", "0s"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_lines_are_chosen_by_time_and_pattern(
    options: list[str], count: int, bucket: Path, preprocess: str, tmp_path: Path
) -> None:
    place = bucket
    if HOSTILE in options:
        place = tmp_path / "bucket"
        shutil.copytree(bucket, place)
        with (place / preprocess / "logs" / "00000-0.log").open("a") as log:
            log.write("z" * 1_000_000 + "!\n")
    done = answer("logs", preprocess, *options, bucket=place)
    assert (done.code, len(done.out.splitlines())) == (0, count), done.err
    assert ("lines matches" in done.err) == (count == 0)


def test_following_what_has_ended_ends(bucket: Path, preprocess: str) -> None:
    assert answer("logs", preprocess, "-f", bucket=bucket).out == answer("logs", preprocess, bucket=bucket).out
    watched = covid_ctl("watch", preprocess, bucket=bucket)
    assert watched.code == 0
    assert watched.out.split()[1:] == [preprocess, "complete", "2/2"]
    (line,) = answer("watch", preprocess, "--output", "json", bucket=bucket).out.splitlines()
    assert (json.loads(line)["state"], json.loads(line)["spending"]["dollars"]) == ("complete", None)


@pytest.mark.parametrize("variables", [{"FORCE_COLOR": "1", "COLUMNS": "200"}, {}], ids=["a table", "lines"])
def test_the_watch_tells_what_a_step_has_cost(variables: dict[str, str], bucket: Path, preprocess: str) -> None:
    """Rich takes the first for a terminal."""
    pool = {"CPU": "1", "MEMORY": "1Gi", "DOLLARS_PER_HOUR": "3600"}
    priced = environment(bucket) | {f"COVID_CTL_WORKERS__{field}": value for field, value in pool.items()}
    done = subprocess.run(
        [str(COVID_CTL), "watch", preprocess, "-o", "wide"],
        env=priced | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "COST" in done.stdout if variables else "COST" not in done.stdout
    assert re.search(r"\$\d+\.\d\d in \S+ s", done.stdout), done.stdout


@pytest.mark.parametrize("of_the_tests", [signal.default_int_handler, signal.SIG_IGN], ids=["usual", "ignored"])
def test_ctrl_c_leaves_the_watch_in_peace(bucket: Path, of_the_tests: signal.Handlers) -> None:
    """Also where the tests themselves ignore it, as a background job of a script does."""
    before = signal.signal(signal.SIGINT, of_the_tests)
    try:
        watching = start("watch", "--every", "0.1", "--kind", "ingest", bucket=bucket)
    finally:
        signal.signal(signal.SIGINT, before)
    assert watching.stdout
    assert " ingest-" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    said, _ = watching.communicate(timeout=300)
    assert (watching.returncode, said.strip()) == (0, ""), "other kinds were not asked for"


def test_a_reader_who_has_seen_enough_is_no_accident(bucket: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [str(COVID_CTL), "status"]
    done = subprocess.run(
        arguments, env=environment(bucket), stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_explaining(bucket: Path, preprocess: str) -> None:
    done = answer("explain", preprocess, bucket=bucket)
    assert done.out.startswith(f"{preprocess} is complete")
    assert f"next: see what it made: covid-ctl artifacts {preprocess}" in done.out
    explained = answer("explain", preprocess, "--output", "json", bucket=bucket).json()
    assert explained.keys() == {"name", "label", "state", "text", "next", "cause"}


def tree(bucket: Path) -> set[str]:
    return {str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file()}


def test_gc_removes_only_when_told_and_only_what_nobody_needs(run: Run, tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    shutil.copytree(run.bucket, bucket)
    (bucket / "vocabularies").mkdir()
    (bucket / "vocabularies" / "abc.txt").write_text("x")
    before = tree(bucket)
    assert answer("gc", bucket=bucket).out == "nothing to remove that is older than 30d\n"
    shown = answer("gc", "--older-than", "0s", bucket=bucket)
    assert "could be removed: add --yes" in shown.out
    assert tree(bucket) == before

    removed = answer("gc", "--older-than", "0s", "--yes", "--output", "json", bucket=bucket).json()
    assert removed.keys() == {"removed", "bytes", "removals", "notes"}
    assert {one["what"] for one in removed["removals"]} == {"logs", "heartbeats", "vocabulary"}
    assert before - tree(bucket) == {path for one in removed["removals"] for path in one["paths"]}
    assert "already complete" in answer(*run.command, bucket=bucket).out
    assert answer("gc", "--older-than", "0s", "--yes", bucket=bucket).out.startswith("nothing to remove")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, bucket: Path, preprocess: str) -> None:
    assert "_COVID_CTL_COMPLETE" in answer("completion", shell).out
    asked = environment(bucket) | {"_COVID_CTL_COMPLETE": f"{shell}_complete", "COMP_WORDS": "covid-ctl explain pre"}
    asked["COMP_CWORD"] = "pre" if shell == "fish" else "2"
    done = subprocess.run([str(COVID_CTL)], env=asked, capture_output=True, text=True, check=True)
    assert preprocess in done.stdout


@pytest.mark.parametrize("command", ["status", "explain", "logs", "cancel", "artifacts", "report"])
def test_a_step_that_is_not_there_is_answered_with_the_nearest_that_is(
    command: str, bucket: Path, preprocess: str
) -> None:
    done = answer(command, f"{preprocess[:-2]}xx", bucket=bucket)
    assert (done.code, f"no such step in {bucket}; did you mean {preprocess}?" in done.err) == (2, True), done


CASES = {
    "logs of nothing": (("logs", "ingest-00000000"), 2, "no such step"),
    "explain nothing": (("explain", "ingest-00000000"), 2, "no such step"),
    "watch nothing": (("watch", "ingest-00000000"), 2, "no such step"),
    "no such shard": (("logs", "STEP", "--index", "2"), 2, "shard 2 asked for, it has 2"),
    "a pattern that is none": (("logs", "STEP", "--grep", "(a"), 2, "--grep: '(a': unclosed group"),
    "a pattern with a look-ahead": (("logs", "STEP", "--grep", "a(?=b)"), 2, "look-behind, is not supported"),
    "a pattern too large": (("logs", "STEP", "--grep", r"(\w{999}){99}"), 2, "exceeds size limit"),
    "a span that is none": (("logs", "STEP", "--since", "yesterday"), 2, "'yesterday' is no span of time"),
    "follow the past": (("logs", "STEP", "-f", "--previous"), 2, "it cannot be followed"),
    "no span": (("gc", "--older-than", "3y"), 2, "write 12h, 30d or 4w"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_requests(case: str, bucket: Path, preprocess: str) -> None:
    arguments, code, message = CASES[case]
    done: Done = answer(*(preprocess if word == "STEP" else word for word in arguments), bucket=bucket)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_logs_are_there_while_a_step_runs(tmp_path: Path) -> None:
    corpus, bucket = write_corpus(tmp_path / "corpus"), tmp_path / "bucket"
    arguments = [str(COVID_CTL), "submit", "pretrain", "tiny", "--with-inputs", "--corpus", str(corpus)]
    settings = ["--set", "schedule.train_steps=100000", "--set", "vocabulary.learn=300"]
    with subprocess.Popen(
        [*arguments, *settings],
        env=environment(bucket),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=as_from_a_terminal,
    ) as running:
        try:
            wait_for(lambda: bool(list(bucket.glob("pretrain-*/logs/00000-0.log"))) or running.poll() is not None)
            assert running.poll() is None
            logs = list(bucket.glob("pretrain-*/logs/00000-0.log"))
            name = logs[0].parts[-3]
            assert covid_ctl("logs", name, bucket=bucket).out
            (state,) = covid_ctl("status", name, "--output", "json", bucket=bucket).json()
            assert (state["state"], state["active"] <= 1) == ("running", True)
            told = covid_ctl("cancel", name, bucket=bucket).err.partition("or end it: ")[2]
            subprocess.run(["bash", "-c", told], check=True)
            assert running.wait(60) == 130
        finally:
            running.kill()
    assert covid_ctl("status", name, "--output", "json", bucket=bucket).json()[0]["state"] == "cancelled"

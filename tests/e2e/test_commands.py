"""What the commands answer: quickly, in two formats, and with the right exit code."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e.command import covid_ctl
from tests.e2e.corpora import write_corpus


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, controller.cli.main as c\n"
        "c.cli(['--help'], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'kubernetes', 'pydantic', 'rich', 'obstore', 'numpy', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_controller_never_imports_tensorflow(tmp_path: Path) -> None:
    program = (
        "import sys, controller.cli.main as c\n"
        f"c.cli(['render', 'export', 'tiny', '--bucket', {str(tmp_path)!r}], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'kubernetes', 'transformers', 'torch', 'tokenizers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_recipes_are_listed_for_people_and_programs() -> None:
    assert [line.split()[0] for line in covid_ctl("recipes").out.splitlines()] == ["RECIPE", "bio", "clinical", "tiny"]
    assert [recipe["name"] for recipe in covid_ctl("recipes", "--output", "json").json()] == ["bio", "clinical", "tiny"]


@pytest.mark.parametrize("name", ["bio", "clinical", "tiny"])
def test_a_shown_recipe_is_a_recipe(name: str, tmp_path: Path) -> None:
    shown = covid_ctl("recipes", "show", name)
    (tmp_path / "own.yaml").write_text(shown.out)
    again = covid_ctl("recipes", "show", str(tmp_path / "own.yaml"), "--output", "json")
    assert again.json() == yaml.safe_load(shown.out)


@pytest.mark.parametrize("arguments", [("preprocess",), ("pretrain", "tiny"), ("export", "tiny")], ids=lambda a: a[0])
def test_rendered_jobs_are_plain_yaml(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = covid_ctl("render", *arguments, bucket=tmp_path / "bucket")
    assert done.code == 0, done.err
    jobs = list(yaml.safe_load_all(done.out))
    assert [job["kind"] for job in jobs] == ["Job"] * len(jobs)
    assert jobs[-1]["metadata"]["name"].startswith(arguments[0])
    assert "&id" not in done.out  # no aliases: kubectl users read this


def test_an_empty_bucket_says_so(tmp_path: Path) -> None:
    assert covid_ctl("status", bucket=tmp_path).out == "no steps yet\n"
    assert covid_ctl("artifacts", bucket=tmp_path).out == "no artifacts yet\n"
    assert covid_ctl("status", "--output", "json", bucket=tmp_path).json() == []


CASES = {
    "unknown recipe": (("submit", "pretrain", "clincal"), 2, "did you mean clinical"),
    "unknown command": (("submitt",), 2, "No such command"),
    "bad override": (("submit", "pretrain", "tiny", "--set", "schedule.train_steps"), 2, "not of the form"),
    "bad value": (("submit", "pretrain", "tiny", "--set", "schedule.train_steps=-1"), 2, "schedule.train_steps"),
    "missing corpus": (("submit", "preprocess", "--corpus", "absent"), 2, "no such directory"),
    "missing vocabulary": (("submit", "preprocess", "--vocab", "absent.txt"), 2, "absent.txt: cannot be read"),
    "vocabulary needed": (
        ("submit", "preprocess", "--recipe", "bio", "--corpus", "sample"),
        3,
        "needs its vocabulary of 58,996",
    ),
    "missing examples": (("submit", "pretrain", "tiny"), 3, "covid-ctl submit preprocess --recipe tiny"),
    "missing weights": (("submit", "export", "tiny"), 3, "covid-ctl submit pretrain tiny"),
    "unknown step": (("status", "pretrain-tiny-00000000"), 2, "no such step"),
    "unknown artifact": (("artifacts", "pretrain-tiny-00000000"), 2, "no such step"),
    "no report yet": (("report",), 3, "covid-ctl submit preprocess"),
    "no report of this": (("report", "preprocess-00000000"), 2, "no such step"),
    "no bucket": (("status", "--bucket", ""), 2, "its value is empty"),
    "checkpoint first": (("submit", "pretrain", "clinical"), 3, "--set initial_checkpoint.path=PATH"),
    "missing checkpoint": (
        ("submit", "pretrain", "bio", "--set", "initial_checkpoint.path=absent"),
        2,
        "absent: no such directory or file",
    ),
    "checkpoint on the web": (
        ("submit", "pretrain", "bio", "--set", "initial_checkpoint.path=https://example.org/bert.zip"),
        2,
        "download it",
    ),
    "no checkpoint there": (
        ("submit", "pretrain", "bio", "--set", "initial_checkpoint.path=."),
        2,
        "there is no checkpoint in it",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_requests_have_a_reason_a_next_step_and_an_exit_code(case: str, tmp_path: Path) -> None:
    arguments, code, message = CASES[case]
    (tmp_path / "bucket").mkdir()
    bucket = None if "--bucket" in arguments else tmp_path / "bucket"
    done = covid_ctl(*arguments, bucket=bucket, cwd=tmp_path)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert list((tmp_path / "bucket").iterdir()) == []


VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VOCABULARY.replace("[MASK]\n", ""), "lacks [MASK]"),
        (VOCABULARY + "the\n", "occur twice, first 'the'"),
    ],
)
def test_bad_vocabularies_are_refused_before_anything_runs(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text(text)
    done = covid_ctl("submit", "preprocess", "--vocab", "vocab.txt", bucket=tmp_path / "bucket", cwd=tmp_path)
    assert done.code == 2
    assert message in done.err


def test_a_vocabulary_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text(VOCABULARY)
    command = ("submit", "preprocess", "--recipe", "clinical", "--corpus", "sample", "--vocab", "vocab.txt")
    done = covid_ctl(*command, bucket=tmp_path / "bucket", cwd=tmp_path)
    assert done.code == 2
    assert "it has 6 entries, recipe clinical needs 28,996" in done.err


def test_an_unwritable_bucket_is_named(tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("a file")
    done = covid_ctl("submit", "preprocess", bucket=tmp_path / "bucket")
    assert done.code == 2
    assert "bucket: not a directory" in done.err


def test_json_output_is_json_alone(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    done = covid_ctl("submit", "preprocess", "--corpus", str(corpus), "--output", "json", bucket=tmp_path / "bucket")
    assert done.code == 0, done.err
    assert [manifest["spec"]["kind"] for manifest in done.json()] == [
        "ingest",
        "signatures",
        "vocabulary",
        "preprocess",
    ]
    assert "done in" in done.err
    files = covid_ctl("artifacts", done.json()[-1]["name"], "--output", "json", bucket=tmp_path / "bucket").json()
    assert files == done.json()[-1]


def test_a_step_that_fails_says_why_and_keeps_its_record(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", documents=1)
    done = covid_ctl("submit", "preprocess", "--corpus", str(corpus), bucket=tmp_path / "bucket")
    assert done.code == 1
    assert "ingest-" in done.err
    assert "held out" in done.err
    (state,) = covid_ctl("status", "--output", "json", bucket=tmp_path / "bucket").json()
    assert state["state"] == "failed"
    assert "held out" in state["reason"]
    assert json.loads((tmp_path / "bucket" / state["name"] / "spec.json").read_text())["kind"] == "ingest"


def test_fresh_says_how_to_continue(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    command = ["submit", "preprocess", "--corpus", str(corpus)]
    first, fresh = (covid_ctl(*command, *extra, bucket=tmp_path / "bucket") for extra in ([], ["--fresh"]))
    assert (first.code, fresh.code) == (0, 0)
    assert first.out.splitlines()[-1] != fresh.out.splitlines()[-1]
    salt = fresh.out.split("--salt ")[1].split()[0]
    again = covid_ctl(*command, "--salt", salt, bucket=tmp_path / "bucket")
    assert again.out.splitlines()[-1] == fresh.out.splitlines()[-1]
    assert "already complete" in again.out


def test_the_next_command_can_be_given_as_it_is_shown(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    bucket = str(tmp_path / "elsewhere")
    refused = covid_ctl(
        "submit", "pretrain", "tiny", "--corpus", str(corpus), "--set", "vocabulary.learn=300", "--bucket", bucket
    )
    assert refused.code == 3
    observer = refused.err.split("next: covid-ctl ")[1].splitlines()[0]
    assert covid_ctl(*shlex.split(observer)).code == 0
    rendered = covid_ctl("render", "pretrain", "tiny", "--set", "vocabulary.learn=300", "--bucket", bucket)
    examples = yaml.safe_load(rendered.out)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert examples[examples.index("--name") + 1].startswith("pretrain-tiny-")


def test_looking_makes_no_directory(tmp_path: Path) -> None:
    assert covid_ctl("render", "preprocess", bucket=tmp_path / "bucket").code == 0
    assert covid_ctl("status", cwd=tmp_path).out == "no steps yet\n"
    named = covid_ctl("status", bucket=tmp_path / "bucket")
    assert (named.code, f"{tmp_path / 'bucket'}: this directory does not exist" in named.err) == (2, True), named
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def preprocessed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A bucket, not to be changed, and the name of its preprocess step."""
    place = tmp_path_factory.mktemp("preprocessed")
    corpus = write_corpus(place / "corpus")
    done = covid_ctl("submit", "preprocess", "--corpus", str(corpus), bucket=place / "bucket")
    return place / "bucket", Path(done.out.splitlines()[-1]).name


@pytest.mark.parametrize("file", ["manifest.json", "spec.json", "shards/00000.json", "progress/00000.json"])
def test_a_damaged_object_hides_no_other_step(file: str, preprocessed: tuple[Path, str], tmp_path: Path) -> None:
    bucket, name = preprocessed
    shutil.copytree(bucket, tmp_path / "bucket")
    (tmp_path / "bucket" / name / file).write_text("{")
    (tmp_path / "bucket" / name / "shards" / "stray.json").write_text("{}")
    for command in (["status"], ["status", name], ["artifacts"], ["artifacts", name], ["render", "pretrain", "tiny"]):
        looked = covid_ctl(*command, bucket=tmp_path / "bucket")
        assert "Traceback" not in looked.err
    states = covid_ctl("status", "--output", "json", bucket=tmp_path / "bucket").json()
    assert {state["state"] for state in states if state["name"] != name} == {"complete"}


@pytest.mark.parametrize("name", ["../elsewhere", "a//b", "x/../../y", "", "Ümlaut"])
def test_a_name_is_a_name(name: str, tmp_path: Path) -> None:
    for command in ("status", "artifacts"):
        done = covid_ctl(command, name, bucket=tmp_path)
        assert (done.code, "no such step" in done.err) == (2, True)


def test_modules_of_the_working_directory_are_not_taken_for_ours(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    for module in ("jobs.py", "gzip.py", "google_crc32c.py"):
        (tmp_path / module).write_text("raise SystemExit('shadowed')")
    done = covid_ctl("submit", "preprocess", "--corpus", str(corpus), bucket=tmp_path / "bucket", cwd=tmp_path)
    assert done.code == 0, done.err

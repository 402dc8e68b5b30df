"""What the commands answer: quickly, in two formats, and with the right exit code."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from jobs.recipe import recipe_names
from tests.e2e.command import answer, covid_ctl, outputs
from tests.e2e.corpora import sentences, write_corpus
from tests.e2e.finished import MODULES, Run


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, controller.cli.main as c\n"
        "c.cli(['--help'], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'kubernetes', 'pydantic', 'rich', 'obstore', 'numpy', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_status_imports_nothing_of_other_commands(tmp_path: Path) -> None:
    others = ("jobs.corpus", "jobs.sample", "jobs.weights", "controller.planning", "controller.costs")
    program = (
        "import sys, controller.cli.main as c\n"
        f"c.cli(['status', '--bucket', {str(tmp_path)!r}], standalone_mode=False)\n"
        f"assert not (found := [name for name in sys.modules if name.startswith({others!r})]), found\n"
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
    assert [line.split()[0] for line in answer("recipes").out.splitlines()] == ["RECIPE", *recipe_names()]
    assert [recipe["name"] for recipe in answer("recipes", "--output", "json").json()] == recipe_names()


@pytest.mark.parametrize("name", ["bio", "pubmed", "tiny"])
def test_a_shown_recipe_is_a_recipe(name: str, tmp_path: Path) -> None:
    shown = answer("recipes", "show", name)
    (tmp_path / "own.yaml").write_text(shown.out)
    again = answer("recipes", "show", str(tmp_path / "own.yaml"), "--output", "json")
    assert again.json() == yaml.safe_load(shown.out)


@pytest.mark.parametrize("arguments", [("preprocess",), ("pretrain", "tiny"), ("export", "tiny")], ids=lambda a: a[0])
def test_rendered_jobs_are_plain_yaml(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = answer("render", *arguments, bucket=tmp_path / "bucket")
    assert done.code == 0, done.err
    jobs = list(yaml.safe_load_all(done.out))
    assert [job["kind"] for job in jobs] == ["Job"] * len(jobs)
    assert jobs[-1]["metadata"]["name"].startswith(arguments[0])
    assert "&id" not in done.out  # no aliases: kubectl users read this


def test_an_empty_bucket_says_so(tmp_path: Path) -> None:
    assert answer("status", bucket=tmp_path).out == "no steps yet\n"
    assert answer("artifacts", bucket=tmp_path).out == "no artifacts yet\n"
    assert answer("status", "--output", "json", bucket=tmp_path).json() == []


CASES = {
    "unknown recipe": (("submit", "pretrain", "clincal"), 2, "did you mean clinical"),
    "unknown command": (("submitt",), 2, "did you mean submit"),
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
    done = answer(*arguments, bucket=bucket, cwd=tmp_path)
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
    done = answer("submit", "preprocess", "--vocab", "vocab.txt", bucket=tmp_path / "bucket", cwd=tmp_path)
    assert done.code == 2
    assert message in done.err


def test_a_vocabulary_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text(VOCABULARY)
    command = ("submit", "preprocess", "--recipe", "clinical", "--corpus", "sample", "--vocab", "vocab.txt")
    done = answer(*command, bucket=tmp_path / "bucket", cwd=tmp_path)
    assert done.code == 2
    assert "it has 6 entries, recipe clinical needs 28,996" in done.err


def test_an_unwritable_bucket_is_named(tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("a file")
    done = answer("submit", "preprocess", bucket=tmp_path / "bucket")
    assert done.code == 2
    assert "bucket: not a directory" in done.err


def test_json_output_is_json_alone(run: Run) -> None:
    manifests = run.done.json()
    assert [manifest["spec"]["kind"] for manifest in manifests] == ["ingest", "signatures", "vocabulary", "preprocess"]
    assert "done in" in run.done.err
    files = answer("artifacts", manifests[-1]["name"], "--output", "json", bucket=run.bucket).json()
    assert files == manifests[-1]


def test_a_step_that_fails_says_why_keeps_its_record_and_is_run_again(tmp_path: Path) -> None:
    """Also when gc has removed what it left."""
    corpus, bucket = write_corpus(tmp_path / "corpus", documents=1), tmp_path / "bucket"
    command = ("submit", "preprocess", "--corpus", str(corpus))
    done = covid_ctl(*command, bucket=bucket)
    assert done.code == 1
    assert "ingest-" in done.err
    assert "held out" in done.err
    (failed,) = answer("status", "--output", "json", bucket=bucket).json()
    assert (failed["state"], "held out" in failed["reason"]) == ("failed", True)
    assert json.loads((bucket / failed["name"] / "spec.json").read_text())["kind"] == "ingest"
    assert answer("explain", failed["name"], bucket=bucket).out.startswith(f"{failed['name']} has failed: ")
    assert answer("gc", "--older-than", "0s", "--yes", bucket=bucket).code == 0
    (collected,) = answer("status", "--output", "json", bucket=bucket).json()
    left = {path.name for path in (bucket / failed["name"]).rglob("*") if path.is_file()}
    assert (collected["state"], left) == ("collected", {"spec.json", "removed-1.json"})
    assert covid_ctl(*command, bucket=bucket).code == 1
    assert answer("status", "--output", "json", bucket=bucket).json()[0]["state"] == "failed"


def test_the_next_command_can_be_given_as_it_is_shown(tmp_path: Path) -> None:
    """Here it makes examples of papers in lines of JSON."""
    papers = [{"id": f"p{number}", "text": sentences(number, 12)} for number in range(30)]
    (tmp_path / "papers.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    bucket = tmp_path / "elsewhere"
    command = ("pretrain", "tiny", "--set", "vocabulary.learn=300", "--bucket", str(bucket))
    refused = answer("submit", *command, "--corpus", str(tmp_path / "papers.jsonl"))
    assert refused.code == 3
    done = covid_ctl(*shlex.split(refused.err.split("next: covid-ctl ")[1].splitlines()[0]))
    assert done.code == 0, done.err
    assert "30 documents kept, 0 dropped, 0 quarantined of 30" in done.out
    assert len(outputs(bucket, Path(done.out.splitlines()[-1]).name)["train/00000.tfrecord"]) > 1000
    rendered = answer("render", *command)
    container = yaml.safe_load(rendered.out)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert container[container.index("--name") + 1].startswith("pretrain-tiny-")


def test_looking_makes_no_directory(tmp_path: Path) -> None:
    assert answer("render", "preprocess", bucket=tmp_path / "bucket").code == 0
    assert answer("status", cwd=tmp_path).out == "no steps yet\n"
    named = answer("status", bucket=tmp_path / "bucket")
    assert (named.code, f"{tmp_path / 'bucket'}: this directory does not exist" in named.err) == (2, True), named
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["manifest.json", "spec.json", "shards/00000.json", "progress/00000.json"])
def test_a_damaged_object_hides_no_other_step(file: str, run: Run, tmp_path: Path) -> None:
    name = run.preprocess
    shutil.copytree(run.bucket, tmp_path / "bucket")
    (tmp_path / "bucket" / name / file).write_text("{")
    (tmp_path / "bucket" / name / "shards" / "stray.json").write_text("{}")
    for command in (["status"], ["status", name], ["artifacts"], ["artifacts", name], ["render", "pretrain", "tiny"]):
        looked = answer(*command, bucket=tmp_path / "bucket")
        assert "Traceback" not in looked.err
    states = answer("status", "--output", "json", bucket=tmp_path / "bucket").json()
    assert {state["state"] for state in states if state["name"] != name} == {"complete"}


@pytest.mark.parametrize("name", ["../elsewhere", "a//b", "x/../../y", "", "Ümlaut"])
def test_a_name_is_a_name(name: str, tmp_path: Path) -> None:
    for command in ("status", "artifacts"):
        done = answer(command, name, bucket=tmp_path)
        assert (done.code, "no such step" in done.err) == (2, True)


def test_modules_of_the_working_directory_are_not_taken_for_ours(run: Run) -> None:
    assert {path.name for path in run.folder.glob("*.py")} == set(MODULES)
    again = covid_ctl(*run.command, bucket=run.bucket, cwd=run.folder)
    assert (again.code, again.out.count("already complete")) == (0, 4), again
